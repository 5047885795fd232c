"""``pennyform plan``: what an apply would create, update and finalize; changes nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

from pennyform.cli.account import options
from pennyform.cli.exits import Exit
from pennyform.cli.terminal import output


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    output.add_paths(parser)
    output.add_format(parser, "text", "json", "markdown", "html")
    options.configure(parser)
    options.add_targets(parser)
    options.add_prune(parser)
    output.add_page(parser)
    parser.add_argument("--out", "-out", type=Path, metavar="FILE", help="save the plan for one 'apply FILE'")
    parser.add_argument(
        "--detailed-exitcode", action="store_true", help="exit 2 when there are changes to be made"
    )


def run(args: argparse.Namespace) -> Exit:
    """Print the plan; 3 on a conflict, 4 on findings, and 2 on changes when asked for."""
    from pennyform.cli.run.common import run_on
    from pennyform.cli.run.plan import plan_and_print

    return run_on(
        args.paths, lambda repository: plan_and_print(repository, args), args, environment=args.environment
    )
