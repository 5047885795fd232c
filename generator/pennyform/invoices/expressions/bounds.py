"""The bounds of every value in an expression: no operator and no filter can make a larger one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

MOST_DIGITS = 60
LONGEST_TEXT = 20_000
_LARGEST = 10**MOST_DIGITS


def bounded(value: Any) -> Any:
    """``value``, which may be of any type, if it is within the bounds.

    Raises:
        ValueError: it is a number or a text beyond them.
    """
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise ValueError(f"a text in an expression has at most {LONGEST_TEXT:,} characters")
    elif isinstance(value, int):
        if not -_LARGEST < value < _LARGEST:
            raise _too_long()
    elif isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) >= MOST_DIGITS:
        raise _too_long()
    return value


def _too_long() -> ValueError:
    return ValueError(
        f"a number in an expression has at most {MOST_DIGITS} digits, before and after the point"
    )
