"""The ledger entry of an invoice: there from the start, filled when the invoice is issued.

One line for the customer or supplier, one for what was sold or bought, one for the VAT, in euros.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pennyform.sandbox.accounting import ledger
from pennyform.sandbox.accounting.ledger_accounts import opened
from pennyform.sandbox.money import money
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Selection

_CODE = "json_extract(body, '$.code') = ?"


@dataclass(frozen=True, slots=True)
class _Side:
    """Where the invoices of one kind are entered. ``sign`` is that of the other party's debit."""

    party: str
    journal: str
    account: str
    vat_account: str
    sign: int


_SIDES = {
    "customer_invoice": _Side("customer", "VE", "706000", "445710", 1),
    "supplier_invoice": _Side("supplier", "AC", "471000", "445660", -1),
}


def open_entry(context: RequestContext, kind: str, invoice: Mapping[str, Any]) -> int:
    """The entry of a new invoice, without lines; returns its id."""
    (journal,) = context.records.select("journal", Selection([_CODE], [_SIDES[kind].journal], "id ASC", 1))
    body = {"journal_id": journal.id, "piece_number": None, "currency": invoice["currency"]}
    return context.records.insert(ledger.ENTRY, {**body, **_heading(invoice), "status": "draft"}).id


def enter(
    context: RequestContext, kind: str, invoice: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]
) -> None:
    """Fill the entry of an invoice that is issued, or fill it anew.

    Args:
        context: finds the accounts.
        kind: ``customer_invoice`` or ``supplier_invoice``.
        invoice: as the books keep it, with its amounts in euros.
        lines: of the invoice; the first one's account stands for all.
    """
    side = _SIDES[kind]
    entry = context.find(ledger.ENTRY, invoice["ledger_entry_id"])
    entry.body.update(_heading(invoice), status="complete")
    party = context.find(side.party, invoice[f"{side.party}_id"]).body
    total, tax = Decimal(invoice["amount"]), Decimal(invoice["tax"])
    account = lines[0].get("ledger_account_id") or opened(context, side.account).id
    entered = [
        _line(party["ledger_account_id"], side.sign * total),
        _line(account, side.sign * (tax - total)),
        _line(opened(context, side.vat_account).id, -side.sign * tax),
    ]
    context.records.update(entry)
    before = [{"id": line.id} for line in ledger.lines_of(context, entry)]
    ledger.change_lines(context, entry, {"delete": before, "create": entered})


def withdraw(context: RequestContext, invoice: JsonRecord) -> None:
    """Take back the entry of a draft that is deleted."""
    context.records.delete([context.find(ledger.ENTRY, invoice.body["ledger_entry_id"])])


def _heading(invoice: Mapping[str, Any]) -> dict[str, Any]:
    number = invoice.get("invoice_number") or None
    return {
        "label": invoice.get("label") or f"Invoice {number or ''}".strip(),
        "date": invoice["date"],
        "due_date": invoice["deadline"],
        "invoice_number": number,
        "piece_number": number,
    }


def _line(account: int, debit: Decimal) -> dict[str, Any]:
    sides = (debit, Decimal(0)) if debit > 0 else (Decimal(0), -debit)
    return {"ledger_account_id": account, "debit": money.text(sides[0]), "credit": money.text(sides[1])}
