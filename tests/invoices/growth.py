"""Work counted, not timed: how many lines of Python something takes, and how that grows with its input."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

# Twice the input may take twice the work, and what is sorted a little more.
MOST_GROWTH = 2.6


def counted_lines(action: Callable[[], object]) -> int:
    """How many lines of Python ``action`` executes, one for each time."""
    lines = 0

    def trace(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    earlier = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(earlier)
    return lines


def growth(prepare: Callable[[int], Callable[[], object]], size: int) -> float:
    """How much more work twice the size takes.

    Args:
        prepare: makes the input of a size, and gives what reads it; not counted.
        size: of the smaller input.
    """
    prepare(2)()  # what is imported, compiled and cached once
    small, large = (counted_lines(prepare(each)) for each in (size, 2 * size))
    return large / small
