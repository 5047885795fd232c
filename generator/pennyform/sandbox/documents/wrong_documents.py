"""Documents that are not what was issued, one kind of fault each: what a check of them has to find."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from pennyform.sandbox.documents.issued_invoice import Issued, Line, Party
from pennyform.sandbox.model.parties import Address
from pennyform.sandbox.money.arithmetic import Amounts, round_half_up

_CENT = Decimal("0.01")
_STRANGER = Party(
    "Somebody Else SARL",
    Address("9 rue Ailleurs", "33000", "Bordeaux", "FR"),
    "443061841",
    "FR27443061841",
    "0225:443061841",
)


def _changed_first(change: Callable[[Line], Line]) -> Callable[[Issued], Issued]:
    """The first line is another one, and the sums are those of the lines."""

    def wrong(invoice: Issued) -> Issued:
        return invoice.with_line(0, change(invoice.lines[0]))

    return wrong


def _priced(line: Line, quantity: Decimal, price: Decimal) -> Line:
    """A line with another quantity or price, and the amount that follows."""
    before_tax = round_half_up(quantity * price, 2) - line.off
    return replace(line, quantity=quantity, price=price, before_tax=before_tax)


def _rate(line: Line) -> Line:
    vat = line.vat
    if vat.percent:
        return replace(line, vat=replace(vat, percent=Decimal("5.5") if vat.percent == 20 else Decimal(20)))
    return replace(line, vat=replace(vat, category="S", percent=Decimal(20), reason="", reason_code=""))


def _vat_amount(invoice: Issued) -> Issued:
    vat, amounts = next(iter(invoice.taxes.items()))
    return replace(invoice, taxes={**invoice.taxes, vat: Amounts(amounts.before_tax, amounts.tax + _CENT)})


def _later(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


# What is wrong with the invoice that the XML tells; the rest of it is as it would be if that were right.
WRONG_INVOICES: Mapping[str, Callable[[Issued], Issued]] = {
    "total": lambda invoice: replace(invoice, wrong_total=invoice.with_tax + _CENT),
    "vat_rate": _changed_first(_rate),
    "vat_amount": _vat_amount,
    "missing_line": lambda invoice: invoice.with_line(len(invoice.lines) - 1, None),
    "additional_line": lambda invoice: replace(
        invoice.with_line(0, invoice.lines[0]),
        lines=(*invoice.lines, replace(invoice.lines[0], label="More")),
    ),
    "line_price": _changed_first(lambda line: _priced(line, line.quantity, line.price + 1)),
    "line_quantity": _changed_first(lambda line: _priced(line, line.quantity + 1, line.price)),
    "line_text": _changed_first(lambda line: replace(line, label=f"Another {line.label}")),
    "buyer": lambda invoice: replace(invoice, buyer=_STRANGER),
    "number": lambda invoice: replace(invoice, number=f"{invoice.number[:-1]}X"),
    "date": lambda invoice: replace(invoice, date=_later(invoice.date)),
    "deadline": lambda invoice: replace(invoice, deadline=_later(invoice.deadline)),
    "currency": lambda invoice: replace(invoice, currency="CHF" if invoice.currency != "CHF" else "EUR"),
    "kind": lambda invoice: replace(invoice, type_code="381" if invoice.type_code == "380" else "380"),
}
PAGE = b"<!DOCTYPE html>\n<html><body><h1>Please sign in</h1></body></html>\n"
