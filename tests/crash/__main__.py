"""The whole campaign: ``python -m tests.crash``; ``--stop N`` repeats the kill at one stop.

Prints what was tried as a Markdown table, and ends with an error at the first rule that was broken.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .damage import History, middle_of, places_in
from .kills import campaign
from .ptrace import Stop, available
from .rivals import Rivalry


def main() -> None:
    """Kill, cut, damage, and let two machines meet; print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--stop", type=int, help="only kill at this stop")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="campaigns side by side")
    parser.add_argument("--share", type=int, nargs=2, metavar=("FIRST", "STEP"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not available():
        sys.exit("ptrace is not to be had here: Linux on x86_64 or aarch64, and leave to trace a child")
    if args.share:
        _kill_share(*args.share)
    elif args.stop is not None:
        with tempfile.TemporaryDirectory() as folder, campaign(Path(folder)) as one:
            met = one.kill_at(args.stop)
        print("as it should be" if met else "there is no such stop")
    else:
        _print_kills(_kill_everywhere(args.jobs))
        # No power is cut from here on: waiting for the disk would only take time.
        os.fsync = lambda _: None
        _print_damage()
        _print_rivalry()


def _kill_share(first: int, step: int) -> None:
    """Kill at every ``step``-th stop, and print the tally as JSON."""
    with tempfile.TemporaryDirectory() as folder, campaign(Path(folder)) as one:
        number = first
        while one.kill_at(number):
            number += step
    tally = one.tally
    killed = [[*stop, number] for stop, number in tally.killed.items()]
    print(json.dumps({"killed": killed, "unknown": tally.unknown_mails, "left": tally.leftovers}))


def _kill_everywhere(jobs: int) -> Sequence[dict[str, object]]:
    command = [sys.executable, "-m", "tests.crash", "--share"]
    shares = [
        subprocess.Popen([*command, str(first), str(jobs)], stdout=subprocess.PIPE, text=True)
        for first in range(jobs)
    ]
    answers = [share.communicate()[0] for share in shares]
    if any(share.returncode for share in shares):
        sys.exit("a rule was broken: see above")
    return [json.loads(answer) for answer in answers]


def _print_kills(tallies: Sequence[dict[str, object]]) -> None:
    killed: Counter[Stop] = Counter()
    for tally in tallies:
        for call, before, number in tally["killed"]:  # type: ignore[attr-defined]
            killed[Stop(call, before)] += number
    print("| system call | killed before | killed after |\n|---|---|---|")
    for call in sorted({stop.call for stop in killed}):
        print(f"| `{call}` | {killed[Stop(call, True)]} | {killed[Stop(call, False)]} |")
    unknown, left = (sum(int(str(tally[name])) for tally in tallies) for name in ("unknown", "left"))
    print(f"\n{killed.total()} kills; a mail left to a person {unknown} times, a replaced draft {left} times")


def _print_damage() -> None:
    with tempfile.TemporaryDirectory() as folder:
        history = History.of(Path(folder) / "repository")
        applies = 0
        for number, moment in enumerate(history.moments[:-1]):
            for torn in (b"", middle_of(history, number)):
                history.resume_cut(moment, torn)
                history.resume_cut(moment, torn, lost=True)
            for place in places_in(history, number):
                history.resume_damaged(place)
            applies += 7
        print(f"{history.prefixes()} prefixes of a journal of {len(history.journal)} bytes opened")
        print(f"{history.flips()} flipped bits noticed; {applies} applies after cuts and damage")


def _print_rivalry() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rivalry, number = Rivalry(Path(folder)), 1
        while rivalry.meet(number, before=True):
            rivalry.meet(number, before=False)
            number += 1
    print(f"{2 * number - 2} applies in the middle of another one; a file twice {rivalry.twice} times")


if __name__ == "__main__":
    main()
