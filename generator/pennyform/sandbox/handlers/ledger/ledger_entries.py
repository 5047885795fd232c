"""Ledger entries, and the files that are attached to them."""

from __future__ import annotations

from pennyform.sandbox.accounting import ledger
from pennyform.sandbox.accounting.categories import present_categories
from pennyform.sandbox.documents.attachments import present_attachment, store_attachment
from pennyform.sandbox.generic import present_by_schema
from pennyform.sandbox.handlers.registry import handles, register_get, register_list
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.model.ledger import LedgerAccount, LedgerEntry, LedgerEntryLine
from pennyform.sandbox.model.parties import LedgerAttachment
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record


@handles("postLedgerEntries")
def create_ledger_entry(context: RequestContext) -> Json:
    """``POST /ledger_entries``: lines that balance."""
    fields = dict(context.body)
    lines = fields.pop("ledger_entry_lines")
    _check_references(context, fields)
    return _present(context, ledger.add_entry(context, fields, lines))


@handles("putLedgerEntries")
def update_ledger_entry(context: RequestContext) -> Json:
    """``PUT /ledger_entries/{id}``: partial; its lines must balance afterwards too."""
    record = context.find(LedgerEntry, context.parameters["id"])
    fields = dict(context.body)
    changes = fields.pop("ledger_entry_lines", {})
    _check_references(context, fields)
    record.body = record.body.updated(fields)
    context.records.update(record)
    ledger.change_entry_lines(context, record, changes)
    return _present(context, record)


@handles("postLedgerAttachments")
def upload_ledger_attachment(context: RequestContext) -> JsonObject:
    """``POST /ledger_attachments``."""
    filename = context.body.get("filename", "")
    attachment = present_attachment(context, store_attachment(context, LedgerAttachment, filename=filename))
    return {name: attachment[name] for name in ("id", "url", "filename")}


def _check_references(context: RequestContext, fields: JsonObject) -> None:
    for kind in ("journal", "file_attachment", "ledger_attachment"):
        if f"{kind}_id" in fields:
            context.find(kind, fields[f"{kind}_id"], kind)


def _present(context: RequestContext, record: Record[LedgerEntry]) -> Json:
    return present_by_schema(
        context,
        record,
        ledger_entry_lines=[_present_line(context, line) for line in ledger.entry_lines(context, record)],
        categories=present_categories(context, record.id),
    )


def _present_item(context: RequestContext, record: Record[LedgerEntry]) -> Json:
    return present_by_schema(context, record, categories=present_categories(context, record.id))


def _present_line(context: RequestContext, record: Record[LedgerEntryLine]) -> JsonObject:
    line = record.body
    account = context.find(LedgerAccount, line.ledger_account_id)
    url = context.url("ledger_accounts", account.id)
    return {
        "id": record.id,
        "debit": line.debit,
        "credit": line.credit,
        "label": line.label,
        "ledger_account_id": line.ledger_account_id,
        "ledger_account": {"id": account.id, "number": account.body.number, "url": url},
    }


register_list("getLedgerEntries", LedgerEntry, _present_item)
register_get("getLedgerEntry", LedgerEntry, _present)
