"""Amounts and dates as definitions write them: exact decimals in one form, ISO 8601 dates."""

from __future__ import annotations

import calendar
import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

# The same form that the emitted schemas demand.
_AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")


def parse_amount(value: Any) -> Decimal | None:
    """The amount that quoted text such as ``"100.00"`` stands for; None when it stands for none."""
    return Decimal(value) if isinstance(value, str) and _AMOUNT.fullmatch(value) else None


def plain_number(value: Decimal) -> str:
    """A number without exponent and trailing zeros: ``5.5``, ``20``."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def canonical(amount: Decimal) -> str:
    """An amount as the one text that stands for it: no exponent, no sign on zero, at least two decimals.

    ``"100"`` and ``"100.0"`` both become ``"100.00"``; decimals beyond the second stay unless they are zeros.
    """
    amount = amount + 0 if amount else Decimal(0)
    units, _, decimals = f"{amount:f}".partition(".")
    return f"{units}.{decimals.rstrip('0').ljust(2, '0')}"


# Where it is not two. Source: ISO 4217, list one.
_EXCEPTIONS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF",
}

_DECIMALS = {code: decimals for decimals, codes in _EXCEPTIONS.items() for code in codes.split()}


def minor_units(currency: str) -> int:
    """The decimals of an amount in ``currency``: 2 for EUR, 0 for JPY, 3 for KWD."""
    return _DECIMALS.get(currency, 2)


_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_EUROPEAN = re.compile(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4})")


# The definitions and rows of a repository are of few days: each is read once.
@lru_cache(4096)
def parse(text: str) -> date | None:
    """The day that ``text`` (``2026-01-31``) names; None when it names none."""
    match = _ISO.fullmatch(text)
    return _day(*map(int, match.groups())) if match else None


def explain_invalid(text: str) -> tuple[str, str]:
    """Why ``text`` is no date, and what to write instead ("" when there is no telling)."""
    iso = _ISO.fullmatch(text)
    if iso:
        year, month, day = map(int, iso.groups())
        if not 1 <= month <= 12 or not year:
            return "There is no such month.", ""
        last = calendar.monthrange(year, month)[1]
        nearest = f"{year:04}-{month:02}-{min(max(day, 1), last):02}"
        return f"{calendar.month_name[month]} {year} has {last} days.", f"write {nearest}"
    # Day before month: in France, nobody writes them the other way round.
    european = _EUROPEAN.fullmatch(text)
    day_meant = _day(*map(int, reversed(european.groups()))) if european else None
    return "A date is written year-month-day.", (
        f"write {day_meant}" if day_meant else "write it as 2026-01-31"
    )


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
