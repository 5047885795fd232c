"""``python -m tests.contracts``: change real contracts at random, and see what arrives at both ends."""

from __future__ import annotations

import argparse
import json
import sys

from pennyform.cli.terminal import progress_on

from . import report
from .campaign import conduct, play_some

_SEEDS = 2000


def main() -> int:
    """Returns the exit code: 0 when everything arrived as it was meant."""
    parser = argparse.ArgumentParser(prog="nox -s contracts --", description=__doc__)
    parser.add_argument("--seed", type=int, help="the first seed; alone, that seed is shown with its calls")
    parser.add_argument("--seeds", type=int, help=f"how many (default: {_SEEDS})")
    parser.add_argument("--contract", action="store_true", help="with --seed: print the changed contract")
    parser.add_argument("--jobs", type=int, default=0, help="processes (default: one per core)")
    options = parser.parse_args()
    if options.seed is not None and options.seeds is None:
        return _show(options.seed, contract=options.contract)
    first = options.seed or 0
    with progress_on(sys.stderr) as progress:
        seeds = range(first, first + (options.seeds or _SEEDS))
        campaign = conduct(seeds, jobs=options.jobs, progress=progress)
    sys.stdout.write(report.render(campaign))
    return 1 if campaign.failures else 0


def _show(seed: int, *, contract: bool) -> int:
    (verdict,), _ = play_some([seed])
    if contract:
        sys.stdout.write(json.dumps(verdict.document, indent=1) + "\n")
    sys.stdout.write("\n".join([verdict.program, "", report.verdict(verdict), ""]))
    return 1 if verdict.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
