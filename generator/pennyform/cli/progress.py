"""Progress of a long apply: a bar on a terminal, one line per ten percent elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

_WIDTH = 30
# Less than this many steps are over before anybody wonders.
_FEW = 20


@contextmanager
def progress_on(stream: TextIO) -> Iterator[Callable[[int, int], None]]:
    """Show progress on ``stream``; gives what is called after each step with the steps done and in all."""
    show = _bar(stream) if stream.isatty() else _tenths(stream)
    yield lambda done, total: show(done, total) if total >= _FEW else None
    if stream.isatty():
        stream.write("\r\x1b[K")
        stream.flush()


def _bar(stream: TextIO) -> Callable[[int, int], None]:
    start = time.monotonic()

    def show(done: int, total: int) -> None:
        filled = _WIDTH * done // total
        rate = done / max(time.monotonic() - start, 0.001)
        bar = "#" * filled + "-" * (_WIDTH - filled)
        seconds = (total - done) / rate
        stream.write(f"\r\x1b[K[{bar}] {done}/{total} steps, {rate:.1f}/s, {seconds:.0f} s left")
        stream.flush()

    return show


def _tenths(stream: TextIO) -> Callable[[int, int], None]:
    reached = 0

    def show(done: int, total: int) -> None:
        nonlocal reached
        tenth = 10 * done // total
        if tenth > reached:
            reached = tenth
            stream.write(f"{tenth * 10} % ({done} of {total} steps)\n")
            stream.flush()

    return show
