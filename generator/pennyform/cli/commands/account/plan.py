"""``pennyform plan``: what an apply would create, update and finalize; changes nothing."""

from __future__ import annotations

from pennyform.cli.connection import connect
from pennyform.cli.definitions import (
    is_whole,
    load_repository,
    refuse_secrets,
    report_dates,
    require_all_definitions,
    write_page,
)
from pennyform.cli.options.account import PlanOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.plan_files import binding, plan_file
from pennyform.engine.planning.planner import make_plan
from pennyform.engine.runtime import Runtime
from pennyform.engine.session import refresh_read_only, with_deletions, with_orphans
from pennyform.report.plan import markdown as plan_markdown
from pennyform.report.plan import text as plan_text
from pennyform.results.documents import json_text
from pennyform.results.plan import PlanDocument


def run(options: PlanOptions, terminal: Terminal, runtime: Runtime) -> Exit:
    """Print the plan; 3 on a conflict, 4 on findings, 1 without its page, and 2 on changes when asked for."""
    repository = load_repository(options.targets, terminal, runtime)
    targets, out = options.targets, options.out
    if targets.prune:
        require_all_definitions(repository, targets)
    with connect(repository, targets.token_file, terminal, runtime) as connection:
        account, folder, service = connection.account, connection.folder, connection.service
        paths = connection.state(account.company())
        state = refresh_read_only(repository, account, paths, runtime.storage)
        plan = make_plan(repository, state.remote, state.warnings)
        if targets.prune:
            plan = with_deletions(plan, repository, account)
        if is_whole(repository, targets):
            plan = with_orphans(plan, repository, state.remote, account)
    refuse_secrets(plan, terminal)
    report_dates(plan, repository, terminal, runtime)
    document = plan.document()
    print_plan(document, options.format, terminal)
    page = write_page(_page(document), options.html, terminal) if options.html else Exit.OK
    if out:
        content = binding.build_content(
            plan,
            repository,
            targets.paths,
            out,
            binding.PlanOrigin(service, runtime.clock.now(), runtime.random_bytes(16).hex()),
            targets=targets.references,
            prune=targets.prune,
        )
        folder.prepare()
        plan_file.write(out, content, folder.key())
        terminal.print_error(f"Saved: 'pennyform apply {out}' carries out exactly this, once.")
    # A conflict needs a person, whatever else is pending.
    if plan.conflicts:
        return Exit.DRIFT
    return page or (Exit.PENDING if options.detailed_exitcode and plan.pending else Exit.OK)


def print_plan(plan: PlanDocument, format_: str, terminal: Terminal) -> None:
    """Print a plan as ``text``, ``json``, ``markdown`` or ``html``."""
    if format_ == "json":
        text = json_text(plan)
    elif format_ == "markdown":
        text = plan_markdown.render(plan)
    elif format_ == "html":
        text = _page(plan)
    else:
        text = plan_text.render(plan, terminal.ansi())
    terminal.write(text)


def _page(plan: PlanDocument) -> str:
    from pennyform.report.plan import html as plan_html  # Jinja, which the other forms do without

    return plan_html.render(plan)
