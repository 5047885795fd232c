"""Billing subscriptions: invoices that are created as time passes.

No request creates them. Before a request is answered, every invoice that has fallen due since is made.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from pennyform.sandbox.accounting import invoicing
from pennyform.sandbox.api_errors import ApiError
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.documents import BillingSubscription
from pennyform.sandbox.money import dates
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.rules import Rules
from pennyform.sandbox.storage.records import Record, Selection

# The sandbox's own: a clock that is set far ahead makes so many invoices per subscription and call.
_MOST_AT_ONCE = 100
_NEXT = "json_extract(body, '$.next_occurrence') <= ?"
_DUE = f"SELECT 1 FROM record WHERE company = ? AND kind = ? AND deleted_at IS NULL AND {_NEXT} LIMIT 1"  # noqa: S608


def are_due(connection: sqlite3.Connection, company: int, now: datetime, rules: Rules) -> bool:
    """Whether an invoice of some subscription has fallen due. Asked before every request, so one query."""
    today = _invoicing_day(now, rules).isoformat()
    return connection.execute(_DUE, (company, BillingSubscription.KIND, today)).fetchone() is not None


def create_due_invoices(context: RequestContext) -> None:
    """Create every invoice that has fallen due, one subscription after the other.

    A subscription stops whose invoice cannot be made any more, because a rule has come to stand against it.
    """
    today = _invoicing_day(context.now, context.rules).isoformat()
    for record in context.records.select(BillingSubscription, Selection([_NEXT], [today], "id ASC")):
        subscription = record.body
        due = _dates_since(subscription, subscription.next_occurrence or "")
        try:
            for day in itertools.islice(due, _MOST_AT_ONCE):
                if day.isoformat() > today:
                    break
                _create_invoice(context, record, day)
                subscription.prev_occurrence = day.isoformat()
        except ApiError:
            # The request that happens to come now has nothing to do with it, and must not fail for it.
            stop(subscription, context.now)
        schedule(subscription)
        context.records.update(record)


def _invoicing_day(now: datetime, rules: Rules) -> date:
    """The day whose invoices are made; before the hour at which they are, it is still the one before."""
    return (now - timedelta(hours=rules.subscription_hour)).date()


def schedule(subscription: BillingSubscription) -> None:
    """Compute the next and the last occurrence, and the status, after anything changed."""
    previous = subscription.prev_occurrence or ""
    days = (day.isoformat() for day in _dates_since(subscription, previous))
    upcoming = next((day for day in days if day != previous), None)
    subscription.next_occurrence = None if subscription.stopped_at else upcoming
    last = max(_dates_since(subscription), default=None) if subscription.recurring_rule.count else None
    subscription.finish = last.isoformat() if last else None
    if subscription.stopped_at:
        subscription.status = "stopped"
    elif subscription.next_occurrence is None:
        subscription.status = "finished"
    else:
        subscription.status = "in_progress" if subscription.prev_occurrence else "not_started"


def stop(subscription: BillingSubscription, now: datetime) -> None:
    """Make no more invoices."""
    subscription.stopped_at = timestamp(now)


def resume(subscription: BillingSubscription, now: datetime, rules: Rules) -> None:
    """Go on: with what was missed since it was stopped, or from today."""
    subscription.stopped_at = None
    if rules.subscription_makes_up:
        return
    yesterday = date.fromordinal(_invoicing_day(now, rules).toordinal() - 1).isoformat()
    subscription.prev_occurrence = max(subscription.prev_occurrence or "", yesterday)


def _dates_since(subscription: BillingSubscription, since: str = "") -> Iterator[date]:
    start = date.fromisoformat(subscription.start)
    days = dates.occurrences(start, subscription.recurring_rule)
    return (day for day in days if day.isoformat() >= since)


def _create_invoice(context: RequestContext, record: Record[BillingSubscription], day: date) -> None:
    subscription = record.body
    request: JsonObject = {
        **invoicing.copy_document(context, record),
        "date": day.isoformat(),
        "deadline": dates.deadline(day, subscription.payment_conditions).isoformat(),
        "billing_subscription_id": record.id,
        "draft": subscription.mode == "awaiting_validation",
    }
    invoice = invoicing.create_invoice(context, request)
    if subscription.mode == "email" and subscription.email_settings:
        recipients = subscription.email_settings.recipients
        context.records.insert("email", {"recipients": recipients}, parent=invoice.id)
