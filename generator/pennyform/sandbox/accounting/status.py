"""The status of an issued document: paid or owed, credited, sent. Computed from what is stored and the time.

Nothing here is stored: a status changes with the clock and with what is attached to the invoice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from pennyform.sandbox.clock import moment
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.documents import CustomerInvoice, Document, Quote
from pennyform.sandbox.money import rates
from pennyform.sandbox.money.arithmetic import format_amount, round_half_up
from pennyform.sandbox.rules import Rules

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
    """Whether the document's PDF carries its data: an e-invoice does, a conversion takes time."""
    return invoice.origin == "factur_x" or has_elapsed(invoice.factur_x_at, rules.pdf_seconds, now)


def e_invoicing(invoice: CustomerInvoice, now: datetime, rules: Rules) -> JsonObject | None:
    """What the platform says about an invoice: submitted, and later sent; None when it was not given one."""
    if invoice.submitted_at is None:
        return None
    sent = has_elapsed(invoice.submitted_at, rules.pa_seconds, now)
    return {"status": "sent" if sent else "submitted", "reason": None, "flow": {"id": invoice.flow_id}}


def has_elapsed(since: str | None, seconds: float, now: datetime) -> bool:
    """Whether so many seconds have gone by; never, when it has not begun."""
    return since is not None and moment(since) + timedelta(seconds=seconds) <= now
