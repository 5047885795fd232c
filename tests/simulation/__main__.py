"""``python -m tests.simulation``: play seeds and print what came of them."""

from __future__ import annotations

import argparse
import sys

from pennyform.cli.terminal import progress_on

from . import report
from .campaign import Campaign, conduct
from .episode import play
from .hunt import hunt_all
from .kinds import BY_NAME


def main() -> int:
    """Play what the words ask for.

    Returns:
        0 when every oracle was content, else 1.
    """
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--seed", type=int, help="the first seed; alone, that seed is played with its trace")
    parser.add_argument("--seeds", type=int, help="how many (default: 2000)")
    parser.add_argument("--kind", default="", metavar="NAME", help="play one kind of fault only")
    parser.add_argument("--planted", action="store_true", help="plant classic mistakes and catch each")
    parser.add_argument("--jobs", type=int, default=0, help="processes (default: one per core)")
    args = parser.parse_args()
    if args.kind and args.kind not in BY_NAME:
        parser.error(f"there is no kind {args.kind!r}; there are: {', '.join(BY_NAME)}")
    if args.seed is not None and args.seeds is None:
        return _show(args.seed, args.kind)
    if args.planted:
        return _plant(args.seeds or 1500, args.jobs)
    first = args.seed or 0
    seeds = range(first, first + (args.seeds or 2000))
    with progress_on(sys.stderr) as progress:
        campaign = conduct(seeds, only=args.kind, jobs=args.jobs, progress=progress)
    sys.stdout.write(report.render(campaign))
    return _exit(campaign)


def _plant(most: int, jobs: int) -> int:
    got_away = 0
    sys.stdout.write("| planted | seeds | what the oracles say |\n|---|---:|---|\n")
    for catch in hunt_all(most, jobs):
        got_away += not catch.seeds and "seen by" not in catch.seen
        sys.stdout.write(f"| {catch.name} | {catch.seeds or '-'} | {catch.seen} |\n")
        sys.stdout.flush()
    return 1 if got_away else 0


def _exit(campaign: Campaign) -> int:
    return 1 if campaign.failures else 0


def _show(seed: int, kind: str) -> int:
    verdict = play(seed, only=kind, keep=True)
    sys.stdout.write("\n".join([*verdict.lines, "", report.verdict(verdict), ""]))
    return 1 if verdict.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
