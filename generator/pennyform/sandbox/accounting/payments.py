"""Payments of an invoice, and the status that follows.

The status is not stored: it changes with the clock and with what is attached to the invoice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from pennyform.sandbox.api_errors import not_found, unprocessable
from pennyform.sandbox.clock import moment
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.documents import CustomerInvoice, Document, Quote, SupplierInvoice
from pennyform.sandbox.model.ledger import Transaction, TransactionMatch
from pennyform.sandbox.money import rates
from pennyform.sandbox.money.arithmetic import format_amount, round_half_up
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.rules import Rules
from pennyform.sandbox.storage.records import Record, Selection

# An e-invoice that came as XML alone has nothing to look at.
_DISPLAYED = frozenset({"application/pdf", "image/png", "image/jpeg", "image/tiff", "image/bmp", "image/gif"})


def invoice_status(invoice: CustomerInvoice, now: datetime, rules: Rules) -> str:
    """The status of a customer invoice.

    A draft credit note shows ``credit_note``, not ``draft``; a linked one ``cancelled`` (both seen).
    """
    if invoice.credit_note:
        return "cancelled" if invoice.credited_invoice_id else "credit_note"
    if invoice.draft:
        return "draft"
    return "incomplete" if invoice.incomplete else _issued_status(invoice, now, rules)


def _issued_status(invoice: CustomerInvoice, now: datetime, rules: Rules) -> str:
    total, credited = Decimal(invoice.currency_amount), Decimal(invoice.credited)
    if total and credited == total and rules.credit_cancels:
        return "cancelled"
    if amount_owed(invoice) <= 0:
        return "paid"
    if Decimal(invoice.settled):
        return "partially_paid"
    if credited:
        return "partially_cancelled" if rules.credit_cancels else "partially_paid"
    # Late the day after the deadline (seen).
    return "late" if invoice.deadline < now.date().isoformat() else "upcoming"


def amount_owed(invoice: Document) -> Decimal:
    """What is still to be paid of an invoice, or to be paid out of a credit note (negative)."""
    if invoice.marked_as_paid:
        return Decimal(0)
    # Negative when something was paid that was then credited.
    return Decimal(invoice.currency_amount) - Decimal(invoice.settled) - Decimal(invoice.credited)


def remaining_amounts(invoice: Document) -> dict[str, str]:
    """What is still to be paid, with tax and, in proportion, without; in the invoice's currency."""
    total, owed = Decimal(invoice.currency_amount), max(amount_owed(invoice), Decimal(0))
    # In proportion: with several VAT rates, it is unknown which of them was paid.
    before_tax = owed * Decimal(invoice.currency_amount_before_tax) / total if total else total
    decimals = rates.minor_unit_decimals(invoice.currency)
    return {
        "remaining_amount_with_tax": format_amount(owed),
        "remaining_amount_without_tax": format_amount(round_half_up(before_tax, decimals)),
    }


def has_file(document: CustomerInvoice | Quote, now: datetime, rules: Rules) -> bool:
    """Whether the document's PDF is there: an imported one came with it, any other takes time to be made.

    The contract says that it takes time, not how long: ``Rules.pdf_seconds``.
    """
    if document.draft:
        return False
    if document.origin == "created":
        return has_elapsed(document.issued_at, rules.pdf_seconds, now)
    return document.media_type in _DISPLAYED


def has_factur_x(invoice: CustomerInvoice, now: datetime, rules: Rules) -> bool:
    """Whether the document's PDF carries its data: one that was issued does, a conversion takes time."""
    is_issued = invoice.origin == "created" and has_file(invoice, now, rules)
    is_converted = has_elapsed(invoice.factur_x_at, rules.pdf_seconds, now)
    return is_issued or invoice.origin == "factur_x" or is_converted


def e_invoicing(invoice: CustomerInvoice, now: datetime, rules: Rules) -> JsonObject | None:
    """What the platform says about an invoice; None when it was not given one.

    It is submitted, then sent, then answered; one that was accepted is collected as it is paid.
    """
    if invoice.submitted_at is None:
        return None
    status = _platform_status(invoice, now, rules)
    return {"status": status, "reason": _REASONS.get(status), "flow": {"id": invoice.flow_id}}


# Why, in the words of whoever answers; the contract has any text here.
_REASONS = {
    "in_dispute": "The quantity is not the one that was delivered",
    "refused": "The order that the invoice is about is unknown",
    "rejected": "BR-FR-12: the electronic address of the buyer is unknown",
}


def _platform_status(invoice: CustomerInvoice, now: datetime, rules: Rules) -> str:
    submitted, answer = invoice.submitted_at, rules.pa_answer
    if not has_elapsed(submitted, rules.pa_seconds, now):
        return "submitted"
    if answer == "rejected":
        return answer
    if answer == "none" or not has_elapsed(submitted, rules.pa_seconds + rules.pa_answer_seconds, now):
        return "sent"
    if answer in {"accepted", "approved"}:
        owed, total = amount_owed(invoice), Decimal(invoice.currency_amount)
        if owed != total:
            return "partially_collected" if owed else "collected"
    return answer


def has_elapsed(since: str | None, seconds: float, now: datetime) -> bool:
    """Whether so many seconds have gone by; never, when it has not begun."""
    return since is not None and moment(since) + timedelta(seconds=seconds) <= now


InvoiceRecord = Record[CustomerInvoice] | Record[SupplierInvoice]

# The contract's provider fields are a bank's label or another provider's id; only labels are stored here.
_BANKS = frozenset({"bank", "budgetinsight"})
_MATCHED = "json_extract(body, '$.transaction_id') = ?"
_LABEL = "json_extract(body, '$.label') = ?"
_REFERENCE = "json_extract(body, '$.transaction_reference.provider_field_value') = ?"


def match_transaction(
    context: RequestContext, invoice: InvoiceRecord, transaction: Record[Transaction]
) -> None:
    """Let a transaction pay an invoice, as far as what is left of it goes.

    Raises:
        ApiError: 422 when the two are matched already.
    """
    if _matches_between(context, transaction, invoice):
        raise unprocessable("The transaction is already matched with this invoice")
    covered = _covered_amount(context, invoice, transaction)
    used = round_half_up(covered * _exchange(invoice, transaction), 2)
    match = TransactionMatch(
        transaction_id=transaction.id, covered=format_amount(covered), used=format_amount(used)
    )
    context.records.insert(TransactionMatch.KIND, match, parent=invoice.id)
    _add_payment(context, invoice, covered)


def unmatch_transaction(context: RequestContext, invoice: InvoiceRecord, transaction: int) -> None:
    """Undo :func:`match_transaction`; 404 when the two are not matched."""
    record = context.records.get(Transaction, transaction)
    matches = _matches_between(context, record, invoice) if record else []
    if not matches:
        raise not_found(f"Transaction {transaction}")
    context.records.delete(matches)
    _add_payment(context, invoice, -Decimal(matches[0].body.covered))


def matches_of(transaction: int) -> Selection:
    """Selects the matches of a transaction; their parents are the invoices."""
    return Selection([_MATCHED], [transaction])


def reconcile_invoice(context: RequestContext, invoice: Record[CustomerInvoice]) -> None:
    """Match an invoice with the transaction that it refers to, when that is there."""
    reference = invoice.body.transaction_reference
    # That it happens at once is an assumption: `Rules.reference_matches`.
    if not reference or reference["banking_provider"] not in _BANKS or not context.rules.reference_matches:
        return
    # The oldest of several transactions with the label.
    selection = Selection([_LABEL], [reference["provider_field_value"]], "id ASC", 1)
    for transaction in context.records.select(Transaction, selection):
        if not _matches_between(context, transaction, invoice):
            match_transaction(context, invoice, transaction)


def reconcile_transaction(context: RequestContext, transaction: Record[Transaction]) -> None:
    """Match a new transaction with the invoices that have been waiting for it."""
    if not context.rules.reference_matches:
        return
    selection = Selection([_REFERENCE], [transaction.body.label], "id ASC")
    for invoice in context.records.select(CustomerInvoice, selection):
        reference = invoice.body.transaction_reference
        if reference and reference["banking_provider"] in _BANKS:
            match_transaction(context, invoice, transaction)


def link_credit_note(
    context: RequestContext, invoice: Record[CustomerInvoice], note: Record[CustomerInvoice]
) -> None:
    """Let a credit note take back an invoice, or a part of it.

    Raises:
        ApiError: 422 when one of the two is no such document, is a draft, or the two do not go together.
    """
    if not note.body.credit_note or note.body.draft:
        raise unprocessable("credit_note_id must be the id of a finalized credit note")
    if invoice.body.credit_note or invoice.body.draft:
        raise unprocessable("A credit note can only be linked to a finalized invoice")
    if note.body.credited_invoice_id:
        raise unprocessable("The credit note is already linked to an invoice")
    if context.rules.credit_must_fit:
        for name in ("customer_id", "currency"):
            if getattr(invoice.body, name) != getattr(note.body, name):
                raise unprocessable(f"The credit note and the invoice must have the same {name}")
    # A credit note's total is negative.
    taken = -Decimal(note.body.currency_amount)
    credited = Decimal(invoice.body.credited) + taken
    limits = {
        "remaining": amount_owed(invoice.body) - taken,
        "amount": Decimal(invoice.body.currency_amount) - credited,
    }
    if limits.get(context.rules.credit_limit, Decimal(0)) < 0:
        raise unprocessable("The credit note is larger than what remains of the invoice")
    invoice.body.credited = format_amount(credited)
    note.body.credited_invoice_id = invoice.id
    context.records.update(invoice)
    context.records.update(note)


def _matches_between(
    context: RequestContext, transaction: Record[Transaction], invoice: InvoiceRecord
) -> list[Record[TransactionMatch]]:
    return context.records.select(TransactionMatch, matches_of(transaction.id), parent=invoice.id)


def _covered_amount(
    context: RequestContext, invoice: InvoiceRecord, transaction: Record[Transaction]
) -> Decimal:
    """As much of what is owed as is left of the transaction, in the invoice's currency.

    Nothing when the money went the other way (assumed: ``Rules.match_pays_all``).
    """
    owed = amount_owed(invoice.body)
    if context.rules.match_pays_all:
        return owed
    matches = context.records.select(TransactionMatch, matches_of(transaction.id))
    used = sum((Decimal(match.body.used) for match in matches), Decimal(0))
    available = (Decimal(transaction.body.currency_amount) - used) * _exchange(transaction, invoice)
    if isinstance(invoice.body, SupplierInvoice):
        available = -available
    covered = min(owed, available) if owed > 0 else max(owed, available)
    if covered * owed <= 0:
        return Decimal(0)
    return round_half_up(covered, rates.minor_unit_decimals(invoice.body.currency))


def _exchange(
    source: InvoiceRecord | Record[Transaction], target: InvoiceRecord | Record[Transaction]
) -> Decimal:
    """Units of the target's currency for one of the source's."""
    return rates.exchange_rate(source.body.currency) / rates.exchange_rate(target.body.currency)


def _add_payment(context: RequestContext, invoice: InvoiceRecord, covered: Decimal) -> None:
    invoice.body.settled = format_amount(Decimal(invoice.body.settled) + covered)
    context.save_attached(invoice)
