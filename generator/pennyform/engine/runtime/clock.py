"""Time, passed in: nothing in the engine asks the machine what time it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the engine needs to know of time, and the only way in which it waits."""

    def now(self) -> datetime:
        """The wall clock, in UTC. It may jump; it is written down, never waited by."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start. Never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait ``seconds``."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since an arbitrary start."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block for ``seconds``."""
        time.sleep(seconds)


def pause(clock: Clock, seconds: float, stop: Callable[[], bool]) -> None:
    """Wait ``seconds``, or less when ``stop`` says so: it is asked once a second."""
    until = clock.monotonic() + seconds
    while not stop() and (rest := until - clock.monotonic()) > 0:
        clock.sleep(min(rest, 1.0))
