"""Work counted, not timed: how many lines of Python something takes, and how that grows with its input."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

# Of twice the work for twice the input: what is sorted takes a little more.
MOST_OF_LINEAR = 1.3
MOST_GROWTH = 2 * MOST_OF_LINEAR


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


def growth(prepare: Callable[[int], Callable[[], object]], size: int, times: int = 2) -> float:
    """How much more work an input of ``times`` the size takes.

    Args:
        prepare: makes the input of a size, and gives what reads it; not counted.
        size: of the smaller input.
        times: how much larger the other one is.
    """
    prepare(2)()  # what is imported, compiled and cached once
    small, large = (counted_lines(prepare(each)) for each in (size, times * size))
    return large / small
