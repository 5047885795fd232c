"""Lines of ledger entries, and the lettering that ties them together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pennyform.sandbox.accounting import categories, ledger
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.generic import show, show_item
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Selection

_LETTERING = "json_extract(body, '$.lettering') = ?"


def list_lines_of_entry(context: RequestContext) -> dict[str, Any]:
    """``GET /ledger_entries/{ledger_entry_id}/ledger_entry_lines``."""
    entry = context.find(ledger.ENTRY, context.parameters["ledger_entry_id"])
    return listed(context, ledger.LINE, _show_item, parent=entry.id)


def list_lines(context: RequestContext) -> dict[str, Any]:
    """``GET /ledger_entry_lines``."""
    return listed(context, ledger.LINE, _show_item)


def get_line(context: RequestContext) -> Any:
    """``GET /ledger_entry_lines/{id}``."""
    line = context.find(ledger.LINE, context.parameters["id"])
    return show(context, line, **_known(context, line))


def list_lettered(context: RequestContext) -> dict[str, Any]:
    """``GET /ledger_entry_lines/{ledger_entry_line_id}/lettered_ledger_entry_lines``."""
    line = context.find(ledger.LINE, context.parameters["ledger_entry_line_id"])
    return listed(context, ledger.LINE, _show_item, also=_same_lettering(line))


def letter(context: RequestContext) -> list[dict[str, int]]:
    """``POST /ledger_entry_lines/lettering``: these lines, and all that were lettered with any of them."""
    lines = {line.id: line for given in _given(context) for line in [given, *_lettered(context, given)]}
    _check_balanced(context, lines.values())
    for line in lines.values():
        line.body["lettering"] = min(lines)
        context.records.update(line)
    return [{"id": line} for line in sorted(lines)]


def unletter(context: RequestContext) -> None:
    """``DELETE /ledger_entry_lines/lettering``: what stays lettered must balance, unless told otherwise."""
    gone = {line.id: line for line in _given(context)}
    for line in gone.values():
        _check_balanced(context, [other for other in _lettered(context, line) if other.id not in gone])
    for line in gone.values():
        line.body["lettering"] = None
        context.records.update(line)


def _given(context: RequestContext) -> list[JsonRecord]:
    return [
        context.find(ledger.LINE, given["id"], "Ledger entry line")
        for given in context.body["ledger_entry_lines"]
    ]


def _lettered(context: RequestContext, line: JsonRecord) -> list[JsonRecord]:
    """The lines that share a line's lettering, itself among them; none when it has none."""
    return context.records.select(ledger.LINE, _same_lettering(line))


def _same_lettering(line: JsonRecord) -> Selection:
    return Selection([_LETTERING], [line.body["lettering"]], "id ASC")


def _check_balanced(context: RequestContext, lines: Iterable[JsonRecord]) -> None:
    if context.body["unbalanced_lettering_strategy"] == "none" and ledger.difference(lines):
        raise unprocessable("The lettering is not balanced")


def _show_item(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    return show_item(context, record, **_known(context, record))


def _known(context: RequestContext, line: JsonRecord) -> dict[str, Any]:
    url = context.url("ledger_entry_lines", line.id, "lettered_ledger_entry_lines")
    return {
        "categories": [categories.show(context, one) for one in categories.of(context, line)],
        "lettered_ledger_entry_lines": {"ids": [one.id for one in _lettered(context, line)], "url": url},
    }


OPERATIONS: dict[str, Handler] = {
    "getLedgerEntriesLedgerEntryLines": list_lines_of_entry,
    "getLedgerEntryLines": list_lines,
    "getLedgerEntryLine": get_line,
    "getLedgerEntryLinesLetteredLedgerEntryLines": list_lettered,
    "postLedgerEntryLinesLetter": letter,
    "deleteLedgerEntryLinesUnletter": unletter,
}
