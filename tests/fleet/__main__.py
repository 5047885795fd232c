"""``python -m tests.fleet``: campaigns of a fleet; exits 1 when one of them finds something."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from .campaign import Scenario, run
from .planted import BUGS


def main() -> int:
    """Run the campaign, or those with planted bugs, each of which must be caught."""
    parser = argparse.ArgumentParser(prog="python -m tests.fleet")
    parser.add_argument("--companies", type=int, default=12)
    parser.add_argument("--invoices", type=int, default=5)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--bug", choices=BUGS, help="plant this bug, and expect it to be caught")
    parser.add_argument("--planted", action="store_true", help="plant each bug in turn")
    parser.add_argument("--logs", action="store_true", help="show what the workers logged")
    options = parser.parse_args()
    scenario = Scenario(options.companies, options.invoices, options.workers, seconds=options.seconds)
    bugs = [options.bug] if options.bug else list(BUGS) if options.planted else []
    if bugs:
        missed = [bug for bug in bugs if not _is_caught(bug)]
        return 1 if missed else 0
    result = run(scenario)
    size = f"{options.companies} companies x {options.invoices} invoices, {options.workers} workers"
    print(
        f"{size}: {len(result.violations)} violations in {result.seconds:.0f} s; {', '.join(result.events)}"
    )
    print(*result.violations[:50], sep="\n")
    if options.logs:
        print(result.logs)
    return 1 if result.violations else 0


_CALM = Scenario(
    companies=4,
    invoices=3,
    workers=2,
    fleets=1,
    concurrency=2,
    kill_at=0,
    stop_at=0,
    cut_at=2,
    restart_at=2,
    seconds=90,
)
_SCENARIOS = {
    "no-fence": replace(_CALM, stop_at=3, bug="no-fence"),
    "fence-before-limiter": replace(_CALM, stop_at=3, bug="fence-before-limiter"),
    # One worker, which is started again: no other one can be done before it has begun.
    "no-look-up": replace(_CALM, kill_at=3, workers=1, bug="no-look-up"),
    "lease-never-expires": replace(_CALM, kill_at=3, workers=1, bug="lease-never-expires", seconds=30),
    "approval-ignored": replace(_CALM, bug="approval-ignored"),
}


def _is_caught(bug: str) -> bool:
    result = run(_SCENARIOS[bug])
    print(
        f"{bug}: {'caught: ' + result.violations[0] if result.violations else 'MISSED'}"
        f" ({result.seconds:.0f} s)"
    )
    return bool(result.violations)


if __name__ == "__main__":
    sys.exit(main())
