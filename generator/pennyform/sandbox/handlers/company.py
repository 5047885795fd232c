"""The company itself: its user, changelogs, files, webhooks, and lists that no operation fills."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from pennyform.sandbox.api_errors import bad_request, unprocessable
from pennyform.sandbox.clock import moment, timestamp
from pennyform.sandbox.documents.files import present_attachment, store_attachment
from pennyform.sandbox.generic import present_by_schema
from pennyform.sandbox.generic.lists import DEFAULT_LIMIT, decode_cursor, encode_cursor
from pennyform.sandbox.handlers.registry import handles, register_child_list, register_list
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.model.parties import Appendix, StoredFile
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Selection

_USER = {
    "id": 31_000_001,
    "first_name": "Sandbox",
    "last_name": "User",
    "email": "user@sandbox.example",
    "locale": "fr",
}
# Seen, as is the delay before a change shows (`Rules.changelog_delay`).
_CHANGELOG_RETENTION = timedelta(weeks=4)
_WEBHOOK = "webhook_subscription"
_MOST_WEBHOOKS = 10


@handles("getMe")
def get_me(context: RequestContext) -> JsonObject:
    """``GET /me``: by the contract it needs no scope."""
    company = context.access.company
    return {
        "user": _USER,
        "company": {
            "id": company.id,
            "name": company.name,
            "reg_no": company.reg_no,
            "accounting_logic": company.accounting_logic,
        },
        "scopes": list(context.access.scopes),
    }


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
        after=_last_known_change(context),
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


def _last_known_change(context: RequestContext) -> int:
    """The id of the change that the cursor names; 0 without a cursor."""
    cursor = context.parameters.get("cursor")
    if not cursor:
        return 0
    if "start_date" in context.parameters:
        raise bad_request("start_date and cursor cannot be given together")
    return int(decode_cursor(cursor)[0] or 0)


def _parse_start(context: RequestContext) -> datetime:
    """The earliest time at which a change can have been processed that is to be shown."""
    oldest = context.now - _CHANGELOG_RETENTION
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


@handles("postFileAttachments")
def upload_file(context: RequestContext) -> JsonObject:
    """``POST /file_attachments``: the same content may come any number of times."""
    filename = context.body.get("filename", "")
    return present_attachment(context, store_attachment(context, StoredFile, filename=filename))


@handles("postCustomerInvoiceAppendices", "customer_invoice")
@handles("postQuoteAppendices", "quote")
@handles("postCommercialDocumentAppendices", "commercial_document")
def add_appendix(owner: str, context: RequestContext) -> JsonObject:
    """``POST /…/{id}/appendices``: to a draft too, and as often as it is sent."""
    record = context.find_by_path(owner)
    appendix = store_attachment(context, Appendix, parent=record.id)
    context.save_attached(record)
    return present_attachment(context, appendix)


register_child_list("getCustomerInvoiceAppendices", "customer_invoice", Appendix, present_attachment)
register_child_list("getQuoteAppendices", "quote", Appendix, present_attachment)
register_child_list("getCommercialDocumentAppendices", "commercial_document", Appendix, present_attachment)


@handles("postWebhookSubscriptions")
def create_webhook(context: RequestContext) -> Json:
    """``POST /webhook_subscriptions``: ten at most; the secret is shown this once."""
    _check_webhook_url(context)
    if len(context.records.select(_WEBHOOK, Selection())) >= _MOST_WEBHOOKS:
        raise unprocessable(f"There can be {_MOST_WEBHOOKS} webhook subscriptions at most")
    fields = _set_webhook_disabled(context, {"enabled": True, **context.body})
    record = context.records.insert(_WEBHOOK, fields)
    # Derived, not random: a run that is repeated gives the same answers.
    secret = hashlib.sha256(f"webhook/{record.id}".encode()).hexdigest()
    return present_by_schema(context, record, secret=secret)


@handles("putWebhookSubscription")
def update_webhook(context: RequestContext) -> Json:
    """``PUT /webhook_subscriptions/{id}``: partial."""
    _check_webhook_url(context)
    record = context.find_by_path(_WEBHOOK)
    record.body = _set_webhook_disabled(context, {**record.body, **context.body})
    context.records.update(record)
    return present_by_schema(context, record)


def _check_webhook_url(context: RequestContext) -> None:
    if not context.body.get("callback_url", "https://").startswith("https://"):
        raise unprocessable("callback_url must be an https address")


def _set_webhook_disabled(context: RequestContext, fields: JsonObject) -> JsonObject:
    if fields["enabled"]:
        return {**fields, "disabled_at": None, "disabled_reason": None}
    disabled_at = fields.get("disabled_at") or timestamp(context.now)
    return {**fields, "disabled_at": disabled_at, "disabled_reason": "manual"}


def _present_fields(_: RequestContext, record: JsonRecord) -> JsonObject:
    return {"id": record.id, **record.body, **record.timestamps}


register_list("getCustomerInvoiceTemplates", "customer_invoice_template", _present_fields)
register_child_list("getCustomerContacts", "customer", "contact", _present_fields)
register_child_list(
    "getCustomerInvoiceCustomHeaderFields", "customer_invoice", "custom_header_field", _present_fields
)
