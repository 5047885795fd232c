"""Changelogs: what was inserted, updated and deleted, oldest first, a little late and for four weeks.

What is attached to an invoice (categories, appendices, matched transactions) is no change of the invoice,
unless ``Rules.attached_is_change`` says so of the latter two.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pennyform.sandbox.api_errors import bad_request, unprocessable
from pennyform.sandbox.clock import moment, timestamp
from pennyform.sandbox.handlers.registry import handles
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.lists.pagination import DEFAULT_LIMIT, decode_cursor, encode_cursor
from pennyform.sandbox.request_context import RequestContext

# Seen, as is the delay before a change shows (`Rules.changelog_delay`).
_RETENTION = timedelta(weeks=4)


@handles("getCustomerInvoicesChanges", "customer_invoice")
@handles("getCustomerChanges", "customer")
@handles("getProductChanges", "product")
@handles("getQuoteChanges", "quote")
@handles("getSupplierInvoicesChanges", "supplier_invoice")
@handles("getSupplierChanges", "supplier")
@handles("getTransactionChanges", "transaction")
@handles("getLedgerEntryLineChanges", "ledger_entry_line")
@handles("getLedgerEntriesCategoryChanges", "ledger_entry_category")
@handles("getLedgerEntryLinesCategoryChanges", "ledger_entry_line_category")
def list_changes(kind: str, context: RequestContext) -> JsonObject:
    """``GET /changelogs/…``."""
    delay = timedelta(seconds=context.rules.changelog_delay)
    limit = context.parameters.get("limit", DEFAULT_LIMIT)
    changes = context.records.changes.select(
        kind,
        after=_last_seen(context),
        since=_parse_start(context) - delay,
        until=context.now - delay,
        # One more than the page has, to know whether another page follows.
        limit=limit + 1,
    )
    items = [
        {
            "id": change.record,
            "operation": change.operation,
            **change.detail,
            "processed_at": timestamp(moment(change.occurred_at) + delay),
            "updated_at": change.occurred_at,
            "created_at": change.created_at,
        }
        for change in changes[:limit]
    ]
    has_more = len(changes) > limit
    next_cursor = encode_cursor([changes[limit - 1].id]) if has_more else None
    return {"items": items, "has_more": has_more, "next_cursor": next_cursor}


def _last_seen(context: RequestContext) -> int:
    """The id of the change that the cursor names; 0 without a cursor."""
    cursor = context.parameters.get("cursor")
    if not cursor:
        return 0
    if "start_date" in context.parameters:
        raise bad_request("start_date and cursor cannot be given together")
    return int(decode_cursor(cursor)[0] or 0)


def _parse_start(context: RequestContext) -> datetime:
    """The earliest time at which a change can have been processed that is to be shown."""
    oldest = context.now - _RETENTION
    text = context.parameters.get("start_date")
    if text is None:
        return oldest
    try:
        start = datetime.fromisoformat(text.upper())
    except ValueError as problem:  # a leap second, which RFC 3339 has and Python has not
        raise bad_request(
            "start_date is not a time", code="InvalidDateTimeFormat", field="start_date"
        ) from problem
    if start < oldest:
        raise unprocessable("start_date is older than the 4 weeks for which changes are kept")
    return start
