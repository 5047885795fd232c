"""Dates that exist but cannot be meant, or seldom are: slips in the year, in the future, long ago, closed.

Whether an invoice was issued long ago, and rightly so, only the account knows. So what is about a repository
as a whole (years, the future, deadlines) is checked with the definitions, and what is about something still
to be issued (weeks back, a closed year) when planning, of the invoices that would change.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.model import DesiredInvoice, Policies

# Pennylane began in 2020, and nothing was in euros before 1999. What was issued elsewhere may be older.
_FIRST_YEAR, _FIRST_YEAR_OF_IMPORTS = 2000, 1900
# Books are kept for ten years (Code de commerce, L123-22), and nothing is due after more than that.
_MOST_YEARS = 10
# Without limits of the folder's own. An invoice of the month's end is written some days before it, and one of
# last month some days after: only what is further off is warned about.
_DAYS_AHEAD, _DAYS_BACK, _DAYS_TO_PAY = 31, 42, 366


class DateProblem(NamedTuple):
    """What is wrong with ``field``, which is ``date`` or ``deadline``; no ``fix`` for the rule's."""

    rule: str
    severity: Severity
    field: str
    summary: str
    detail: str = ""
    fix: str = ""


def check_dates(resolved: ResolvedInvoice, policies: Policies, today: dt.date | None) -> Iterator[Finding]:
    """What can be said about the dates of an invoice whether or not it has been issued.

    Args:
        resolved: the invoice.
        policies: the folder's limits.
        today: the day of the check; None where it is not known, and not needed.
    """
    invoice = resolved.invoice
    problems = [*_years(invoice, today), *_deadline(invoice, policies)]
    # A slip in the year is also a day in the future or long ago: one mistake is one finding.
    if today and not any(problem.field == "date" for problem in problems):
        problems += _future(invoice, policies, today)
        if not invoice.file and invoice.body.date < _years_later(today, -_MOST_YEARS):
            summary = f"the date {invoice.body.date} is more than {_MOST_YEARS} years back"
            problems.append(DateProblem("date-long-ago", Severity.WARNING, "date", summary))
    for problem in problems:
        yield resolved.document.finding(
            problem.rule,
            problem.summary,
            (problem.field,),
            severity=problem.severity,
            detail=problem.detail,
            fix=problem.fix,
        )


def check_dates_to_issue(invoice: DesiredInvoice, policies: Policies, today: dt.date) -> list[DateProblem]:
    """What is wrong with the dates of an invoice that is about to be written to the account.

    Args:
        invoice: the invoice.
        policies: the folder's limits; beyond one of them, an invoice to be final is an error.
        today: the day on which it would be written.
    """
    if problems := list(_years(invoice, today)):
        return problems
    return [*_future(invoice, policies, today), *_past(invoice, policies, today)]


def _years(invoice: DesiredInvoice, today: dt.date | None) -> Iterator[DateProblem]:
    day, deadline = invoice.body.date, invoice.body.deadline
    first = _FIRST_YEAR_OF_IMPORTS if invoice.file else _FIRST_YEAR
    is_absurd = day.year < first or (today is not None and day > _years_later(today, _MOST_YEARS))
    if is_absurd:
        summary = f"the date {day} is of a year that cannot be meant"
        yield DateProblem("date-year", Severity.ERROR, "date", summary)
    elif deadline > _years_later(day, _MOST_YEARS):
        summary = f"the deadline {deadline} is of a year that cannot be meant"
        yield DateProblem("date-year", Severity.ERROR, "deadline", summary)


def _deadline(invoice: DesiredInvoice, policies: Policies) -> Iterator[DateProblem]:
    """A deadline later than one may wait, and not so late that its year cannot be meant."""
    day, deadline = invoice.body.date, invoice.body.deadline
    limit = _DAYS_TO_PAY if policies.max_days_to_pay is None else policies.max_days_to_pay
    if (deadline - day).days > limit and deadline <= _years_later(day, _MOST_YEARS):
        severity = _severity(invoice, is_own_limit=policies.max_days_to_pay is not None)
        summary = f"the deadline {deadline} is {(deadline - day).days} days after the date, {limit} at most"
        fix = _change_limit("deadline", "max_days_to_pay", severity)
        yield DateProblem("deadline-far", severity, "deadline", f"{summary} are expected", fix=fix)


def _future(invoice: DesiredInvoice, policies: Policies, today: dt.date) -> Iterator[DateProblem]:
    day = invoice.body.date
    # Where the sun rises first it is tomorrow already.
    if day <= today + dt.timedelta(days=1):
        return
    limit = _DAYS_AHEAD if policies.max_days_ahead is None else policies.max_days_ahead
    is_far = (day - today).days > limit
    summary = f"the date {day} is {(day - today).days} days in the future"
    detail = f"At most {limit} days are allowed for what becomes final." if is_far else ""
    severity = _severity(invoice, is_own_limit=is_far)
    yield DateProblem("date-in-future", severity, "date", summary, detail)


def _past(invoice: DesiredInvoice, policies: Policies, today: dt.date) -> Iterator[DateProblem]:
    """A date long ago, or in a closed year. An import is of the day on which it was issued elsewhere."""
    day, closed = invoice.body.date, policies.closed_until
    if closed is not None and day <= closed:
        summary = f"the date {day} is in a closed period, which ends on {closed}"
        yield DateProblem("date-closed", _severity(invoice, is_own_limit=True), "date", summary)
        return
    limit = _DAYS_BACK if policies.max_days_back is None else policies.max_days_back
    is_issued = invoice.options.finalize or policies.max_days_back is not None
    if is_issued and not invoice.file and (today - day).days > limit:
        summary = f"the date {day} is {(today - day).days} days back, {limit} at most are expected"
        severity = _severity(invoice, is_own_limit=policies.max_days_back is not None)
        fix = _change_limit("date", "max_days_back", severity)
        yield DateProblem("date-long-ago", severity, "date", summary, fix=fix)


def _change_limit(field: str, policy: str, severity: Severity) -> str:
    """An error comes from a limit of the folder: it cannot be left as it is."""
    return (
        f"correct the {field}, or change `{policy}` in pennyform.yaml" if severity is Severity.ERROR else ""
    )


def _severity(invoice: DesiredInvoice, *, is_own_limit: bool) -> Severity:
    """An error where the folder's own limit is passed by what becomes final: a draft can be corrected."""
    becomes_final = invoice.options.finalize or invoice.file is not None
    return Severity.ERROR if is_own_limit and becomes_final else Severity.WARNING


@lru_cache(4096)
def _years_later(day: dt.date, years: int) -> dt.date:
    # 29 February, and the end of the calendar.
    year = min(max(day.year + years, dt.MINYEAR), dt.MAXYEAR)
    return day.replace(year=year, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=year)
