"""Lines of ledger entries, and the lettering that ties them together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pennyform.sandbox.accounting import categories, ledger
from pennyform.sandbox.generic import show, show_item
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.problems import unprocessable
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import Record, Selection

_LETTERING = "json_extract(body, '$.lettering') = ?"


def list_lines_of_entry(call: RequestContext) -> dict[str, Any]:
    """``GET /ledger_entries/{ledger_entry_id}/ledger_entry_lines``."""
    entry = call.find(ledger.ENTRY, call.parameters["ledger_entry_id"])
    return listed(call, ledger.LINE, _show_item, parent=entry.id)


def list_lines(call: RequestContext) -> dict[str, Any]:
    """``GET /ledger_entry_lines``."""
    return listed(call, ledger.LINE, _show_item)


def get_line(call: RequestContext) -> Any:
    """``GET /ledger_entry_lines/{id}``."""
    line = call.find(ledger.LINE, call.parameters["id"])
    return show(call, line, **_known(call, line))


def list_lettered(call: RequestContext) -> dict[str, Any]:
    """``GET /ledger_entry_lines/{ledger_entry_line_id}/lettered_ledger_entry_lines``."""
    line = call.find(ledger.LINE, call.parameters["ledger_entry_line_id"])
    return listed(call, ledger.LINE, _show_item, also=_same_lettering(line))


def letter(call: RequestContext) -> list[dict[str, int]]:
    """``POST /ledger_entry_lines/lettering``: these lines, and all that were lettered with any of them."""
    lines = {line.id: line for given in _given(call) for line in [given, *_lettered(call, given)]}
    _check_balanced(call, lines.values())
    for line in lines.values():
        line.body["lettering"] = min(lines)
        call.books.update(line)
    return [{"id": line} for line in sorted(lines)]


def unletter(call: RequestContext) -> None:
    """``DELETE /ledger_entry_lines/lettering``: what stays lettered must balance, unless told otherwise."""
    gone = {line.id: line for line in _given(call)}
    for line in gone.values():
        _check_balanced(call, [other for other in _lettered(call, line) if other.id not in gone])
    for line in gone.values():
        line.body["lettering"] = None
        call.books.update(line)


def _given(call: RequestContext) -> list[Record]:
    return [
        call.find(ledger.LINE, given["id"], "Ledger entry line") for given in call.body["ledger_entry_lines"]
    ]


def _lettered(call: RequestContext, line: Record) -> list[Record]:
    """The lines that share a line's lettering, itself among them; none when it has none."""
    return call.books.select(ledger.LINE, _same_lettering(line))


def _same_lettering(line: Record) -> Selection:
    return Selection([_LETTERING], [line.body["lettering"]], "id ASC")


def _check_balanced(call: RequestContext, lines: Iterable[Record]) -> None:
    if call.body["unbalanced_lettering_strategy"] == "none" and ledger.difference(lines):
        raise unprocessable("The lettering is not balanced")


def _show_item(call: RequestContext, record: Record) -> dict[str, Any]:
    return show_item(call, record, **_known(call, record))


def _known(call: RequestContext, line: Record) -> dict[str, Any]:
    url = call.url("ledger_entry_lines", line.id, "lettered_ledger_entry_lines")
    return {
        "categories": [categories.show(call, one) for one in categories.of(call, line)],
        "lettered_ledger_entry_lines": {"ids": [one.id for one in _lettered(call, line)], "url": url},
    }


OPERATIONS: dict[str, Handler] = {
    "getLedgerEntriesLedgerEntryLines": list_lines_of_entry,
    "getLedgerEntryLines": list_lines,
    "getLedgerEntryLine": get_line,
    "getLedgerEntryLinesLetteredLedgerEntryLines": list_lettered,
    "postLedgerEntryLinesLetter": letter,
    "deleteLedgerEntryLinesUnletter": unletter,
}
