"""``pennyform plan``: what an apply would create, update and finalize; changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pennyform.cli.connection import connect
from pennyform.cli.definitions import (
    is_whole,
    load_repository,
    page_origin,
    print_report,
    refuse_secrets,
    report_dates,
    require_all_definitions,
    require_e_invoices,
    require_submittable,
)
from pennyform.cli.options.account import PlanOptions, TargetOptions
from pennyform.cli.terminal import Exit, Terminal, shortened
from pennyform.engine.plan_files import binding, plan_file
from pennyform.engine.planning.plan import Plan
from pennyform.engine.planning.planner import make_plan
from pennyform.engine.runtime import Runtime
from pennyform.engine.session import refresh_read_only, with_deletions, with_orphans
from pennyform.engine.state_folder import StateFolder
from pennyform.findings import Finding, tidy
from pennyform.invoices import Repository
from pennyform.report.findings import markdown as findings_markdown
from pennyform.report.plan import markdown as plan_markdown
from pennyform.report.plan import text as plan_text
from pennyform.report.shared.formatting import LARGEST
from pennyform.results.documents import json_text
from pennyform.results.plan import PlanDocument


@dataclass(frozen=True, slots=True)
class MadePlan:
    """A plan, the definitions that it was made from, for which account, and the warnings about them."""

    plan: Plan
    repository: Repository
    service: str
    folder: StateFolder
    findings: tuple[Finding, ...] = ()


def run(options: PlanOptions, terminal: Terminal, runtime: Runtime) -> Exit:
    """Print the plan; 3 on a conflict, 4 on findings, 1 without its page, and 2 on changes when asked for."""
    made = make(options.targets, terminal, runtime)
    document = made.plan.document()

    def render_page() -> str:
        from pennyform.report.plan import html as plan_html  # Jinja, which the other forms do without

        return plan_html.render(document, page_origin(options.targets, runtime))

    page_exit = print_report(
        document,
        options.format,
        options.html,
        terminal,
        render_page,
        lambda: print_plan(document, options.format, terminal, made.findings),
    )
    if options.out:
        save(made, options.targets, options.out, terminal, runtime)
    code = exit_of(made.plan, options)
    return code if code is Exit.DRIFT else page_exit or code


def make(targets: TargetOptions, terminal: Terminal, runtime: Runtime) -> MadePlan:
    """Plan what ``targets`` name.

    Raises:
        PlanRejectedError: definitions are rejected.
        OutcomeError: the account could not be read.
    """
    reported = list[Finding]()
    terminal = terminal._replace(reported=reported)
    repository = load_repository(targets, terminal, runtime)
    require_e_invoices(repository, targets, terminal)
    if targets.prune:
        require_all_definitions(repository, targets)
    with connect(repository, targets.token_file, terminal, runtime) as connection:
        account, folder, service = connection.account, connection.folder, connection.service
        paths = connection.state(account.company())
        state = refresh_read_only(repository, account, paths)
        plan = make_plan(repository, state.remote, state.warnings)
        if targets.prune:
            plan = with_deletions(plan, repository, account)
        if is_whole(repository, targets):
            plan = with_orphans(plan, repository, state.remote, account)
    refuse_secrets(plan, terminal)
    report_dates(plan, repository, terminal, runtime)
    require_submittable(plan, repository, targets, terminal)
    return MadePlan(plan, repository, service, folder, tuple(tidy(map(shortened, reported))))


def save(made: MadePlan, targets: TargetOptions, out: Path, terminal: Terminal, runtime: Runtime) -> None:
    """Save a plan in the file ``out``."""
    content = binding.build_content(
        made.plan,
        made.repository,
        targets.paths,
        out,
        binding.PlanOrigin(made.service, runtime.clock.now(), runtime.random_bytes(16).hex()),
        targets=targets.references,
        prune=targets.prune,
    )
    made.folder.prepare()
    plan_file.write(out, content, made.folder.key())
    terminal.print_error(f"Saved: 'pennyform apply {out}' carries out exactly this, once.")


def exit_of(plan: Plan, options: PlanOptions) -> Exit:
    """The exit code: a conflict needs a person, whatever else is pending."""
    if plan.conflicts:
        return Exit.DRIFT
    return Exit.PENDING if options.detailed_exitcode and plan.pending else Exit.OK


def findings_as_markdown(findings: Sequence[Finding], companies: int = 1) -> str:
    """The warnings about definitions, in a quarter of what a comment holds for a plan; "" without any."""
    return findings_markdown.render(findings, LARGEST // 4 // companies) if findings else ""


def print_plan(
    plan: PlanDocument, format_: str, terminal: Terminal, findings: Sequence[Finding] = ()
) -> None:
    """Print a plan as ``text``, ``json`` or ``markdown``; only that has the ``findings``, printed already."""
    if format_ == "json":
        text = json_text(plan)
    elif format_ == "markdown":
        text = plan_markdown.render(plan, findings_as_markdown(findings))
    else:
        text = plan_text.render(plan, terminal.layout())
    terminal.write(text)
