"""Ledger entries and their lines, and the lettering that ties lines together which settle each other."""

from __future__ import annotations

from collections.abc import Iterable

from pennyform.sandbox.accounting import ledger
from pennyform.sandbox.accounting.categories import present_categories
from pennyform.sandbox.accounting.ledger import debits_minus_credits
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.documents.files import present_attachment, store_attachment
from pennyform.sandbox.generic import present_by_schema
from pennyform.sandbox.generic.lists import list_records
from pennyform.sandbox.handlers.registry import handles, register_child_list, register_get, register_list
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.model.ledger import LedgerAccount, LedgerEntry, LedgerEntryLine
from pennyform.sandbox.model.parties import LedgerAttachment
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record, Selection

_LETTERING = "json_extract(body, '$.lettering') = ?"


@handles("postLedgerEntries")
def create_ledger_entry(context: RequestContext) -> Json:
    """``POST /ledger_entries``: lines that balance."""
    fields = dict(context.body)
    lines = fields.pop("ledger_entry_lines")
    _check_references(context, fields)
    return _present_entry(context, ledger.add_entry(context, fields, lines))


@handles("putLedgerEntries")
def update_ledger_entry(context: RequestContext) -> Json:
    """``PUT /ledger_entries/{id}``: partial; its lines must balance afterwards too."""
    record = context.find_by_path(LedgerEntry)
    fields = dict(context.body)
    changes = fields.pop("ledger_entry_lines", {})
    _check_references(context, fields)
    record.body = record.body.updated(fields)
    context.records.update(record)
    ledger.change_entry_lines(context, record, changes)
    return _present_entry(context, record)


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


def _present_entry(context: RequestContext, record: Record[LedgerEntry]) -> Json:
    return present_by_schema(
        context,
        record,
        ledger_entry_lines=[_present_own_line(context, line) for line in ledger.entry_lines(context, record)],
        categories=present_categories(context, record.id),
    )


def _present_entry_item(context: RequestContext, record: Record[LedgerEntry]) -> Json:
    return present_by_schema(context, record, categories=present_categories(context, record.id))


def _present_own_line(context: RequestContext, record: Record[LedgerEntryLine]) -> JsonObject:
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


register_list("getLedgerEntries", LedgerEntry, _present_entry_item)
register_get("getLedgerEntry", LedgerEntry, _present_entry)


@handles("getLedgerEntryLinesLetteredLedgerEntryLines")
def list_lettered_lines(context: RequestContext) -> JsonObject:
    """``GET /ledger_entry_lines/{ledger_entry_line_id}/lettered_ledger_entry_lines``."""
    line = context.find_by_path(LedgerEntryLine)
    return list_records(context, LedgerEntryLine, _present_line, where=_same_lettering(line))


@handles("postLedgerEntryLinesLetter")
def letter_lines(context: RequestContext) -> list[dict[str, int]]:
    """``POST /ledger_entry_lines/lettering``: these lines, and all that were lettered with any of them."""
    lines = {
        line.id: line
        for requested in _requested_lines(context)
        for line in [requested, *_lettered_with(context, requested)]
    }
    _check_balanced(context, lines.values())
    for line in lines.values():
        line.body.lettering = min(lines)
        context.records.update(line)
    return [{"id": line} for line in sorted(lines)]


@handles("deleteLedgerEntryLinesUnletter")
def unletter_lines(context: RequestContext) -> None:
    """``DELETE /ledger_entry_lines/lettering``: what stays lettered must balance, unless told otherwise."""
    removed = {line.id: line for line in _requested_lines(context)}
    for line in removed.values():
        _check_balanced(
            context, [other for other in _lettered_with(context, line) if other.id not in removed]
        )
    for line in removed.values():
        line.body.lettering = None
        context.records.update(line)


def _requested_lines(context: RequestContext) -> list[Record[LedgerEntryLine]]:
    return [
        context.find(LedgerEntryLine, line["id"], "Ledger entry line")
        for line in context.body["ledger_entry_lines"]
    ]


def _lettered_with(context: RequestContext, line: Record[LedgerEntryLine]) -> list[Record[LedgerEntryLine]]:
    """The lines that share a line's lettering, itself among them; none when it has none."""
    return context.records.select(LedgerEntryLine, _same_lettering(line))


def _same_lettering(line: Record[LedgerEntryLine]) -> Selection:
    # Without a lettering the value is NULL, which equals nothing in SQL.
    return Selection([_LETTERING], [line.body.lettering], "id ASC")


def _check_balanced(context: RequestContext, lines: Iterable[Record[LedgerEntryLine]]) -> None:
    if context.body["unbalanced_lettering_strategy"] == "none" and debits_minus_credits(lines):
        raise unprocessable("The lettering is not balanced")


def _present_line(context: RequestContext, line: Record[LedgerEntryLine]) -> Json:
    url = context.url("ledger_entry_lines", line.id, "lettered_ledger_entry_lines")
    lettered = [other.id for other in _lettered_with(context, line)]
    return present_by_schema(
        context,
        line,
        categories=present_categories(context, line.id),
        lettered_ledger_entry_lines={"ids": lettered, "url": url},
    )


register_child_list("getLedgerEntriesLedgerEntryLines", "ledger_entry", LedgerEntryLine, _present_line)
register_list("getLedgerEntryLines", LedgerEntryLine, _present_line)
register_get("getLedgerEntryLine", LedgerEntryLine, _present_line)
