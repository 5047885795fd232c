"""A worker of a campaign: the real command, with its name in each request, and on demand with a bug.

``python -m tests.fleet.worker_process NAME [--bug BUG] [--stop-at N] WORD ...``: ``--stop-at`` lets the
process stop itself (SIGSTOP) right before its N-th write, when everything but the last look is done.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from dataclasses import replace
from datetime import datetime, timedelta

from pennyform.cli import connection, main
from pennyform.engine.limits import Patience
from pennyform.engine.runtime import Runtime, SystemClock

from . import planted


def run(argv: list[str]) -> int:
    """Run one command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--bug", choices=planted.BUGS)
    parser.add_argument("--stop-at", type=int, default=0)
    parser.add_argument("--clock-off", type=float, default=0.0)
    options, words = parser.parse_known_args(argv)
    connection._APP = f"pennyform/{options.name}"
    if options.stop_at:
        planted.before_each_write(_stopper(options.stop_at))
    if options.bug:
        planted.BUGS[options.bug]()
    # As in earnest, in proportion: look-ups go on for longer than a request can be under way.
    limit = float(os.environ["PENNYFORM_STALL_SECONDS"]) / 4
    patience = Patience(settle=(limit / 4, limit / 2, limit, 2 * limit), lag=(0.2,))
    clock = _ClockOff(timedelta(seconds=options.clock_off))
    return main(words, runtime=replace(Runtime.system(), patience=patience, clock=clock))


class _ClockOff(SystemClock):
    """A clock that is off."""

    def __init__(self, off: timedelta) -> None:
        self._off = off

    def now(self) -> datetime:
        return super().now() + self._off


def _stopper(number: int):
    writes = iter(range(1, 10**9))

    def stop() -> None:
        if next(writes) == number:
            # To this thread: where another one took the signal, this one would go on until that one ran.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)

    return stop


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
