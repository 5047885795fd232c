"""Changelogs: what was inserted, updated and deleted, oldest first, a little late and for four weeks.

What hangs on an invoice (categories, appendices, matched transactions) is no change of the invoice, unless a
rule says so of the latter two.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pennyform.sandbox.api_errors import bad_request, unprocessable
from pennyform.sandbox.clock import moment, timestamp
from pennyform.sandbox.lists.pagination import DEFAULT_LIMIT, position, positioned
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.changes import Change

_KEPT = timedelta(weeks=4)


def _list(kind: str, context: RequestContext) -> dict[str, Any]:
    """``GET /changelogs/…``."""
    delay = timedelta(seconds=context.rules.changelog_delay)
    limit = context.parameters.get("limit", DEFAULT_LIMIT)
    found = context.records.changes.select(
        kind,
        after=_after(context),
        since=_since(context, delay),
        until=context.now - delay,
        limit=limit + 1,
    )
    shown = found[:limit]
    return {
        "items": [_show(change, delay) for change in shown],
        "has_more": len(found) > limit,
        "next_cursor": position([shown[-1].id]) if len(found) > limit else None,
    }


def _after(context: RequestContext) -> int:
    cursor = context.parameters.get("cursor")
    if not cursor:
        return 0
    if "start_date" in context.parameters:
        raise bad_request("start_date and cursor cannot be given together")
    return int(positioned(cursor)[0] or 0)


def _since(context: RequestContext, delay: timedelta) -> datetime:
    """The earliest time at which a change can have happened that is to be shown."""
    oldest = context.now - _KEPT
    text = context.parameters.get("start_date")
    if text is None:
        return oldest - delay
    start = _moment(text)
    if start < oldest:
        raise unprocessable("start_date is older than the 4 weeks for which changes are kept")
    return start - delay


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError as problem:  # a leap second, which RFC 3339 has and Python has not
        raise bad_request(
            "start_date is not a time", code="InvalidDateTimeFormat", field="start_date"
        ) from problem


def _show(change: Change, delay: timedelta) -> dict[str, Any]:
    return {
        "id": change.record,
        "operation": change.operation,
        **change.detail,
        "processed_at": timestamp(moment(change.occurred_at) + delay),
        "updated_at": change.occurred_at,
        "created_at": change.created_at,
    }


OPERATIONS: dict[str, Handler] = {
    "getCustomerInvoicesChanges": partial(_list, "customer_invoice"),
    "getCustomerChanges": partial(_list, "customer"),
    "getProductChanges": partial(_list, "product"),
    "getQuoteChanges": partial(_list, "quote"),
    "getSupplierInvoicesChanges": partial(_list, "supplier_invoice"),
    "getSupplierChanges": partial(_list, "supplier"),
    "getTransactionChanges": partial(_list, "transaction"),
    "getLedgerEntryLineChanges": partial(_list, "ledger_entry_line"),
    "getLedgerEntriesCategoryChanges": partial(_list, "ledger_entry_category"),
    "getLedgerEntryLinesCategoryChanges": partial(_list, "ledger_entry_line_category"),
}
