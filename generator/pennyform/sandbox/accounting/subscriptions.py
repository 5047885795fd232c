"""Billing subscriptions: invoices that come into being as time passes.

Nobody has to ask for them. Whoever enters the books finds every invoice that has fallen due since.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from pennyform.sandbox.accounting import invoicing
from pennyform.sandbox.api_errors import ApiError
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.money import dates
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.rules import Rules
from pennyform.sandbox.storage.records import JsonRecord, Selection

KIND = "billing_subscription"
# A clock that is set far ahead makes so many invoices per subscription and call, not thousands.
_MOST_AT_ONCE = 100
_OF_INVOICE = (
    "currency",
    "language",
    "discount",
    "customer_id",
    "customer_invoice_template_id",
    "pdf_invoice_free_text",
    "pdf_invoice_subject",
    "pdf_description",
    "special_mention",
)
_NEXT = "json_extract(body, '$.next_occurrence') <= ?"
_DUE = f"SELECT 1 FROM record WHERE company = ? AND kind = ? AND deleted_at IS NULL AND {_NEXT} LIMIT 1"  # noqa: S608


def are_due(connection: sqlite3.Connection, company: int, now: datetime, rules: Rules) -> bool:
    """Whether an invoice of some subscription has fallen due; quick to tell."""
    return connection.execute(_DUE, (company, KIND, _today(now, rules).isoformat())).fetchone() is not None


def catch_up(context: RequestContext) -> None:
    """Make every invoice that has fallen due, one subscription after the other.

    A subscription stops whose invoice cannot be made any more, because a rule has come to stand against it.
    """
    today = _today(context.now, context.rules).isoformat()
    for record in context.records.select(KIND, Selection([_NEXT], [today], "id ASC")):
        try:
            _make_until(context, record, today)
        except ApiError:
            stop(record, context.now)
        plan(record)
        context.records.update(record)


def _today(now: datetime, rules: Rules) -> date:
    """The day whose invoices are made; before the hour at which they are, it is still the one before."""
    return (now - timedelta(hours=rules.subscription_hour)).date()


def _make_until(context: RequestContext, record: JsonRecord, today: str) -> None:
    for day in itertools.islice(_dates(record, since=record.body["next_occurrence"]), _MOST_AT_ONCE):
        if day.isoformat() > today:
            break
        _make(context, record, day)
        record.body["prev_occurrence"] = day.isoformat()


def plan(record: JsonRecord) -> None:
    """Work out the next and the last occurrence, and the status, after anything changed."""
    body = record.body
    previous = body["prev_occurrence"] or ""
    upcoming = (day.isoformat() for day in _dates(record, since=previous) if day.isoformat() != previous)
    body["next_occurrence"] = None if body["stopped_at"] else next(upcoming, None)
    last = max(_dates(record), default=None) if body["recurring_rule"].get("count") else None
    body["finish"] = last.isoformat() if last else None
    body["status"] = _status(body)


def stop(record: JsonRecord, now: datetime) -> None:
    """Make no more invoices."""
    record.body["stopped_at"] = timestamp(now)


def resume(record: JsonRecord, now: datetime, rules: Rules) -> None:
    """Go on: with what was missed since it was stopped, or from today."""
    record.body["stopped_at"] = None
    if rules.subscription_makes_up:
        return
    yesterday = date.fromordinal(_today(now, rules).toordinal() - 1).isoformat()
    record.body["prev_occurrence"] = max(record.body["prev_occurrence"] or "", yesterday)


def _status(body: dict[str, Any]) -> str:
    if body["stopped_at"]:
        return "stopped"
    if body["next_occurrence"] is None:
        return "finished"
    return "in_progress" if body["prev_occurrence"] else "not_started"


def _dates(record: JsonRecord, since: str = "") -> Iterator[date]:
    rule, start = record.body["recurring_rule"], date.fromisoformat(record.body["start"])
    return (day for day in dates.occurrences(start, rule) if day.isoformat() >= since)


def _make(context: RequestContext, record: JsonRecord, day: date) -> None:
    body = record.body
    invoice = invoicing.make(
        context,
        {
            **{name: body[name] for name in _OF_INVOICE},
            "date": day.isoformat(),
            "deadline": dates.deadline(day, body["payment_conditions"]).isoformat(),
            "billing_subscription_id": record.id,
            "draft": body["mode"] == "awaiting_validation",
            **invoicing.parts_of(context, record),
        },
    )
    if body["mode"] == "email":
        context.records.insert(
            "email", {"recipients": body["email_settings"]["recipients"]}, parent=invoice.id
        )
