"""What commands with an account share: loading definitions, and reporting why an account cannot be used."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pennyform.cli.contracts import schema_finder
from pennyform.cli.options.account import TargetOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.account.errors import NotAllowedError, OutcomeError, RateExhaustedError
from pennyform.engine.planning.plan import Plan
from pennyform.engine.planning.preflight import check_dates, preflight, select_invoices
from pennyform.engine.planning.resolve import PlanRejectedError
from pennyform.engine.runtime import Runtime
from pennyform.findings import Finding, Severity, errors, failure
from pennyform.invoices import Repository
from pennyform.results.documents import json_text
from pennyform.safe_files import real_path, write_file

Options = TypeVar("Options")


def load_repository(targets: TargetOptions, terminal: Terminal, runtime: Runtime) -> Repository:
    """The definitions that ``targets`` name, in the environment that they name. Warnings are printed.

    Notes are not: they say what is open until the account is read, which follows.

    Raises:
        PlanRejectedError: there are errors in them, or they ask for what cannot be carried out.
    """
    repository, findings = runtime.load_definitions(targets.paths, environment=targets.environment)
    if errors(findings):
        raise PlanRejectedError(findings)
    terminal.print_findings([finding for finding in findings if finding.severity is not Severity.NOTE])
    repository = select_invoices(in_environment(repository, targets.environment), targets.references)
    # Before a token is looked for: what cannot be carried out needs no account to say so.
    preflight(repository)
    return repository


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


def run_with_account(
    run: Callable[[Options, Terminal, Runtime], Exit], options: Options, terminal: Terminal, runtime: Runtime
) -> Exit:
    """Run a command; say on standard error why the account could not be used, nothing being changed by then.

    Returns:
        What ``run`` returns; 4 when definitions are rejected, 75 when the rate is exhausted, 1 otherwise.
    """
    find_schemas = schema_finder(terminal.environ)
    load = functools.partial(runtime.load_definitions, find_schemas=find_schemas)
    try:
        return run(options, terminal, replace(runtime, load_definitions=load))
    except PlanRejectedError as problem:
        terminal.print_findings(problem.findings)
        return Exit.FINDINGS
    except RateExhaustedError as problem:
        code, rule, fix = Exit.TRY_LATER, "api-rate", "try again later; others may be using the same token"
        summary = str(problem)
    except NotAllowedError as problem:
        code, rule, summary = Exit.ERROR, "api-not-allowed", str(problem)
        fix = "check the token, its expiry and its scopes with 'pennyform auth status'"
    except OutcomeError as problem:
        code, rule, fix = Exit.ERROR, "api-unreachable", "check the network and try again"
        summary = str(problem)
    terminal.print_findings([Finding(rule, Severity.ERROR, summary, fix=fix)])
    return code


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
