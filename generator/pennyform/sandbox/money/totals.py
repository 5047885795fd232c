"""The totals of a document as it is stored, by the rules of the sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from pennyform.sandbox.model.documents import InvoiceLine, SalesDocument, StoredDiscount
from pennyform.sandbox.money import arithmetic, rates
from pennyform.sandbox.money.arithmetic import Discount, Totals
from pennyform.sandbox.money.parsing import parse_discount, vat_percent
from pennyform.sandbox.rules import Rules


def totals_of(document: SalesDocument, lines: Sequence[InvoiceLine], rules: Rules) -> Totals:
    """What ``document`` and its ``lines`` come to.

    Raises:
        ApiError: 422 for a discount that is no number, or a VAT code that no line may carry.
    """
    return arithmetic.compute_totals(
        [priced_line(line, rules) for line in lines],
        signed_discount(document.discount, rules),
        rates.minor_unit_decimals(document.currency),
        rules.rounding,
        rules.invoice_discount,
    )


def priced_line(line: InvoiceLine, rules: Rules) -> arithmetic.Line:
    """A stored line as its amounts follow from it.

    Raises:
        ApiError: see :func:`totals_of`.
    """
    return arithmetic.Line(
        quantity=Decimal(line.quantity),
        unit_price=Decimal(line.raw_currency_unit_price),
        vat_rate=line.vat_rate,
        percent=vat_percent(line.vat_rate, reverse_charge=rules.reverse_charge_taxed),
        discount=signed_discount(line.discount, rules),
    )


def signed_discount(discount: StoredDiscount, rules: Rules) -> Discount:
    """A discount with its sign, as the rules have it."""
    return parse_discount(discount.type, discount.value, signed=rules.discount_signed)
