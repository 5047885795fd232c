"""Ledger entries, and the files that are attached to them."""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.accounting import categories, ledger
from pennyform.sandbox.documents import attachments
from pennyform.sandbox.generic import show, show_item
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord


def list_entries(context: RequestContext) -> dict[str, Any]:
    """``GET /ledger_entries``."""
    return listed(context, ledger.ENTRY, _show_item)


def get_entry(context: RequestContext) -> Any:
    """``GET /ledger_entries/{id}``."""
    return _show(context, context.find(ledger.ENTRY, context.parameters["id"]))


def create_entry(context: RequestContext) -> Any:
    """``POST /ledger_entries``: lines that balance."""
    given = dict(context.body)
    lines = given.pop("ledger_entry_lines")
    _check_references(context, given)
    return _show(context, ledger.add_entry(context, given, lines))


def update_entry(context: RequestContext) -> Any:
    """``PUT /ledger_entries/{id}``: partial; its lines must balance afterwards too."""
    record = context.find(ledger.ENTRY, context.parameters["id"])
    given = dict(context.body)
    changes = given.pop("ledger_entry_lines", {})
    _check_references(context, given)
    record.body.update(given)
    context.records.update(record)
    ledger.change_lines(context, record, changes)
    return _show(context, record)


def upload(context: RequestContext) -> dict[str, Any]:
    """``POST /ledger_attachments``."""
    record = attachments.keep(context, "ledger_attachment", filename=context.body.get("filename", ""))
    shown = attachments.show(context, record)
    return {name: shown[name] for name in ("id", "url", "filename")}


def _check_references(context: RequestContext, given: dict[str, Any]) -> None:
    for kind in ("journal", "file_attachment", "ledger_attachment"):
        if f"{kind}_id" in given:
            context.find(kind, given[f"{kind}_id"], kind)


def _show(context: RequestContext, record: JsonRecord) -> Any:
    lines = [_line(context, line) for line in ledger.lines_of(context, record)]
    return show(context, record, ledger_entry_lines=lines, **_known(context, record))


def _show_item(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    return show_item(context, record, **_known(context, record))


def _known(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    return {"categories": [categories.show(context, one) for one in categories.of(context, record)]}


def _line(context: RequestContext, line: JsonRecord) -> dict[str, Any]:
    account = context.find("ledger_account", line.body["ledger_account_id"])
    url = context.url("ledger_accounts", account.id)
    return {
        "id": line.id,
        **{name: line.body[name] for name in ("debit", "credit", "label", "ledger_account_id")},
        "ledger_account": {"id": account.id, "number": account.body["number"], "url": url},
    }


OPERATIONS: dict[str, Handler] = {
    "getLedgerEntries": list_entries,
    "getLedgerEntry": get_entry,
    "postLedgerEntries": create_entry,
    "putLedgerEntries": update_entry,
    "postLedgerAttachments": upload,
}
