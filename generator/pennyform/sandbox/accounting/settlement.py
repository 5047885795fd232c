"""What pays an invoice: transactions that are matched with it, and credit notes that take it back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pennyform.sandbox.accounting import status
from pennyform.sandbox.api_errors import not_found, unprocessable
from pennyform.sandbox.money import currencies, money
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Selection

KIND = "matched_transaction"
# A reference to a transaction is found by the text that the bank gave it; other providers are not kept here.
_BANKS = frozenset({"bank", "budgetinsight"})
_MATCHED = "json_extract(body, '$.transaction_id') = ?"
_LABEL = "json_extract(body, '$.label') = ?"
_REFERENCE = "json_extract(body, '$.transaction_reference.provider_field_value') = ?"


def match(context: RequestContext, invoice: JsonRecord, transaction: JsonRecord) -> None:
    """Let a transaction pay an invoice, as far as what is left of it goes.

    Raises:
        ApiError: 422 when the two are matched already.
    """
    if _matches(context, transaction, invoice):
        raise unprocessable("The transaction is already matched with this invoice")
    covered = _covered(context, invoice, transaction)
    rate = _rate(invoice) / _rate(transaction)
    body = {
        "transaction_id": transaction.id,
        "covered": money.text(covered),
        "used": money.text(money.rounded(covered * rate, 2)),
    }
    context.records.insert(KIND, body, parent=invoice.id)
    _settle(context, invoice, covered)


def unmatch(context: RequestContext, invoice: JsonRecord, transaction: int) -> None:
    """Undo :func:`match`.

    Raises:
        ApiError: 404 when the two are not matched.
    """
    record = context.records.get("transaction", transaction)
    found = _matches(context, record, invoice) if record else []
    if not found:
        raise not_found(f"Transaction {transaction}")
    context.records.delete(found)
    _settle(context, invoice, -Decimal(found[0].body["covered"]))


def matches_of(transaction: JsonRecord) -> Selection:
    """The matches of a transaction; their parents are the invoices."""
    return Selection([_MATCHED], [transaction.id])


def reconcile_invoice(context: RequestContext, invoice: JsonRecord) -> None:
    """Match an invoice with the transaction that it refers to, when that is there."""
    reference = invoice.body["transaction_reference"]
    if not reference or reference["banking_provider"] not in _BANKS or not context.rules.reference_matches:
        return
    value = reference["provider_field_value"]
    for transaction in context.records.select("transaction", Selection([_LABEL], [value], "id ASC", 1)):
        if not _matches(context, transaction, invoice):
            match(context, invoice, transaction)


def reconcile_transaction(context: RequestContext, transaction: JsonRecord) -> None:
    """Match a new transaction with the invoices that have been waiting for it."""
    if not context.rules.reference_matches:
        return
    selection = Selection([_REFERENCE], [transaction.body["label"]], "id ASC")
    for invoice in context.records.select("customer_invoice", selection):
        if invoice.body["transaction_reference"]["banking_provider"] in _BANKS:
            match(context, invoice, transaction)


def credit(context: RequestContext, invoice: JsonRecord, note: JsonRecord) -> None:
    """Let a credit note take back an invoice, or a part of it.

    Raises:
        ApiError: 422 when one of the two is no such document, is a draft, or the two do not go together.
    """
    _check_credit(invoice.body, note.body)
    if context.rules.credit_must_fit:
        _check_parties(invoice.body, note.body)
    credited = Decimal(invoice.body["credited"]) - Decimal(note.body["currency_amount"])
    if credited > Decimal(invoice.body["currency_amount"]) and not context.rules.credit_may_exceed:
        raise unprocessable("The credit note is larger than what remains of the invoice")
    invoice.body["credited"] = money.text(credited)
    note.body["credited_invoice_id"] = invoice.id
    context.records.update(invoice)
    context.records.update(note)


def _check_credit(invoice: dict[str, Any], note: dict[str, Any]) -> None:
    if not note["credit_note"] or note["draft"]:
        raise unprocessable("credit_note_id must be the id of a finalized credit note")
    if invoice["credit_note"] or invoice["draft"]:
        raise unprocessable("A credit note can only be linked to a finalized invoice")
    if note["credited_invoice_id"]:
        raise unprocessable("The credit note is already linked to an invoice")


def _check_parties(invoice: dict[str, Any], note: dict[str, Any]) -> None:
    for name in ("customer_id", "currency"):
        if invoice[name] != note[name]:
            raise unprocessable(f"The credit note and the invoice must have the same {name}")


def _matches(context: RequestContext, transaction: JsonRecord, invoice: JsonRecord) -> list[JsonRecord]:
    return context.records.select(KIND, matches_of(transaction), parent=invoice.id)


def _covered(context: RequestContext, invoice: JsonRecord, transaction: JsonRecord) -> Decimal:
    """As much of what is owed as is left of the transaction; nothing when it went the other way."""
    if context.rules.match_pays_all:
        return status.owed(invoice.body)
    before = context.records.select(KIND, matches_of(transaction))
    used = sum((Decimal(one.body["used"]) for one in before), Decimal(0))
    rate = _rate(transaction) / _rate(invoice)
    left = (Decimal(transaction.body["currency_amount"]) - used) * rate
    if invoice.kind == "supplier_invoice":
        left = -left
    asked = status.owed(invoice.body)
    covered = min(asked, left) if asked > 0 else max(asked, left)
    if covered * asked <= 0:
        return Decimal(0)
    return money.rounded(covered, currencies.decimals(invoice.body["currency"]))


def _rate(record: JsonRecord) -> Decimal:
    return currencies.exchange_rate(record.body["currency"])


def _settle(context: RequestContext, invoice: JsonRecord, covered: Decimal) -> None:
    invoice.body["settled"] = money.text(Decimal(invoice.body["settled"]) + covered)
    context.save_attached(invoice)
