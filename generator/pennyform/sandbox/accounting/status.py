"""Where an issued document stands: paid or owed, credited, sent. Worked out from what is kept and the time.

Nothing here is stored: a status moves with the clock and with what hangs on the invoice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from pennyform.sandbox.clock import moment
from pennyform.sandbox.money import currencies, money
from pennyform.sandbox.rules import Rules

# What an invoice begins with. Amounts are in its own currency.
BEGINNING: dict[str, Any] = {
    "origin": "created",  # or imported, factur_x
    "issued_at": None,
    "incomplete": False,
    "marked_as_paid": False,
    "settled": "0.0",  # covered by matched transactions
    "credited": "0.0",  # taken back by linked credit notes
    "credited_invoice_id": None,
    "category_ids": [],
    "file_attachment_id": None,
    "factur_x_at": None,
    "submitted_at": None,
    "flow_id": None,
    "quote_id": None,
    "billing_subscription_id": None,
}


def status(kept: dict[str, Any], now: datetime, rules: Rules) -> str:
    """The status of a customer invoice.

    A draft credit note shows ``credit_note``, not ``draft``; a linked one ``cancelled``.
    """
    if kept["credit_note"]:
        return "cancelled" if kept["credited_invoice_id"] else "credit_note"
    if kept["draft"]:
        return "draft"
    if kept["incomplete"]:
        return "incomplete"
    return _of_issued(kept, now, rules)


def _of_issued(kept: dict[str, Any], now: datetime, rules: Rules) -> str:
    total, credited = Decimal(kept["currency_amount"]), Decimal(kept["credited"])
    if total and credited == total and rules.credit_cancels:
        return "cancelled"
    if owed(kept) <= 0:
        return "paid"
    if Decimal(kept["settled"]):
        return "partially_paid"
    if credited:
        return "partially_cancelled" if rules.credit_cancels else "partially_paid"
    return "late" if kept["deadline"] < now.date().isoformat() else "upcoming"


def owed(kept: dict[str, Any]) -> Decimal:
    """What is still to be paid of an invoice, or to be paid out of a credit note (negative)."""
    if kept["marked_as_paid"]:
        return Decimal(0)
    # Negative when something was paid that was then credited.
    return Decimal(kept["currency_amount"]) - Decimal(kept["settled"]) - Decimal(kept["credited"])


def remaining(kept: dict[str, Any]) -> dict[str, str | None]:
    """What is still to be paid, with tax and, in proportion, without; null on drafts and credit notes."""
    if kept["draft"] or kept["credit_note"]:
        return {"remaining_amount_with_tax": None, "remaining_amount_without_tax": None}
    total, left = Decimal(kept["currency_amount"]), max(owed(kept), Decimal(0))
    before_tax = left * Decimal(kept["currency_amount_before_tax"]) / total if total else total
    decimals = currencies.decimals(kept["currency"])
    return {
        "remaining_amount_with_tax": money.text(left),
        "remaining_amount_without_tax": money.text(money.rounded(before_tax, decimals)),
    }


# An e-invoice that came as XML alone has nothing to look at.
_DISPLAYED = frozenset({"application/pdf", "image/png", "image/jpeg", "image/tiff", "image/bmp", "image/gif"})


def has_file(kept: dict[str, Any], now: datetime, rules: Rules) -> bool:
    """Whether the document's PDF is there: an imported one came with it, any other takes time to be made."""
    if kept["draft"]:
        return False
    if kept["origin"] == "created":
        return passed(kept["issued_at"], rules.pdf_seconds, now)
    return kept["media_type"] in _DISPLAYED


def factur_x(kept: dict[str, Any], now: datetime, rules: Rules) -> bool:
    """Whether the document's PDF carries its data: an e-invoice does, a conversion takes time."""
    return kept["origin"] == "factur_x" or passed(kept["factur_x_at"], rules.pdf_seconds, now)


def e_invoicing(kept: dict[str, Any], now: datetime, rules: Rules) -> dict[str, Any] | None:
    """What the platform says about an invoice: submitted, and later sent; None when it was not given one."""
    if kept["submitted_at"] is None:
        return None
    sent = passed(kept["submitted_at"], rules.pa_seconds, now)
    return {"status": "sent" if sent else "submitted", "reason": None, "flow": {"id": kept["flow_id"]}}


def passed(since: str | None, seconds: float, now: datetime) -> bool:
    """Whether so many seconds have gone by; never, when it has not begun."""
    return since is not None and moment(since) + timedelta(seconds=seconds) <= now
