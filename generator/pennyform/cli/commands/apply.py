"""``pennyform apply``: carry a plan out, after asking, verifying each invoice before it becomes final."""

from __future__ import annotations

import argparse

from pennyform.cli.account import options
from pennyform.cli.exits import Exit
from pennyform.cli.terminal import output


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "paths",
        nargs="*",
        default=["."],
        metavar="FILE|FOLDER|PLAN",
        help="definitions, or one plan saved by 'plan --out'; the folder one is in by default",
    )
    output.add_format(parser, "text", "json")
    options.configure(parser)
    options.add_targets(parser)
    options.add_prune(parser)
    parser.add_argument("--auto-approve", action="store_true", help="do not ask before changing anything")
    parser.add_argument(
        "--wait",
        type=int,
        metavar="SECONDS",
        help="how long to wait for PDFs that mail needs; 0 leaves them to a later apply (default: 179)",
    )
    parser.add_argument(
        "--time-limit",
        type=int,
        metavar="SECONDS",
        help="begin nothing new after this time; the rest is left to a later apply (default: 86400)",
    )
    parser.add_argument(
        "--lock-timeout",
        type=int,
        default=0,
        metavar="SECONDS",
        help="how long to wait while another apply to this company is under way (default: 0)",
    )
    for option, meaning in (("--mailed", "was"), ("--not-mailed", "was not")):
        parser.add_argument(
            option,
            action="append",
            default=[],
            metavar="REFERENCE",
            help=f"this invoice {meaning} mailed, where pennyform cannot tell; may be repeated",
        )
    parser.add_argument(
        "--repair-journal",
        action="store_true",
        help="set a damaged journal aside and look everything up again",
    )


def run(args: argparse.Namespace) -> Exit:
    """Plan, ask, apply, and report; the exit code tells the worst of what happened."""
    from pennyform.cli.run.apply import apply_and_report, saved_plan
    from pennyform.cli.run.common import run_on

    plan_file = saved_plan(args.paths, args.target)
    environment_ = args.environment or (plan_file.data["environment"] if plan_file else None)
    if plan_file:
        args.target, args.prune = list(plan_file.binding.targets), plan_file.binding.prune
    return run_on(
        plan_file.paths if plan_file else args.paths,
        lambda repository: apply_and_report(repository, plan_file, args),
        args,
        environment=environment_,
    )
