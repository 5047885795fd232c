"""Ledger entries: lines with a debit or a credit, which balance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from pennyform.sandbox.money import money
from pennyform.sandbox.money.amounts import decimal_of
from pennyform.sandbox.problems import unprocessable
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record, Selection

ENTRY, LINE = "ledger_entry", "ledger_entry_line"
_MOST_LINES = 1_000


def add_entry(call: RequestContext, given: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> Record:
    """Enter lines that balance.

    Args:
        call: finds what the entry refers to.
        given: fields of the entry, as in a request.
        lines: ``{debit, credit, ledger_account_id, label?}`` each.

    Raises:
        Problem: 404 for an unknown account or journal; 422 for lines that are none or do not balance.
    """
    number = call.books.next_number("piece")
    defaults = {
        "due_date": None,
        "currency": "EUR",
        "piece_number": f"P-{number:06d}",
        "invoice_number": None,
    }
    record = call.books.insert(ENTRY, {**defaults, **given, "status": "complete"})
    change_lines(call, record, {"create": lines})
    return record


def change_lines(call: RequestContext, entry: Record, changes: Mapping[str, Any]) -> None:
    """Carry out ``{create, update, delete}`` on the lines of an entry, and hold them against each other.

    Raises:
        Problem: 404 or 422.
    """
    kept = {line.id: line for line in lines_of(call, entry)}
    for update in changes.get("update", ()):
        line = _line_in(call, kept, update)
        line.body.update({name: value for name, value in update.items() if name != "id"})
        line.body.update(_amounts(call, line.body))
    call.books.delete([kept.pop(_line_in(call, kept, removal).id) for removal in changes.get("delete", ())])
    inherited = {name: entry.body[name] for name in ("date", "journal_id")}
    for line in kept.values():
        line.body.update(inherited)
        call.books.update(line)
    for given in changes.get("create", ()):
        body = {"label": entry.body["label"], "lettering": None, "ledger_entry_id": entry.id, **given}
        call.books.insert(LINE, {**body, **inherited, **_amounts(call, body)}, parent=entry.id)
    _check(lines_of(call, entry))


def lines_of(call: RequestContext, entry: Record) -> list[Record]:
    """The lines of an entry, in the order they were entered."""
    return call.books.select(LINE, Selection(order="id ASC"), parent=entry.id)


def difference(lines: Iterable[Record]) -> Decimal:
    """Debits less credits."""
    return sum((Decimal(one.body["debit"]) - Decimal(one.body["credit"]) for one in lines), Decimal(0))


def _check(lines: list[Record]) -> None:
    if not 0 < len(lines) <= _MOST_LINES:
        raise unprocessable(f"An entry has 1 to {_MOST_LINES} lines")
    if difference(lines):
        raise unprocessable("The lines of an entry must balance: debits and credits differ")


def _amounts(call: RequestContext, line: Mapping[str, Any]) -> dict[str, str]:
    """A line's two amounts, of which one is zero."""
    call.find("ledger_account", line["ledger_account_id"], "Ledger account")
    amounts = {name: decimal_of(name, line[name] or "0") for name in ("debit", "credit")}
    if call.rules.entry_line_has_one_side and (min(amounts.values()) or max(amounts.values()) < 0):
        raise unprocessable("A line has either a debit or a credit, and neither is negative")
    return {name: money.text(amount) for name, amount in amounts.items()}


def _line_in(call: RequestContext, lines: Mapping[int, Record], wanted: Mapping[str, Any]) -> Record:
    found = lines.get(wanted["id"])
    if found is None:
        raise call.missing(f"Ledger entry line {wanted['id']}")
    return found
