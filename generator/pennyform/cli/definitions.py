"""What commands with an account share: loading definitions, and reporting why an account cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from pennyform.cli.contracts import schemas_of
from pennyform.cli.options.account import TargetOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.account.errors import (
    AmbiguousError,
    NotAllowedError,
    OutcomeError,
    RateExhaustedError,
)
from pennyform.engine.planning.actions import Step
from pennyform.engine.planning.plan import Plan
from pennyform.engine.planning.preflight import check_dates, preflight, select_invoices
from pennyform.engine.planning.resolve import PlanRejectedError
from pennyform.engine.runtime import Runtime
from pennyform.extras import require_extra
from pennyform.findings import Failure, Finding, Severity, errors, failure
from pennyform.invoices import Repository
from pennyform.results.documents import json_text
from pennyform.results.values import Record
from pennyform.safe_files import SETTINGS_FILE, real_path, write_file

if TYPE_CHECKING:
    from pennyform.report.shared.html import PageOrigin

Options = TypeVar("Options")


def load_repository(targets: TargetOptions, terminal: Terminal, runtime: Runtime) -> Repository:
    """The definitions that ``targets`` name, in the environment that they name. Warnings are printed.

    Notes are not: they say what is open until the account is read, which follows.

    Raises:
        PlanRejectedError: there are errors in them, or they ask for what cannot be carried out.
        Failure: there is neither a definition nor a repository, or several companies and none is named.
    """
    repository, findings = runtime.load_definitions(targets.paths, environment=targets.environment)
    if errors(findings):
        raise PlanRejectedError(findings)
    # Before a token is asked for, which nobody needs who is in the wrong folder.
    if not repository.files and not (repository.root / SETTINGS_FILE).exists():
        raise failure(
            "no-repository",
            f"there is no repository of invoices here: no {SETTINGS_FILE}, and no definition",
            file=str(repository.root),
            fix="go to the folder of one, name it, or make one with `pennyform init`",
        )
    if repository.settings.companies:
        raise failure(
            "company-unnamed",
            "this repository holds several companies, and none of them is named",
            file=str(repository.root / SETTINGS_FILE),
            fix="name one with --company NAME, or all of them with --all",
        )
    # Who names companies has looked at all of them.
    if repository.settings.company and not targets.companies:
        require_own_account(repository)
    terminal.print_findings([finding for finding in findings if finding.severity is not Severity.NOTE])
    repository = select_invoices(in_environment(repository, targets.environment), targets.references)
    # Before a token is looked for: what cannot be carried out needs no account to say so.
    preflight(repository)
    return repository


def require_own_account(repository: Repository) -> None:
    """Refuse a company whose settings mean the account of another one of the same root.

    Raises:
        PlanRejectedError: they do.
    """
    from pennyform.invoices.sources.companies import companies_of, same_accounts

    listed, _ = companies_of(repository.root)
    refuse_same_account(repository.settings.company, repository.root, same_accounts(listed))


def refuse_same_account(name: str, folder: Path, same: Mapping[str, str]) -> None:
    """Refuse the company ``name`` when another one has its account, by ``same``: see ``same_accounts``.

    Raises:
        PlanRejectedError: another one does.
    """
    if other := same.get(name):
        summary = f"the company `{other}` has the same account"
        raise PlanRejectedError([Finding("company-identity", Severity.ERROR, summary, str(folder))])


def require_e_invoices(repository: Repository, targets: TargetOptions, terminal: Terminal) -> None:
    """Hold the invoices to the rules of electronic ones, where the policies say ``e_invoice: required``.

    Raises:
        PlanRejectedError: one of them breaks a rule. What cannot be checked is a warning.
        Failure: ``missing-extra``.
    """
    if repository.settings.policies.e_invoice == "required":
        references = [invoice.external_reference for invoice in repository.invoices]
        _check_e_invoices(references, repository, targets, terminal)


def require_submittable(
    plan: Plan, repository: Repository, targets: TargetOptions, terminal: Terminal
) -> None:
    """Hold what ``plan`` gives to the platform to the rules of electronic invoices, which it refuses by.

    What was given to it before is not checked: it has its answer. With ``e_invoice: required`` all invoices
    were checked before the plan was made.

    Raises:
        PlanRejectedError: one of them breaks a rule. What cannot be checked is a warning.
        Failure: ``missing-extra``.
    """
    references = [
        change.external_reference
        for change in plan.invoices
        if any(task.step is Step.SUBMIT for task in change.tasks)
    ]
    if repository.settings.policies.e_invoice != "send_to_pa" or not references:
        return
    work = f"checking {references[0]} before it is given to the platform"
    require_extra("einvoice", work, "say `policies: {e_invoice: optional}`")
    _check_e_invoices(references, repository, targets, terminal)


def _check_e_invoices(
    references: Collection[str], repository: Repository, targets: TargetOptions, terminal: Terminal
) -> None:
    from pennyform.cli.documents import e_invoice_findings

    problems = e_invoice_findings(
        targets.paths,
        partial(schemas_of, terminal.environ),
        environment=targets.environment,
        # Read again where only some are meant: the others say what kind of invoice each of them is.
        repository=None if targets.references else repository,
        references=references,
        files=repository.files,
    )
    if errors(problems):
        raise PlanRejectedError(problems)
    terminal.print_findings(problems)


def in_environment(repository: Repository, environment: str | None) -> Repository:
    """The repository with the environment that the command line asks for; None leaves it as it is."""
    if environment is None:
        return repository
    return repository._replace(settings=repository.settings._replace(environment=environment))


def report_dates(plan: Plan, repository: Repository, terminal: Terminal, runtime: Runtime) -> None:
    """Print warnings about the dates of what ``plan`` would write, seen from the day of the run.

    Raises:
        PlanRejectedError: a date cannot be meant, or is beyond a limit of the folder.
    """
    today = runtime.clock.now().date()
    terminal.print_findings(check_dates(repository.settings.policies, plan.invoices, today))


def refuse_secrets(plan: Plan, terminal: Terminal) -> None:
    """Refuse a plan that would write the token into the account, into a saved plan and into the journal.

    Raises:
        Failure: ``secret-in-definition``.
    """
    if terminal.secrets.are_in(lambda: json_text(plan.document())):
        raise failure(
            "secret-in-definition",
            "a definition says what only pennyform may know: the API token, or the key of the state folder",
            detail="It would be sent to Pennylane, mailed with the invoice, and kept in plans and journals.",
            fix="take it out of the repository and of its history, and revoke it",
        )


def is_whole(repository: Repository, targets: TargetOptions) -> bool:
    """Whether ``targets`` are about all definitions of the repository."""
    root = real_path(repository.root)
    return not targets.references and any(real_path(path) == root for path in targets.paths)


def require_all_definitions(repository: Repository, targets: TargetOptions) -> None:
    """Refuse to prune on the strength of some of the definitions: the others' drafts would be deleted.

    Raises:
        Failure: ``prune-partial``.
    """
    if not is_whole(repository, targets):
        raise failure(
            "prune-partial",
            "--prune is about the whole repository",
            detail="Drafts of definitions that were not read would look as if they had left it.",
            fix=f"run it on {repository.root}, without --target",
        )


def with_schemas(runtime: Runtime, terminal: Terminal) -> Runtime:
    """``runtime`` that knows the schemas of repositories which own their contract."""
    find_schemas = partial(schemas_of, terminal.environ)
    return replace(runtime, load_definitions=partial(runtime.load_definitions, find_schemas=find_schemas))


def loading_one_at_a_time(runtime: Runtime) -> Runtime:
    """``runtime`` for work side by side, whose definitions are read for one after the other.

    Reading them keeps one core busy; together they would only wait for each other.
    """
    load, loading = runtime.load_definitions, Lock()

    def load_alone(*paths: Any, **settings: Any) -> Any:
        with loading:
            return load(*paths, **settings)

    return replace(runtime, load_definitions=load_alone)


class LockedError(Failure):
    """Another apply to the company is under way."""


def run_with_account(
    run: Callable[[Options, Terminal, Runtime], Exit], options: Options, terminal: Terminal, runtime: Runtime
) -> Exit:
    """Run a command; say on standard error why the account could not be used, nothing being changed by then.

    Returns:
        What ``run`` returns, or what :func:`explain` makes of what it raises.
    """
    try:
        return run(options, terminal, with_schemas(runtime, terminal))
    except (PlanRejectedError, LockedError, OutcomeError) as problem:
        code, findings = explain(problem)
        terminal.print_findings(findings)
        return code


def explain(problem: PlanRejectedError | Failure | OutcomeError | OSError) -> tuple[Exit, list[Finding]]:
    """What becomes of a command that cannot go on: its exit code, and the findings that say why.

    Returns:
        4 when definitions are rejected, 75 when the rate is exhausted or another apply is under way, else 1.
    """
    code, rule, fix = Exit.ERROR, "api-unreachable", "check the network and try again"
    match problem:
        case PlanRejectedError():
            return Exit.FINDINGS, list(problem.findings)
        case LockedError():
            return Exit.TRY_LATER, problem.findings
        case Failure():
            return Exit.ERROR, problem.findings
        case OSError():
            return Exit.ERROR, [Finding("system", Severity.ERROR, f"the system refused: {problem}")]
        case RateExhaustedError():
            code, rule, fix = (
                Exit.TRY_LATER,
                "api-rate",
                "try again later; others may be using the same token",
            )
        case AmbiguousError():
            rule, fix = "api-duplicate", "rename or delete all but one of them in Pennylane"
        case NotAllowedError():
            rule, fix = (
                "api-not-allowed",
                "check the token, its expiry and its scopes with 'pennyform auth status'",
            )
    return code, [Finding(rule, Severity.ERROR, str(problem), fix=fix)]


def page_origin(targets: TargetOptions, runtime: Runtime) -> PageOrigin:
    """When a page is made, by whom, and from which commit of the definitions."""
    from pennyform.report.shared.html import PageOrigin  # Jinja, which other forms do without

    path = targets.paths[0]
    origin = runtime.origin(path if path.is_dir() else path.parent)
    return PageOrigin(runtime.clock.now(), origin.person, origin.commit)


def print_report(
    document: Record,
    format_: str,
    html: Path | None,
    terminal: Terminal,
    render_page: Callable[[], str],
    print_other: Callable[[], object],
) -> Exit:
    """Print a report, and write its page if one is asked for; a page is made once, and only if needed.

    Args:
        document: the report.
        format_: how to print it; ``html`` is the page.
        html: the file that gets the page besides; None for none.
        terminal: where to print.
        render_page: makes the page.
        print_other: prints it in any other format than JSON and the page.

    Returns:
        1 when the page cannot be written.
    """
    page = render_page() if html or format_ == "html" else ""
    if format_ == "html":
        terminal.write(page)
    elif format_ == "json":
        terminal.write(json_text(document))
    else:
        print_other()
    return write_page(page, html, terminal) if html else Exit.OK


def write_page(text: str, file: Path, terminal: Terminal) -> Exit:
    """Write a page into ``file``, and say so, or why not, on standard error.

    Returns:
        1 when it cannot be written: that is no reason not to do the rest, nor to hide a worse result.
    """
    try:
        write_file(file, terminal.secrets(text).encode())
    except OSError as problem:
        summary = f"the page cannot be written: {problem.strerror or problem}"
        finding = Finding(
            "page-not-written",
            Severity.ERROR,
            summary,
            file=str(file),
            fix="check that the folder is there and has space left",
        )
        terminal.print_findings([finding])
        return Exit.ERROR
    terminal.print_error(f"Wrote {file}.")
    return Exit.OK
