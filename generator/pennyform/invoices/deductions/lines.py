"""The lines by which a balance invoice takes off a deposit: one for each VAT code, to the cent.

Each says exactly minus what the deposit invoice says at that code, before tax and tax. Where the tax of one
line is a cent off, there are as many lines as it takes (``money.exact_tax``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from pennyform.invoices.expressions.l10n import long_date, translated
from pennyform.invoices.model import (
    UNSET,
    Deduction,
    DesiredInvoice,
    Id,
    InvoiceBody,
    InvoiceLine,
    LineBody,
    NumberOf,
    TextPart,
    Unset,
    lines_of,
    text_of,
)
from pennyform.invoices.money.exact_tax import split_for_tax
from pennyform.invoices.money.totals import (
    Product,
    Totals,
    UnknownProductError,
    fill_from_product,
    totals,
)


class Booking(NamedTuple):
    """The account that a deposit is booked on, and whether it is for goods or services, where it says so."""

    ledger_account: Id | Unset = UNSET
    substance: str | Unset = UNSET


class DepositAmount(NamedTuple):
    """What is left of a deposit at one VAT code, and how it is booked."""

    vat_rate: str
    before_tax: Decimal
    tax: Decimal
    booking: Booking = Booking()


@dataclass(frozen=True, slots=True)
class Deposit:
    """What a balance invoice needs to know about a deposit invoice.

    ``number`` is its legal number, or whose number it will be. ``amounts`` are what is left of it, by VAT
    code; None when only the account knows the price of a product. ``charged`` is what it came to, tax
    included.
    """

    reference: str
    number: TextPart
    date: dt.date
    customer: Id
    currency: str
    amounts: tuple[DepositAmount, ...] | None
    charged: Decimal | None
    is_credit_note: bool = False

    @property
    def remaining(self) -> Decimal | None:
        """What is left of it, tax included."""
        if self.amounts is None:
            return None
        return sum((amount.before_tax + amount.tax for amount in self.amounts), Decimal(0))


def deposit_of(
    invoice: DesiredInvoice, credit_notes: Iterable[DesiredInvoice], product: Product, rounding: str
) -> Deposit:
    """The deposit that ``invoice`` is.

    Args:
        invoice: the deposit invoice as it is defined.
        credit_notes: those that take back a part of it.
        product: gives the fields of a declared product.
        rounding: the rounding model of the repository.
    """
    body = invoice.body
    amounts, charged = None, None
    try:
        computed = totals(body, rounding=rounding, product=product)
        notes = [totals(note.body, rounding=rounding, product=product) for note in credit_notes]
    except UnknownProductError:
        pass  # the plan knows it, once the deposit is final
    else:
        charged = computed.amount
        amounts = remaining_of(computed, notes, bookings(lines_of(body), product))
    return Deposit(
        invoice.external_reference,
        NumberOf(invoice.external_reference),
        body.date,
        body.customer_id,
        body.currency or "EUR",  # the API's default
        amounts,
        charged,
        invoice.credit_note_of is not None,
    )


def remaining_of(
    deposit: Totals, credit_notes: Iterable[Totals], booked: Mapping[str, Booking]
) -> tuple[DepositAmount, ...]:
    """What is left of ``deposit`` by VAT code after ``credit_notes``, whose amounts are below zero."""
    remaining = {
        vat.vat_rate: DepositAmount(vat.vat_rate, vat.base, vat.tax, booked.get(vat.vat_rate, Booking()))
        for vat in deposit.vat
    }
    for note in credit_notes:
        for vat in note.vat:
            known = remaining.get(vat.vat_rate, DepositAmount(vat.vat_rate, Decimal(0), Decimal(0)))
            remaining[vat.vat_rate] = known._replace(
                before_tax=known.before_tax + vat.base, tax=known.tax + vat.tax
            )
    return tuple(amount for amount in remaining.values() if amount.before_tax or amount.tax)


def bookings(lines: Iterable[LineBody], product: Product) -> dict[str, Booking]:
    """How all lines at a VAT code are booked, where they are booked in one and the same way.

    The lines that take them off are booked so too; goods and services can also differ in their category on an
    electronic invoice.
    """
    booked: dict[str, set[Booking]] = {}
    for line in lines:
        known = product(line.product_id) if line.product_id else None
        # Lines that are imported do not say what they are for.
        substance = getattr(line, "substance", UNSET) or (known.substance if known else UNSET) or UNSET
        code = fill_from_product(line, product).vat_rate
        if code is not UNSET:
            booked.setdefault(code, set()).add(Booking(line.ledger_account_id, substance))
    return {
        code: Booking(*(_common(values) for values in zip(*of_code, strict=True)))
        for code, of_code in booked.items()
    }


def _common(values: Sequence[Any]) -> Any:
    return values[0] if len(set(values)) == 1 else UNSET


def deduction_lines(
    deduction: Deduction, deposit: Deposit, *, language: str, rounding: str
) -> tuple[InvoiceLine, ...]:
    """The lines that take ``deposit`` off; none while its amounts are not known.

    Args:
        deduction: what the balance invoice asks for.
        deposit: what it takes off.
        language: of the balance invoice.
        rounding: ``line`` or ``document``.
    """
    label = deduction.label
    if label is None:
        of = f"{translated('deposit_date', language)}{long_date(deposit.date, language)}"
        label = text_of([translated("deposit_invoice", language), deposit.number, of])
    lines: list[InvoiceLine] = []
    for amount in deposit.amounts or ():
        # A cent that no line reaches shows when deposits and balance are added up (``open_cents``).
        prices, _ = split_for_tax(
            amount.before_tax, amount.tax, amount.vat_rate, deposit.currency, rounding=rounding
        )
        lines += [
            InvoiceLine(
                product_id=UNSET,
                label=label,
                description=UNSET,
                quantity=Decimal(-1),
                unit=translated("deposit", language),
                raw_currency_unit_price=price,
                vat_rate=amount.vat_rate,
                ledger_account_id=amount.booking.ledger_account,
                substance=amount.booking.substance,
            )
            for price in prices
        ]
    return tuple(lines)


def with_lines(invoice: DesiredInvoice, lines: Iterable[Sequence[InvoiceLine]]) -> DesiredInvoice:
    """``invoice`` with ``lines`` for its deductions, in their order, in place of those that it had."""
    if not isinstance(invoice.body, InvoiceBody):
        return invoice
    lines, charging = list(lines), own_lines(invoice)
    body = invoice.body._replace(invoice_lines=(*charging, *(line for group in lines for line in group)))
    deductions = tuple(
        deduction._replace(lines=len(group))
        for deduction, group in zip(invoice.deductions, lines, strict=True)
    )
    return invoice._replace(body=body, deductions=deductions)


def own_lines(invoice: DesiredInvoice) -> tuple[InvoiceLine, ...]:
    """The lines of ``invoice`` that take no deposit off."""
    if not isinstance(invoice.body, InvoiceBody):
        return ()
    lines = invoice.body.invoice_lines
    return lines[: len(lines) - sum(deduction.lines for deduction in invoice.deductions)]
