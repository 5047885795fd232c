# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""Time, as something that is passed in: a test can stand still or jump."""

from __future__ import annotations

import time


class Clock:
    """The real clock. Replace it with an object of the same methods to control time."""

    def monotonic(self) -> float:
        """Seconds that only ever grow, from an arbitrary start."""
        return time.monotonic()

    def time(self) -> float:
        """Seconds since the Unix epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait in this thread."""
        time.sleep(seconds)

    async def async_sleep(self, seconds: float) -> None:
        """Wait in this task, letting others run."""
        import asyncio

        await asyncio.sleep(seconds)


SYSTEM_CLOCK = Clock()
