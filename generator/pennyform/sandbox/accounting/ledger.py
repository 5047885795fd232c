"""Ledger entries: lines with a debit or a credit, which balance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.money import money
from pennyform.sandbox.money.amounts import decimal_of
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Selection

ENTRY, LINE = "ledger_entry", "ledger_entry_line"
_MOST_LINES = 1_000


def add_entry(
    context: RequestContext, given: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]
) -> JsonRecord:
    """Enter lines that balance.

    Args:
        context: finds what the entry refers to.
        given: fields of the entry, as in a request.
        lines: ``{debit, credit, ledger_account_id, label?}`` each.

    Raises:
        ApiError: 404 for an unknown account or journal; 422 for lines that are none or do not balance.
    """
    number = context.records.next_number("piece")
    defaults = {
        "due_date": None,
        "currency": "EUR",
        "piece_number": f"P-{number:06d}",
        "invoice_number": None,
    }
    record = context.records.insert(ENTRY, {**defaults, **given, "status": "complete"})
    change_lines(context, record, {"create": lines})
    return record


def change_lines(context: RequestContext, entry: JsonRecord, changes: Mapping[str, Any]) -> None:
    """Carry out ``{create, update, delete}`` on the lines of an entry, and hold them against each other.

    Raises:
        ApiError: 404 or 422.
    """
    kept = {line.id: line for line in lines_of(context, entry)}
    for update in changes.get("update", ()):
        line = _line_in(context, kept, update)
        line.body.update({name: value for name, value in update.items() if name != "id"})
        line.body.update(_amounts(context, line.body))
    context.records.delete(
        [kept.pop(_line_in(context, kept, removal).id) for removal in changes.get("delete", ())]
    )
    inherited = {name: entry.body[name] for name in ("date", "journal_id")}
    for line in kept.values():
        line.body.update(inherited)
        context.records.update(line)
    for given in changes.get("create", ()):
        body = {"label": entry.body["label"], "lettering": None, "ledger_entry_id": entry.id, **given}
        context.records.insert(LINE, {**body, **inherited, **_amounts(context, body)}, parent=entry.id)
    _check(lines_of(context, entry))


def lines_of(context: RequestContext, entry: JsonRecord) -> list[JsonRecord]:
    """The lines of an entry, in the order they were entered."""
    return context.records.select(LINE, Selection(order="id ASC"), parent=entry.id)


def difference(lines: Iterable[JsonRecord]) -> Decimal:
    """Debits less credits."""
    return sum((Decimal(one.body["debit"]) - Decimal(one.body["credit"]) for one in lines), Decimal(0))


def _check(lines: list[JsonRecord]) -> None:
    if not 0 < len(lines) <= _MOST_LINES:
        raise unprocessable(f"An entry has 1 to {_MOST_LINES} lines")
    if difference(lines):
        raise unprocessable("The lines of an entry must balance: debits and credits differ")


def _amounts(context: RequestContext, line: Mapping[str, Any]) -> dict[str, str]:
    """A line's two amounts, of which one is zero."""
    context.find("ledger_account", line["ledger_account_id"], "Ledger account")
    amounts = {name: decimal_of(name, line[name] or "0") for name in ("debit", "credit")}
    if context.rules.entry_line_has_one_side and (min(amounts.values()) or max(amounts.values()) < 0):
        raise unprocessable("A line has either a debit or a credit, and neither is negative")
    return {name: money.text(amount) for name, amount in amounts.items()}


def _line_in(
    context: RequestContext, lines: Mapping[int, JsonRecord], wanted: Mapping[str, Any]
) -> JsonRecord:
    found = lines.get(wanted["id"])
    if found is None:
        raise context.unknown_reference(f"Ledger entry line {wanted['id']}")
    return found
