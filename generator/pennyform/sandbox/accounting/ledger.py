"""Ledger entries: lines with a debit or a credit, which balance; the entry of each invoice; ledger accounts.

An invoice's entry exists from the start and is posted when the invoice is issued: one line for the customer
or supplier, one for what was sold or bought, one for the VAT, in euros.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from msgspec import UNSET

from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.documents import CustomerInvoice, SupplierInvoice
from pennyform.sandbox.model.ledger import Journal, LedgerAccount, LedgerEntry, LedgerEntryLine
from pennyform.sandbox.model.parties import Customer, Supplier
from pennyform.sandbox.money.arithmetic import format_amount
from pennyform.sandbox.money.parsing import parse_decimal
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record, Records, Selection

Substance = Literal["goods", "services"]

# Classes 70 of the French chart of accounts (PCG), and where a substance alone leads. Which of them count is
# an assumption: `Rules.substance_accounts`.
_NARROW: dict[str, Substance] = {"706": "services", "707": "goods"}
_WIDE: dict[str, Substance] = {
    **_NARROW,
    **dict.fromkeys(("704", "705", "708"), "services"),
    **dict.fromkeys(("701", "702", "703"), "goods"),
}
_SUBSTANCES = {"narrow": _NARROW, "wide": _WIDE}
_SUBSTANCE_ACCOUNTS = {"services": "706000", "goods": "707000"}
# The contract says so of a request (`maxItems`); an update may not get beyond it either.
_MOST_ENTRY_LINES = 1_000
_JOURNAL_CODE = "json_extract(body, '$.code') = ?"


def accounts_with_number(records: Records, number: str) -> list[Record[LedgerAccount]]:
    """All accounts of this number, the first one made first."""
    condition = Selection(["json_extract(body, '$.number') = ?"], [number], "id ASC")
    return records.select(LedgerAccount, condition)


def get_or_create_account(context: RequestContext, number: str) -> int:
    """The id of the account of that number, which is opened when there is none."""
    accounts = accounts_with_number(context.records, number)
    if accounts:
        return accounts[0].id
    body = {"number": number, "label": number, "vat_rate": "any", "country_alpha2": "any"}
    return context.records.insert("ledger_account", {**body, "enabled": True, "letterable": True}).id


def substance_of(context: RequestContext, account: Record[LedgerAccount] | None) -> Substance | None:
    """What is sold through an account; None for accounts that tell nothing of it."""
    if account is None:
        return None
    return _SUBSTANCES[context.rules.substance_accounts].get(account.body.number[:3])


def resolve_account(
    context: RequestContext, identifier: int | None, substance: str | None
) -> Record[LedgerAccount] | None:
    """The ledger account that an id, a substance, or both lead to.

    Raises:
        ApiError: 404 for an unknown id; 422 when the substance contradicts the account, or it is closed.
    """
    if identifier is None:
        number = _SUBSTANCE_ACCOUNTS[substance] if substance else None
        return accounts_with_number(context.records, number)[0] if number else None
    account = context.find(LedgerAccount, identifier, "Ledger account")
    if not account.body.enabled:
        raise unprocessable(f"Ledger account {account.body.number} is disabled")
    if substance and substance_of(context, account) != substance:
        raise unprocessable(f"Substance {substance} does not match ledger account {account.body.number}")
    return account


@dataclass(frozen=True, slots=True)
class _InvoiceAccounts:
    """Accounts of the French chart to post invoices to; ``sign`` is that of the other party's debit."""

    journal: str
    account: str
    vat_account: str
    sign: int


_SALES = _InvoiceAccounts("VE", "706000", "445710", 1)
# What was bought is not known from a supplier's invoice, so it goes to the suspense account.
_PURCHASES = _InvoiceAccounts("AC", "471000", "445660", -1)


def add_entry(
    context: RequestContext, fields: JsonObject, lines: Iterable[JsonObject]
) -> Record[LedgerEntry]:
    """Add an entry with lines (``{debit, credit, ledger_account_id, label?}`` each) that balance.

    Raises:
        ApiError: 404 for an unknown account or journal; 422 for lines that are none or do not balance.
    """
    # Counted whether the request names one or not; a transaction that fails gives the number back.
    number = context.records.next_number("piece")
    body = LedgerEntry.from_fields({"piece_number": f"P-{number:06d}", **fields, "status": "complete"})
    entry = context.records.insert(LedgerEntry.KIND, body)
    change_entry_lines(context, entry, {"create": lines})
    return entry


def change_entry_lines(
    context: RequestContext, entry: Record[LedgerEntry], changes: Mapping[str, Iterable[JsonObject]]
) -> None:
    """Carry out ``{create, update, delete}`` on the lines of an entry; 422 when they do not balance then."""
    lines = {line.id: line for line in entry_lines(context, entry)}
    for update in changes.get("update", ()):
        line = context.find_among(lines, update, "Ledger entry line")
        fields = {**line.body.fields(), **update}
        del fields["id"]
        line.body = LedgerEntryLine.from_fields({**fields, **_check_amounts(context, fields)})
    deleted = [
        lines.pop(context.find_among(lines, deletion, "Ledger entry line").id)
        for deletion in changes.get("delete", ())
    ]
    context.records.delete(deleted)
    for line in lines.values():
        line.body.date, line.body.journal_id = entry.body.date, entry.body.journal_id
        context.records.update(line)
    for creation in changes.get("create", ()):
        fields = {
            "label": entry.body.label,
            **creation,
            **_check_amounts(context, creation),
            "ledger_entry_id": entry.id,
            "date": entry.body.date,
            "journal_id": entry.body.journal_id,
        }
        body = LedgerEntryLine.from_fields(fields)
        context.records.insert(LedgerEntryLine.KIND, body, parent=entry.id)
    # Only now: on the way through the changes an entry need not balance.
    remaining = entry_lines(context, entry)
    if not 0 < len(remaining) <= _MOST_ENTRY_LINES:
        raise unprocessable(f"An entry has 1 to {_MOST_ENTRY_LINES} lines")
    if debits_minus_credits(remaining):
        raise unprocessable("The lines of an entry must balance: debits and credits differ")


def entry_lines(context: RequestContext, entry: Record[LedgerEntry]) -> list[Record[LedgerEntryLine]]:
    """The lines of an entry, in the order they were added."""
    return context.records.select(LedgerEntryLine, Selection(order="id ASC"), parent=entry.id)


def debits_minus_credits(lines: Iterable[Record[LedgerEntryLine]]) -> Decimal:
    """The sum of debits less that of credits, in euros; zero when the lines balance."""
    return sum((Decimal(line.body.debit) - Decimal(line.body.credit) for line in lines), Decimal(0))


def _check_amounts(context: RequestContext, line: JsonObject) -> dict[str, str]:
    """A line's two amounts, of which one is zero."""
    context.find("ledger_account", line["ledger_account_id"], "Ledger account")
    amounts = {name: parse_decimal(name, line[name] or "0") for name in ("debit", "credit")}
    if context.rules.entry_line_has_one_side and (min(amounts.values()) or max(amounts.values()) < 0):
        raise unprocessable("A line has either a debit or a credit, and neither is negative")
    return {name: format_amount(amount) for name, amount in amounts.items()}


def create_invoice_entry(context: RequestContext, invoice: CustomerInvoice | SupplierInvoice) -> None:
    """Give a new invoice its ledger entry, a draft without lines."""
    # By code, which every company has from its seed; ids differ between companies.
    code = (_SALES if isinstance(invoice, CustomerInvoice) else _PURCHASES).journal
    (journal,) = context.records.select(Journal, Selection([_JOURNAL_CODE], [code], "id ASC", 1))
    fields = {"journal_id": journal.id, "currency": invoice.currency, "status": "draft"}
    entry = LedgerEntry.from_fields({**fields, **_entry_heading(invoice)})
    invoice.ledger_entry_id = context.records.insert(LedgerEntry.KIND, entry).id


def post_invoice_entry(
    context: RequestContext, invoice: CustomerInvoice | SupplierInvoice, account: int | None
) -> None:
    """Fill the ledger entry of an invoice that is issued or imported, or fill it anew.

    ``account`` is the ledger account of the invoice's first line, which stands for all of them; a general one
    when None.
    """
    entry = context.find(LedgerEntry, invoice.ledger_entry_id)
    entry.body = entry.body.updated({**_entry_heading(invoice), "status": "complete"})
    if isinstance(invoice, CustomerInvoice):
        accounts = _SALES
        party = context.find(Customer, invoice.customer_id).body.ledger_account_id
    else:
        accounts = _PURCHASES
        party = context.find(Supplier, invoice.supplier_id).body.ledger_account_id
    total, tax = Decimal(invoice.amount), Decimal(invoice.tax)
    net_account = account or get_or_create_account(context, accounts.account)
    created = [
        _posting(party, accounts.sign * total),
        _posting(net_account, accounts.sign * (tax - total)),
        _posting(get_or_create_account(context, accounts.vat_account), -accounts.sign * tax),
    ]
    context.records.update(entry)
    # Replaced, not changed: what was a debit may have become a credit.
    deleted = [{"id": line.id} for line in entry_lines(context, entry)]
    change_entry_lines(context, entry, {"delete": deleted, "create": created})


def delete_invoice_entry(context: RequestContext, invoice: CustomerInvoice) -> None:
    """Delete the entry of a draft that is deleted."""
    context.records.delete([context.find("ledger_entry", invoice.ledger_entry_id)])


def _entry_heading(invoice: CustomerInvoice | SupplierInvoice) -> JsonObject:
    number = None if invoice.invoice_number is UNSET else invoice.invoice_number or None
    return {
        "label": invoice.label or f"Invoice {number or ''}".strip(),
        "date": invoice.date,
        "due_date": invoice.deadline,
        "invoice_number": number,
        "piece_number": number,
    }


def _posting(account: int, debit: Decimal) -> JsonObject:
    """A line of an entry; a negative debit is a credit."""
    amounts = (debit, Decimal(0)) if debit > 0 else (Decimal(0), -debit)
    debit_text, credit_text = map(format_amount, amounts)
    return {"ledger_account_id": account, "debit": debit_text, "credit": credit_text}
