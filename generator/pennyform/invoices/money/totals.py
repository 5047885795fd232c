"""Totals of an invoice: per line, per VAT code and as a whole, in exact decimals.

docs/money.md states the rules with worked examples. In short: amounts are rounded half away from zero to
the currency's minor units; a line is rounded once, after its discount; a discount on the invoice is spread
over the lines in proportion, the largest remainders taking the odd cents.
"""

from __future__ import annotations

import decimal
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pennyform.invoices.model import (
    UNSET,
    Body,
    Discount,
    Id,
    ImportedInvoiceBody,
    InvoiceLine,
    Key,
    LineBody,
    ProductBody,
    Unset,
)
from pennyform.invoices.money.scalars import minor_units, plain_number
from pennyform.invoices.money.vat_codes import Rate, rates

if TYPE_CHECKING:
    from pennyform.results.values import InvoiceTotals, LineTotals


# Named tuples: `validate` computes totals in commit hooks (see pennyform.invoices.model.bodies).


class Line(NamedTuple):
    """One line after its own discount; a discount on the invoice is not in it."""

    label: str
    quantity: Decimal
    unit: str
    raw_currency_unit_price: Decimal
    vat_rate: str
    before_tax: Decimal
    tax: Decimal


class VatAmount(NamedTuple):
    """What is taxed at one VAT code, after all discounts, and the tax that stands on the document."""

    vat_rate: str
    percent: Decimal
    base: Decimal
    tax: Decimal


class Totals(NamedTuple):
    """The amounts of one invoice in ``currency``; ``vat`` is in the order in which the codes first appear."""

    currency: str
    before_tax: Decimal
    tax: Decimal
    vat: tuple[VatAmount, ...]
    lines: tuple[Line, ...]

    @property
    def amount(self) -> Decimal:
        """What is to be paid: before tax plus tax."""
        return self.before_tax + self.tax

    def record(self) -> InvoiceTotals:
        """The amounts as they are reported: the API's field names, text with the currency's decimals."""
        from pennyform.results.values import InvoiceTotals, VatTotals  # msgspec, which hooks do without

        return InvoiceTotals(
            self.currency,
            _text(self.before_tax),
            _text(self.tax),
            _text(self.amount),
            tuple(
                VatTotals(vat.vat_rate, plain_number(vat.percent), _text(vat.base), _text(vat.tax))
                for vat in self.vat
            ),
            tuple(
                _line_record(
                    str(line.label),
                    plain_number(line.quantity),
                    line.unit,
                    _text(line.raw_currency_unit_price),
                    line.vat_rate,
                    _text(line.before_tax),
                    _text(line.tax),
                    _text(line.before_tax + line.tax),
                )
                for line in self.lines
            ),
        )


@lru_cache(4096)
def _line_record(*texts: str) -> LineTotals:
    """A line as it is reported; lines that say the same are kept once."""
    from pennyform.results.values import LineTotals

    return LineTotals(*texts)


def _text(amount: Decimal) -> str:
    return sys.intern(f"{amount + 0:f}")


ZERO = Decimal(0)

# Twelve digits and six decimals on both factors fit with room to spare, so that only `_rounded` ever rounds.
_EXACT = decimal.Context(prec=80, rounding=decimal.ROUND_HALF_UP)

# What the API copies from the product into a line that does not say it, and the product's name for it.
FROM_PRODUCT = {
    "label": "label",
    "raw_currency_unit_price": "price_before_tax",
    "unit": "unit",
    "vat_rate": "vat_rate",
}

Product = Callable[[Id], ProductBody | None]


class UnknownProductError(LookupError):
    """A line leaves its price or VAT rate to a product that is only known to the account.

    ``product`` is what the line names.
    """

    def __init__(self, product: Id) -> None:
        self.product = product
        super().__init__(
            f"the product {product.value if isinstance(product, Key) else product} is not declared"
        )


def totals(body: Body, *, rounding: str, product: Product) -> Totals:
    """The amounts that ``body`` comes to. Those of an imported invoice are the ones that it states itself.

    Args:
        body: an invoice as its definition states it.
        rounding: ``line`` (tax per line to the cent) or ``document`` (tax per VAT code to the cent).
        product: gives the fields that a line leaves to its product, or None when it does not know it.

    Raises:
        UnknownProductError: a line needs a product that ``product`` does not know.
        KeyError: a VAT code that the contract does not have.
    """
    if rounding not in ("line", "document"):
        raise ValueError(f"no rounding model {rounding!r}")
    currency = body.currency or "EUR"
    if isinstance(body, ImportedInvoiceBody):
        return _imported_totals(body, currency)
    unit = Decimal(1).scaleb(-minor_units(currency))
    with decimal.localcontext(_EXACT):
        lines = tuple(_line(line, product, unit) for line in body.invoice_lines)
        bases_by_code: dict[str, Decimal] = {}
        taxes: dict[str, Decimal] = {}
        for line, amount in zip(lines, net_amounts(lines, body.discount, unit), strict=True):
            code = line.vat_rate
            bases_by_code[code] = bases_by_code.get(code, ZERO) + amount
            taxes[code] = taxes.get(code, ZERO) + _tax(amount, rates()[code], unit)
        # Real accounts round the tax of each line (seen); the other model is for those that do not.
        if rounding == "document":
            taxes = {code: _tax(base, rates()[code], unit) for code, base in bases_by_code.items()}
        vat = tuple(
            VatAmount(code, rates()[code].charged, base, taxes[code]) for code, base in bases_by_code.items()
        )
        before_tax = sum((amount.base for amount in vat), ZERO.quantize(unit))
        tax = sum((amount.tax for amount in vat), ZERO.quantize(unit))
    return Totals(currency, before_tax, tax, vat, lines)


def net_amounts(lines: Sequence[Line], discount: Discount | Unset | None, unit: Decimal) -> list[Decimal]:
    """What a ``discount`` on the invoice leaves of each line before tax."""
    with decimal.localcontext(_EXACT):
        bases = [line.before_tax for line in lines]
        # How Pennylane spreads a discount on the invoice is not documented. What differs by a cent is found
        # when the draft is read back, before anything is final.
        off = _rounded(_discount(sum(bases, ZERO), discount), unit)
        return [base - share for base, share in zip(bases, spread(off, bases, unit), strict=True)]


def spread(amount: Decimal, weights: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    """Split ``amount`` in proportion to ``weights``, in whole ``unit``, so that the parts add up to it.

    Each part is first cut towards zero; what is left over goes, one unit each, to the largest remainders and
    among equal ones to the first. Weights that add up to zero have no proportion: nothing is spread.
    """
    total = sum(weights, ZERO)
    if not amount or not total:
        return [ZERO] * len(weights)
    parts = [(amount * weight / total).quantize(unit, decimal.ROUND_DOWN) for weight in weights]
    remaining = amount - sum(parts, ZERO)
    step = unit.copy_sign(remaining)
    # Remainders times the total: a division that does not end is rounded, and equal remainders would differ.
    sign = step.copy_sign(step * total)
    losses = [(part * total - amount * weight) * sign for part, weight in zip(parts, weights, strict=True)]
    by_remainder = sorted(range(len(parts)), key=losses.__getitem__)
    for index in by_remainder[: int(remaining / step)]:
        parts[index] += step
    return parts


def fill_from_product(line: LineBody, product: Product) -> LineBody:
    """``line`` with what the API takes from its product, as far as ``product`` knows it."""
    if not line.product_id:
        return line
    known = product(line.product_id)
    if known is None:
        return line
    missing = {
        name: value
        for name, source in FROM_PRODUCT.items()
        if getattr(line, name) in (UNSET, None) and (value := getattr(known, source)) is not UNSET
    }
    return line._replace(**missing) if missing else line


def line_before_tax(line: LineBody, unit: Decimal) -> Decimal:
    """Quantity times price less the line's discount, rounded once to ``unit``.

    Args:
        line: one that states its price.
        unit: the currency's smallest amount.
    """
    if not isinstance(line.raw_currency_unit_price, Decimal):
        raise ValueError("the line leaves its price to a product")
    with decimal.localcontext(_EXACT):
        gross = line.quantity * line.raw_currency_unit_price
        return _rounded(gross - _discount(gross, line.discount), unit)


def _line(line: InvoiceLine, product: Product, unit: Decimal) -> Line:
    filled = fill_from_product(line, product)
    if filled.vat_rate is UNSET or filled.raw_currency_unit_price is UNSET:
        raise UnknownProductError(line.product_id or 0)
    before_tax = line_before_tax(filled, unit)
    tax = _tax(before_tax, rates()[filled.vat_rate], unit)
    price = filled.raw_currency_unit_price
    line_ = Line(
        filled.label or "", filled.quantity, filled.unit or "", price, filled.vat_rate, before_tax, tax
    )
    return _once(line_, str(filled.quantity), str(price))


@lru_cache(4096)
def _once(line: Line, *_texts: str) -> Line:
    """``line`` as it was computed before, if it was: the lines of many invoices repeat.

    The texts are those of its decimals, as equal ones are not always written alike.
    """
    return line


def _imported_totals(body: ImportedInvoiceBody, currency: str) -> Totals:
    """The amounts on the document; each VAT code has what its lines say, unrounded.

    Charges and allowances on the document are at the code whose rate gives their tax, if there is just one.
    """
    lines = []
    vat: dict[str, VatAmount] = {}
    for line in body.invoice_lines:
        before_tax, tax, code = line.currency_amount - line.currency_tax, line.currency_tax, line.vat_rate
        lines.append(
            Line(
                label=line.label or "",
                quantity=line.quantity,
                unit=line.unit or "",
                raw_currency_unit_price=line.raw_currency_unit_price,
                vat_rate=code,
                before_tax=before_tax,
                tax=tax,
            )
        )
        known = vat.get(code, VatAmount(code, rates()[code].charged, ZERO, ZERO))
        vat[code] = known._replace(base=known.base + before_tax, tax=known.tax + tax)
    base = body.currency_amount_before_tax - sum((amount.base for amount in vat.values()), ZERO)
    tax = body.currency_tax - sum((amount.tax for amount in vat.values()), ZERO)
    unit = Decimal(1).scaleb(-minor_units(currency))
    fitting = [code for code in vat if rounded_tax(base, rates()[code].charged, unit) == tax]
    if base and len(fitting) == 1:
        known = vat[fitting[0]]
        vat[known.vat_rate] = known._replace(base=known.base + base, tax=known.tax + tax)
    return Totals(
        currency, body.currency_amount_before_tax, body.currency_tax, tuple(vat.values()), tuple(lines)
    )


def _discount(amount: Decimal, discount: Discount | Unset | None) -> Decimal:
    """What ``discount`` takes off ``amount``. An absolute one is negative on a credit note."""
    if not discount or not discount.value:
        return ZERO
    return amount * discount.value / 100 if discount.type == "relative" else discount.value


def rounded_tax(base: Decimal, percent: Decimal, unit: Decimal) -> Decimal:
    """The tax of ``percent`` on ``base``, half a ``unit`` away from zero."""
    with decimal.localcontext(_EXACT):
        return _rounded(base * percent / 100, unit)


def _tax(base: Decimal, rate: Rate, unit: Decimal) -> Decimal:
    return _rounded(base * rate.charged / 100, unit)


def _rounded(amount: Decimal, unit: Decimal) -> Decimal:
    # `+ 0` turns a negative zero into zero, which would print as "-0.00".
    return amount.quantize(unit, decimal.ROUND_HALF_UP) + 0
