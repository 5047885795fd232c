"""``pennyform verify``: read the invoices back and show every difference; changes nothing."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from pennyform.cli.account import options
from pennyform.cli.exits import Exit
from pennyform.cli.terminal import output

if TYPE_CHECKING:
    from pennyform.invoices import Repository


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    output.add_paths(parser)
    output.add_format(parser, "text", "json", "html")
    output.add_page(parser)
    options.configure(parser)
    options.add_targets(parser)


def run(args: argparse.Namespace) -> Exit:
    """Print the verdicts; 3 when anything is not as it was asked for, 4 on findings."""
    from pennyform.cli.run.common import run_on

    return run_on(
        args.paths, lambda repository: _verify(repository, args), args, environment=args.environment
    )


def _verify(repository: Repository, args: argparse.Namespace) -> Exit:
    from pennyform.cli.account import connection
    from pennyform.cli.run.common import write_page
    from pennyform.engine.session import refresh_read_only
    from pennyform.engine.verify import verify

    with connection.connect(repository, args.token_file) as account:
        state = account.state(repository, account.remote.company())
        looked = refresh_read_only(repository, account.remote, state, account.world.storage)
        verification = verify(repository, looked.observation)
    data = verification.to_json()
    _print(data, args)
    if args.html:
        write_page(_page(data), args.html)
    return Exit.DRIFT if verification.drift else Exit.OK


def _print(data: dict[str, Any], args: argparse.Namespace) -> None:
    from pennyform.cli.run.common import write_out
    from pennyform.report.shared.ansi import Paint
    from pennyform.report.verification import text as verification_text

    if args.format == "json":
        write_out(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
    elif args.format == "html":
        write_out(_page(data))
    else:
        paint = Paint(output.style(sys.stdout, no_color=args.no_color).colour)
        write_out(verification_text.render(data, paint))


def _page(data: dict[str, Any]) -> str:
    from pennyform.report.verification import (
        html as verification_html,  # Jinja, which the other forms do without
    )

    return verification_html.render(data)
