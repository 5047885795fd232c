"""``pennyform plan``: what an apply would create, update and finalize; changes nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

from pennyform.cli import environment, terminal
from pennyform.cli.exits import Exit


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    terminal.add_paths(parser)
    terminal.add_format(parser, "text", "json", "markdown", "html")
    environment.configure(parser)
    environment.add_targets(parser)
    environment.add_prune(parser)
    terminal.add_page(parser)
    parser.add_argument("--out", "-out", type=Path, metavar="FILE", help="save the plan for one 'apply FILE'")
    parser.add_argument(
        "--detailed-exitcode", action="store_true", help="exit 2 when there are changes to be made"
    )


def run(args: argparse.Namespace) -> Exit:
    """Print the plan; 3 on a conflict, 4 on findings, and 2 on changes when asked for."""
    from pennyform.cli.planning import plan_and_print
    from pennyform.cli.running import run_on

    return run_on(
        args.paths, lambda repository: plan_and_print(repository, args), args, environment=args.environment
    )
