"""Ctrl-C and SIGTERM: the first asks to stop between two steps, the second stops at once.

While a person is asked for consent nothing is under way, and the first stops at once, too.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Protocol, TextIO

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption(Protocol):
    """Whether somebody wants a run to stop; known from entering its context to leaving it."""

    def __enter__(self) -> Interruption: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> object: ...

    def requested(self) -> bool:
        """Whether somebody wants it to stop."""


class SignalInterruption:
    """Notes the first signal instead of dying of it, for as long as the context lasts."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._requested = False
        self._handlers_before: dict[int, Any] = {}

    def requested(self) -> bool:
        """Whether somebody wants it to stop."""
        return self._requested

    def __enter__(self) -> SignalInterruption:
        for number in _SIGNALS:
            self._handlers_before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        for number, handler in self._handlers_before.items():
            signal.signal(number, handler)

    # Called between two bytecodes of the main thread: it may only set a flag and print.
    def _note(self, _number: int, _frame: FrameType | None) -> None:
        if self._requested:
            raise KeyboardInterrupt
        self._requested = True
        print("\nstopping after the step at hand; once more stops at once", file=self._stream)


@contextmanager
def stop_at_once() -> Iterator[None]:
    """For as long as the context lasts, the first signal raises :class:`KeyboardInterrupt`."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    handlers_before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers_before.items():
            signal.signal(number, handler)
