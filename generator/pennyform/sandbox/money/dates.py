"""Dates that follow from other dates: deadlines, and the occurrences of a subscription."""

from __future__ import annotations

import itertools
from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def deadline(start: date, payment_conditions: str | None) -> date:
    """When an invoice is to be paid.

    Args:
        start: the date of the invoice.
        payment_conditions: ``upon_receipt``, ``30_days``, ``30_days_end_of_month``, …; at once when None.
    """
    conditions = payment_conditions or "upon_receipt"
    days = conditions.partition("_")[0]
    found = start + timedelta(days=int(days) if days.isdigit() else 0)
    if conditions.endswith("end_of_month"):
        return found.replace(day=monthrange(found.year, found.month)[1])
    return found


def occurrences(start: date, rule: Mapping[str, Any]) -> Iterator[date]:
    """The dates of a subscription, the first one not before its start.

    Args:
        start: of the subscription.
        rule: ``{type, interval?, count?, day_of_month?, day_of_week?}``; without ``count`` it goes on.
    """
    interval = rule.get("interval") or 1
    if rule["type"] == "weekly":
        found = _weeks(start, interval, rule.get("day_of_week"))
    else:
        step = interval * (12 if rule["type"] == "yearly" else 1)
        found = _months(start, step, int(rule.get("day_of_month") or start.day))
    dates = (day for day in found if day >= start)
    return itertools.islice(dates, rule["count"]) if rule.get("count") else dates


def _weeks(start: date, interval: int, weekday: str | None) -> Iterator[date]:
    ahead = (_WEEKDAYS.index(weekday) - start.weekday()) % 7 if weekday else 0
    for days in range(ahead, (date.max - start).days, 7 * interval):
        yield start + timedelta(days=days)


def _months(start: date, step: int, day: int) -> Iterator[date]:
    """The same day of every so many months; the last one of a month that is shorter."""
    for month in range(12 * start.year + start.month - 1, 12 * date.max.year, step):
        year, last = month // 12, monthrange(month // 12, month % 12 + 1)[1]
        yield date(year, month % 12 + 1, min(day, last))
