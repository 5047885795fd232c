"""Ledger entries, and the files that are attached to them."""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.accounting import categories, ledger
from pennyform.sandbox.documents import attachments
from pennyform.sandbox.generic import show, show_item
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import Record


def list_entries(call: RequestContext) -> dict[str, Any]:
    """``GET /ledger_entries``."""
    return listed(call, ledger.ENTRY, _show_item)


def get_entry(call: RequestContext) -> Any:
    """``GET /ledger_entries/{id}``."""
    return _show(call, call.find(ledger.ENTRY, call.parameters["id"]))


def create_entry(call: RequestContext) -> Any:
    """``POST /ledger_entries``: lines that balance."""
    given = dict(call.body)
    lines = given.pop("ledger_entry_lines")
    _check_references(call, given)
    return _show(call, ledger.add_entry(call, given, lines))


def update_entry(call: RequestContext) -> Any:
    """``PUT /ledger_entries/{id}``: partial; its lines must balance afterwards too."""
    record = call.find(ledger.ENTRY, call.parameters["id"])
    given = dict(call.body)
    changes = given.pop("ledger_entry_lines", {})
    _check_references(call, given)
    record.body.update(given)
    call.books.update(record)
    ledger.change_lines(call, record, changes)
    return _show(call, record)


def upload(call: RequestContext) -> dict[str, Any]:
    """``POST /ledger_attachments``."""
    record = attachments.keep(call, "ledger_attachment", filename=call.body.get("filename", ""))
    shown = attachments.show(call, record)
    return {name: shown[name] for name in ("id", "url", "filename")}


def _check_references(call: RequestContext, given: dict[str, Any]) -> None:
    for kind in ("journal", "file_attachment", "ledger_attachment"):
        if f"{kind}_id" in given:
            call.find(kind, given[f"{kind}_id"], kind)


def _show(call: RequestContext, record: Record) -> Any:
    lines = [_line(call, line) for line in ledger.lines_of(call, record)]
    return show(call, record, ledger_entry_lines=lines, **_known(call, record))


def _show_item(call: RequestContext, record: Record) -> dict[str, Any]:
    return show_item(call, record, **_known(call, record))


def _known(call: RequestContext, record: Record) -> dict[str, Any]:
    return {"categories": [categories.show(call, one) for one in categories.of(call, record)]}


def _line(call: RequestContext, line: Record) -> dict[str, Any]:
    account = call.find("ledger_account", line.body["ledger_account_id"])
    url = call.url("ledger_accounts", account.id)
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
