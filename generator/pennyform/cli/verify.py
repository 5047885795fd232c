"""``pennyform verify``: read the invoices back and show every difference; changes nothing."""

from __future__ import annotations

import argparse
import json
import sys

from pennyform.cli import connection, terminal
from pennyform.cli.exits import Exit
from pennyform.engine.keys import UnresolvedError
from pennyform.engine.outcomes import OutcomeError
from pennyform.engine.session import look
from pennyform.engine.verify import Verification, verify
from pennyform.findings import errors
from pennyform.invoices import Repository, load


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    terminal.add_paths(parser)
    terminal.add_format(parser, "text", "json")
    connection.configure(parser)


def run(args: argparse.Namespace) -> Exit:
    """Print the verdicts; 3 when anything is not as it was asked for, 4 on findings."""
    repository, findings = load(args.paths)
    terminal.print_findings(findings, stream=sys.stderr, no_color=args.no_color)
    if errors(findings):
        return Exit.FINDINGS
    repository = connection.with_environment(repository, args.environment)
    try:
        verification = _verify(repository)
    except UnresolvedError as problem:
        terminal.print_findings(problem.findings, stream=sys.stderr, no_color=args.no_color)
        return Exit.FINDINGS
    except OutcomeError as problem:
        return connection.print_trouble(problem)
    _print(verification, args)
    return Exit.DRIFT if verification.drift else Exit.OK


def _verify(repository: Repository) -> Verification:
    with connection.connect(repository) as account:
        state = account.state(repository, account.remote.company())
        looked = look(repository, account.remote, state, account.world.storage)
        return verify(repository, looked.observation)


def _print(verification: Verification, args: argparse.Namespace) -> None:
    from pennyform.report import verification_text
    from pennyform.report.paint import Paint

    data = verification.to_json()
    if args.format == "json":
        text = json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    else:
        paint = Paint(terminal.style(sys.stdout, no_color=args.no_color).colour)
        text = verification_text.render(data, paint)
    sys.stdout.write(terminal.printable(text, sys.stdout))
