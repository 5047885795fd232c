"""What commands with an account share: loading definitions, and reporting that an account cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pennyform.cli.options.account import TargetOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.account.errors import NotAllowedError, OutcomeError, RateExhaustedError
from pennyform.engine.planning.preflight import PlanRejectedError, preflight
from pennyform.engine.planning.targets import select_invoices
from pennyform.engine.runtime import Runtime
from pennyform.findings import Finding, Severity, errors, failure
from pennyform.invoices import Repository


def run_on_definitions(
    work: Callable[[Repository], Exit],
    targets: TargetOptions,
    terminal: Terminal,
    runtime: Runtime,
) -> Exit:
    """Load the definitions that ``targets`` name and do ``work`` on them, unless there are errors in them.

    Returns:
        What ``work`` returns; 4 when there are findings, which are printed on standard error.
    """
    repository, findings = runtime.load_definitions(targets.paths, environment=targets.environment)
    terminal.print_findings(findings)
    if errors(findings):
        return Exit.FINDINGS
    try:
        repository = select_invoices(in_environment(repository, targets.environment), targets.references)
        preflight(repository)
        return work(repository)
    except PlanRejectedError as problem:
        terminal.print_findings(problem.findings)
        return Exit.FINDINGS
    except OutcomeError as problem:
        return report_account_error(problem, terminal)


def in_environment(repository: Repository, environment: str | None) -> Repository:
    """The repository with the environment that the command line asks for; None leaves it as it is."""
    if environment is None:
        return repository
    return repository._replace(settings=repository.settings._replace(environment=environment))


def require_all_definitions(repository: Repository, targets: TargetOptions) -> None:
    """Refuse to prune on the strength of some of the definitions: the others' drafts would be deleted.

    Raises:
        Failure: ``prune-partial``.
    """
    root = repository.root.resolve()
    if targets.references or not any(path.resolve() == root for path in targets.paths):
        raise failure(
            "prune-partial",
            "--prune is about the whole repository",
            detail="Drafts of definitions that were not read would look as if they had left it.",
            fix=f"run it on {repository.root}, without --target",
        )


def report_account_error(problem: OutcomeError, terminal: Terminal) -> Exit:
    """Say on standard error why the account could not be read; nothing was changed by then."""
    rule, fix, exit_ = "api-unreachable", "check the network and try again", Exit.ERROR
    if isinstance(problem, NotAllowedError):
        rule = "api-not-allowed"
        fix = "check the token, its expiry and its scopes with 'pennyform auth status'"
    elif isinstance(problem, RateExhaustedError):
        rule, fix, exit_ = "api-rate", "try again later; others may be using the same token", Exit.TRY_LATER
    terminal.print_findings([Finding(rule, Severity.ERROR, str(problem), fix=fix)])
    return exit_


def write_page(text: str, file: Path, terminal: Terminal) -> None:
    """Write a page into ``file`` and say so on standard error.

    Raises:
        Failure: ``page-not-written``.
    """
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise failure("page-not-written", f"the page cannot be written: {problem}", file=str(file)) from None
    terminal.print_error(f"Wrote {file}.")
