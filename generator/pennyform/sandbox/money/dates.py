"""Dates that follow from other dates: deadlines, and the occurrences of a subscription."""

from __future__ import annotations

import itertools
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

from pennyform.sandbox.model.documents import RecurringRule

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def deadline(start: date, payment_conditions: str | None) -> date:
    """When an invoice is to be paid.

    Args:
        start: the date of the invoice.
        payment_conditions: ``upon_receipt``, ``30_days``, ``30_days_end_of_month``, …; at once when None.
    """
    conditions = payment_conditions or "upon_receipt"
    days = conditions.partition("_")[0]
    due = start + timedelta(days=int(days) if days.isdigit() else 0)
    # French practice: the days first, then to the end of the month that they lead into.
    if conditions.endswith("end_of_month"):
        return due.replace(day=monthrange(due.year, due.month)[1])
    return due


def occurrences(start: date, rule: RecurringRule) -> Iterator[date]:
    """The dates of a subscription, the first one not before its start; without ``count`` it goes on."""
    if rule.type == "weekly":
        days = _weekly(start, rule.interval, rule.day_of_week)
    else:
        step = rule.interval * (12 if rule.type == "yearly" else 1)
        days = _monthly(start, step, rule.day_of_month or start.day)
    upcoming = (day for day in days if day >= start)
    return itertools.islice(upcoming, rule.count) if rule.count else upcoming


def _weekly(start: date, interval: int, weekday: str | None) -> Iterator[date]:
    ahead = (_WEEKDAYS.index(weekday) - start.weekday()) % 7 if weekday else 0
    for days in range(ahead, (date.max - start).days, 7 * interval):
        yield start + timedelta(days=days)


def _monthly(start: date, step: int, day: int) -> Iterator[date]:
    """The same day of every so many months; the last one of a month that is shorter."""
    for month in range(12 * start.year + start.month - 1, 12 * date.max.year, step):
        year, last = month // 12, monthrange(month // 12, month % 12 + 1)[1]
        yield date(year, month % 12 + 1, min(day, last))
