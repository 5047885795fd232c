"""Running code of others on untrusted input so long as its work is in proportion to that input.

A library that repairs broken files may look through the whole file for each of its parts. It offers no bound
that holds for all of its work together, so that the work is counted while it runs: each call is one unit, and
so are each 64 bytes that a call returns. What is counted does not depend on the machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_BYTES_OF_A_UNIT = 64
_COUNTED = frozenset(("call", "c_call"))


class TooMuchWorkError(BaseException):
    """The work is out of proportion. No ``except Exception`` of a library can go on from it."""


@contextmanager
def metered(most: int) -> Iterator[Callable[[], int]]:
    """Count the work of the block.

    Args:
        most: how many units it may take.

    Yields:
        What tells the units so far.

    Raises:
        TooMuchWorkError: it took more.
    """
    units = 0

    def count(_frame: FrameType, event: str, result: Any) -> None:
        nonlocal units
        if event in _COUNTED:
            units += 1
        elif event == "return" and isinstance(result, bytes):
            units += len(result) // _BYTES_OF_A_UNIT
        if units > most:
            raise TooMuchWorkError

    earlier = sys.getprofile()
    sys.setprofile(count)
    try:
        yield lambda: units
    finally:
        sys.setprofile(earlier)
