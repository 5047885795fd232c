"""Lines of ledger entries, and the lettering that ties lines together which settle each other."""

from __future__ import annotations

from collections.abc import Iterable

from pennyform.sandbox.accounting.categories import present_categories
from pennyform.sandbox.accounting.ledger import debits_minus_credits
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.generic import present_by_schema
from pennyform.sandbox.handlers.registry import handles, register_child_list, register_get, register_list
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.lists.pagination import list_records
from pennyform.sandbox.model.ledger import LedgerEntryLine
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record, Selection

_LETTERING = "json_extract(body, '$.lettering') = ?"


@handles("getLedgerEntryLinesLetteredLedgerEntryLines")
def list_lettered_lines(context: RequestContext) -> JsonObject:
    """``GET /ledger_entry_lines/{ledger_entry_line_id}/lettered_ledger_entry_lines``."""
    line = context.find(LedgerEntryLine, context.parameters["ledger_entry_line_id"])
    return list_records(context, LedgerEntryLine, _present, where=_same_lettering(line))


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


def _present(context: RequestContext, line: Record[LedgerEntryLine]) -> Json:
    url = context.url("ledger_entry_lines", line.id, "lettered_ledger_entry_lines")
    lettered = [other.id for other in _lettered_with(context, line)]
    return present_by_schema(
        context,
        line,
        categories=present_categories(context, line.id),
        lettered_ledger_entry_lines={"ids": lettered, "url": url},
    )


register_child_list("getLedgerEntriesLedgerEntryLines", "ledger_entry", LedgerEntryLine, _present)
register_list("getLedgerEntryLines", LedgerEntryLine, _present)
register_get("getLedgerEntryLine", LedgerEntryLine, _present)
