"""``python -m tests.contracts``: change real contracts at random, and see what arrives at both ends."""

from __future__ import annotations

import argparse
import json
import sys

from pennyform.cli.terminal import progress_on

from . import report, table
from .campaign import conduct, play_some
from .hunt import hunt_all

_SEEDS = 2000
# Of each planted mistake.
_MOST = 300


def main() -> int:
    """Returns the exit code: 0 when everything arrived as it was meant."""
    parser = argparse.ArgumentParser(prog="nox -s contracts --", description=__doc__)
    parser.add_argument("--seed", type=int, help="the first seed; alone, that seed is shown with its calls")
    parser.add_argument("--seeds", type=int, help=f"how many (default: {_SEEDS})")
    parser.add_argument("--contract", action="store_true", help="with --seed: print the changed contract")
    parser.add_argument(
        "--planted", action="store_true", help="plant mistakes into the generator, catch each"
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help="write the figures, or with --planted the mistakes, into docs/reliability.md",
    )
    parser.add_argument("--jobs", type=int, default=0, help="processes (default: one per core)")
    options = parser.parse_args()
    if options.seed is not None and options.seeds is None:
        return _show(options.seed, contract=options.contract)
    if options.planted:
        return _plant(options.seeds or _MOST, options.jobs, write=options.write)
    first = options.seed or 0
    with progress_on(sys.stderr) as progress:
        seeds = range(first, first + (options.seeds or _SEEDS))
        campaign = conduct(seeds, jobs=options.jobs, progress=progress)
    sys.stdout.write(report.render(campaign))
    if options.write:
        table.write_figures(campaign)
    return 1 if campaign.failures else 0


def _plant(most: int, jobs: int, *, write: bool) -> int:
    sys.stdout.write(table.HEAD)
    catches = []
    for catch in hunt_all(most, jobs):
        catches.append(catch)
        sys.stdout.write(table.row(catch))
        sys.stdout.flush()
    if write:
        table.write_planted(catches)
    return 0 if all(catch.seeds for catch in catches) else 1


def _show(seed: int, *, contract: bool) -> int:
    (verdict,), _ = play_some([seed])
    if contract:
        sys.stdout.write(json.dumps(verdict.document, indent=1) + "\n")
    sys.stdout.write("\n".join([verdict.program, "", report.verdict(verdict), ""]))
    return 1 if verdict.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
