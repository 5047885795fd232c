"""What plan, apply and verify have in common: load, refuse, and say why an account could not be used."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pennyform.cli.exits import Exit
from pennyform.cli.terminal import output
from pennyform.engine.account.errors import NotAllowedError, OutcomeError, RateExhaustedError
from pennyform.engine.planning.preflight import PlanRejectedError, preflight
from pennyform.engine.planning.targets import select_invoices
from pennyform.findings import Finding, Severity, errors, failure
from pennyform.invoices import Repository, load


def run_on(
    paths: Sequence[str | Path],
    work: Callable[[Repository], Exit],
    args: argparse.Namespace,
    *,
    environment: str | None,
) -> Exit:
    """Load the definitions under ``paths`` and do ``work`` on them, unless something is wrong with them.

    Args:
        paths: files and folders.
        work: what to do with a repository without errors.
        args: the command line: colour, and the invoices it is about.
        environment: which account; None for what the repository says.

    Returns:
        What ``work`` returns; 4 when there are findings, which are printed on standard error.
    """
    repository, findings = load(paths, environment=environment)
    output.print_findings(findings, stream=sys.stderr, no_color=args.no_color)
    if errors(findings):
        return Exit.FINDINGS
    try:
        repository = select_invoices(with_environment(repository, environment), args.target)
        preflight(repository)
        return work(repository)
    except PlanRejectedError as problem:
        output.print_findings(problem.findings, stream=sys.stderr, no_color=args.no_color)
        return Exit.FINDINGS
    except OutcomeError as problem:
        return print_trouble(problem)


def with_environment(repository: Repository, environment: str | None) -> Repository:
    """The repository with its environment as the command line wants it."""
    if environment is None:
        return repository
    return repository._replace(settings=repository.settings._replace(environment=environment))


def require_whole(repository: Repository, args: argparse.Namespace) -> None:
    """Refuse to prune on the strength of some of the definitions: the others' drafts would be deleted.

    Raises:
        Failure: ``prune-partial``.
    """
    whole = any(Path(path).resolve() == repository.root.resolve() for path in args.paths)
    if args.target or not whole:
        raise failure(
            "prune-partial",
            "--prune is about the whole repository",
            detail="Drafts of definitions that were not read would look as if they had left it.",
            fix=f"run it on {repository.root}, without --target",
        )


def print_trouble(problem: OutcomeError) -> Exit:
    """Say on standard error why the account could not be read; nothing was changed by then."""
    rule, fix, exit_ = "api-unreachable", "check the network and try again", Exit.ERROR
    if isinstance(problem, NotAllowedError):
        rule = "api-not-allowed"
        fix = "check the token, its expiry and its scopes with 'pennyform auth status'"
    elif isinstance(problem, RateExhaustedError):
        rule, fix, exit_ = "api-rate", "try again later; others may be using the same token", Exit.TRY_LATER
    output.print_findings([Finding(rule, Severity.ERROR, str(problem), fix=fix)], stream=sys.stderr)
    return exit_


def write_page(text: str, file: Path) -> None:
    """Write a page into ``file`` and say so on standard error.

    Raises:
        Failure: ``page-not-written``.
    """
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise failure("page-not-written", f"the page cannot be written: {problem}", file=str(file)) from None
    print(f"Wrote {file}.", file=sys.stderr)


def write_out(text: str) -> None:
    """Write ``text`` on standard output, whatever its encoding."""
    sys.stdout.write(output.printable(text, sys.stdout))
