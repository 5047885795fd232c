"""Waiting in line: another apply to the same company may be under way."""

from __future__ import annotations

import sys
from collections.abc import Callable

from pennyform.engine.clock import Clock, pause
from pennyform.engine.journal.lock import LockHeldError

_SECONDS_BETWEEN_LOOKS = 0.5


def waiting(clock: Clock, seconds: int, stop: Callable[[], bool]) -> Callable[[LockHeldError], bool]:
    """Something that waits a moment, for the lock to be tried again.

    Args:
        clock: the only way to wait.
        seconds: how long to wait in all; 0 for not at all.
        stop: whether the user lost patience.

    Returns:
        Called with who holds the lock, it returns whether to try again. The first time, it says so.
    """
    until = clock.monotonic() + seconds
    holders: set[str] = set()

    def again(problem: LockHeldError) -> bool:
        if stop() or clock.monotonic() >= until:
            return False
        holder = str(problem)
        if holder not in holders:
            holders.add(holder)
            print(f"waiting for another apply to this company ({holder})", file=sys.stderr, flush=True)
        pause(clock, _SECONDS_BETWEEN_LOOKS, stop)
        return True

    return again
