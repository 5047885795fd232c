"""Dates as definitions write them: ISO 8601 text, of days that exist."""

from __future__ import annotations

import calendar
import re
from datetime import date

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_EUROPEAN = re.compile(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4})")


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
