"""Amounts and days as they stand on a printed page, and the geometry of bars and columns."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

# Between groups of three digits, as French typography and SI want it; it never wraps.
THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def amount(given: str | Decimal) -> str:
    """An amount with its thousands apart and a real minus sign: ``-12 345.60``."""
    text = f"{given:f}" if isinstance(given, Decimal) else given
    sign = "\N{MINUS SIGN}" if text.startswith("-") else ""
    whole, dot, decimals = text.removeprefix("-").partition(".")
    grouped = f"{int(whole):,}".replace(",", THIN_SPACE) if whole.isdigit() else whole
    return f"{sign}{grouped}{dot}{decimals}"


def rounded(given: Decimal) -> str:
    """An amount in whole units, where there is no room for more."""
    return amount(given.quantize(Decimal(1), ROUND_HALF_UP))


def day(given: str) -> str:
    """``2025-10-01`` as ``1 October 2025``."""
    year, month, number = given.split("-")
    return f"{int(number)} {_MONTHS[int(month) - 1]} {year}"


def month(given: str) -> str:
    """``2025-10`` as ``Oct 2025``."""
    year, number = given.split("-")
    return f"{_MONTHS[int(number) - 1][:3]} {year}"


def months_between(first: str, last: str) -> list[str]:
    """All months from ``first`` to ``last`` (``2025-10``), both included."""
    start, end = (12 * int(text[:4]) + int(text[5:]) - 1 for text in (first, last))
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(start, end + 1)]


class Extent(NamedTuple):
    """Where a bar begins and how long it is, on a scale of a given length."""

    start: Decimal
    length: Decimal


class Axis(NamedTuple):
    """Bars side by side, and where on their axis zero lies."""

    zero: Decimal
    bars: tuple[Extent, ...]


def axis(values: Sequence[Decimal], length: int) -> Axis:
    """One bar for each value, from a common zero; negative values lie on its other side.

    Args:
        values: what to show.
        length: of the whole axis, from the least value (or zero) to the greatest (or zero).
    """
    least, greatest = min([Decimal(0), *values]), max([Decimal(0), *values])
    unit = length / (greatest - least) if greatest > least else Decimal(0)
    bars = ((min(value, Decimal(0)) - least, abs(value)) for value in values)
    return Axis(
        _short(-least * unit),
        tuple(Extent(_short(start * unit), _short(size * unit)) for start, size in bars),
    )


def _short(given: Decimal) -> Decimal:
    return given.quantize(Decimal("0.1"), ROUND_HALF_UP)
