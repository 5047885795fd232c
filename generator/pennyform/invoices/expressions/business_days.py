"""Days on which business is done: neither weekends nor public holidays, by calendar.

``FR`` has the legal holidays of metropolitan France (Code du travail, L3133-1); ``TARGET`` those of the
euro's payment system (European Central Bank); ``weekends`` has none.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

_SATURDAY = 5
_LAST_YEAR = 9998  # leaves room for the days after it

Holidays = Callable[[int], frozenset[date]]


def is_business_day(day: date, calendar: str) -> bool:
    """Whether business is done on ``day``.

    Raises:
        ValueError: there is no such calendar.
    """
    holidays = _CALENDARS.get(calendar)
    if holidays is None:
        raise ValueError(f"no calendar {calendar!r}; there are {', '.join(_CALENDARS)}")
    return day.weekday() < _SATURDAY and day not in holidays(day.year)


def next_business_day(day: date, calendar: str) -> date:
    """``day`` itself if business is done on it, else the first such day after it."""
    while not is_business_day(_within_reach(day), calendar):
        day += timedelta(days=1)
    return day


def business_days_later(day: date, count: int, calendar: str) -> date:
    """The day ``count`` business days after ``day``; before it when ``count`` is negative."""
    step = timedelta(days=1 if count >= 0 else -1)
    for _ in range(abs(count)):
        day += step
        while not is_business_day(_within_reach(day), calendar):
            day += step
    return day


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, by Gauss's method as corrected by Lichtenberg."""
    century, golden = year // 100, year % 19
    moon = 15 + (3 * century + 3) // 4 - (8 * century + 13) // 25
    sun = 2 - (3 * century + 3) // 4
    age = (19 * golden + moon) % 30
    early = age // 29 + (age // 28 - age // 29) * (golden // 11)
    full_moon = 21 + age - early
    first_sunday = 7 - (year + year // 4 + sun) % 7
    return date(year, 3, 1) + timedelta(days=full_moon + 7 - (full_moon - first_sunday) % 7 - 1)


def _within_reach(day: date) -> date:
    if not 1 < day.year <= _LAST_YEAR:
        raise ValueError("the day is out of reach")
    return day


@cache
def french_holidays(year: int) -> frozenset[date]:
    """The legal holidays of metropolitan France (Code du travail, L3133-1)."""
    fixed = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
    # Easter Monday, Ascension, Whit Monday.
    movable = (easter(year) + timedelta(days=days) for days in (1, 39, 50))
    return frozenset([*(date(year, month, day) for month, day in fixed), *movable])


@cache
def target_holidays(year: int) -> frozenset[date]:
    """The closing days of TARGET, the euro's payment system (European Central Bank)."""
    fixed = ((1, 1), (5, 1), (12, 25), (12, 26))
    # Good Friday and Easter Monday.
    movable = (easter(year) + timedelta(days=days) for days in (-2, 1))
    return frozenset([*(date(year, month, day) for month, day in fixed), *movable])


_CALENDARS: dict[str, Holidays] = {
    "FR": french_holidays,
    "TARGET": target_holidays,
    "weekends": lambda _: frozenset(),
}
