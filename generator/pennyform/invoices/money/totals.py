"""Totals of an invoice: per line, per VAT code and as a whole, in exact decimals.

docs/money.md states the rules with worked examples. In short: amounts are rounded half away from zero to
the currency's minor units; a line is rounded once, after its discount; a discount on the invoice is spread
over the lines in proportion, the largest remainders taking the odd cents.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pennyform.invoices.model import Key
from pennyform.invoices.money.currency import minor_units
from pennyform.invoices.money.model import Line, Totals, VatAmount
from pennyform.invoices.money.vat_codes import Rate, rates

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

Product = Callable[[Key | int], Mapping[str, Any] | None]


class UnknownProductError(LookupError):
    """A line leaves its price or VAT rate to a product that is only known to the account.

    ``product`` is what the line names.
    """

    def __init__(self, product: Key | int) -> None:
        self.product = product
        super().__init__(
            f"the product {product.value if isinstance(product, Key) else product} is not declared"
        )


def totals(body: Mapping[str, Any], *, rounding: str, product: Product) -> Totals:
    """The amounts that ``body`` comes to. Those of an imported invoice are the ones that it states itself.

    Args:
        body: an invoice's body, as in :class:`~pennyform.invoices.model.DesiredInvoice` or as sent.
        rounding: ``line`` (tax per line to the cent) or ``document`` (tax per VAT code to the cent).
        product: gives the fields that a line leaves to its product, or None when it does not know it.

    Raises:
        UnknownProductError: a line needs a product that ``product`` does not know.
        KeyError: a VAT code that the contract does not have.
    """
    if rounding not in ("line", "document"):
        raise ValueError(f"no rounding model {rounding!r}")
    currency = body.get("currency") or "EUR"
    if "currency_amount" in body:
        return _as_imported(body, currency)
    unit = Decimal(1).scaleb(-minor_units(currency))
    with decimal.localcontext(_EXACT):
        lines = tuple(_line(line, product, unit) for line in body["invoice_lines"])
        bases = [line.before_tax for line in lines]
        discount = _rounded(_discount(sum(bases, ZERO), body.get("discount")), unit)
        shares = spread(discount, bases, unit)
        kept = [(line.vat_rate, base - share) for line, base, share in zip(lines, bases, shares, strict=True)]
        vat = _per_code(kept, rounding, unit)
        before_tax = sum((amount.base for amount in vat), ZERO.quantize(unit))
        tax = sum((amount.tax for amount in vat), ZERO.quantize(unit))
    return Totals(currency, before_tax, tax, vat, lines)


def spread(amount: Decimal, weights: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    """Split ``amount`` in proportion to ``weights``, in whole ``unit``, so that the parts add up to it.

    Each part is first cut towards zero; what is left over goes, one unit each, to the largest remainders and
    among equal ones to the first. Weights that add up to zero have no proportion: nothing is spread.
    """
    total = sum(weights, ZERO)
    if not amount or not total:
        return [ZERO] * len(weights)
    exact = [amount * weight / total for weight in weights]
    parts = [share.quantize(unit, decimal.ROUND_DOWN) for share in exact]
    left = amount - sum(parts, ZERO)
    step = unit.copy_sign(left)
    neediest = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index]) * step)
    for index in neediest[: int(left / step)]:
        parts[index] += step
    return parts


def _per_code(amounts: Sequence[tuple[str, Decimal]], rounding: str, unit: Decimal) -> tuple[VatAmount, ...]:
    """Base and tax of each VAT code; ``amounts`` are the lines' codes and what is taxed of them."""
    bases: dict[str, Decimal] = {}
    taxes: dict[str, Decimal] = {}
    for code, amount in amounts:
        bases[code] = bases.get(code, ZERO) + amount
        taxes[code] = taxes.get(code, ZERO) + _tax(amount, rates()[code], unit)
    if rounding == "document":
        taxes = {code: _tax(base, rates()[code], unit) for code, base in bases.items()}
    return tuple(VatAmount(code, rates()[code].charged, base, taxes[code]) for code, base in bases.items())


def completed(line: Mapping[str, Any], product: Product) -> Mapping[str, Any]:
    """``line`` with what the API takes from its product, as far as ``product`` knows it."""
    named = line.get("product_id")
    if named is None:
        return line
    known = product(named) or {}
    filled = {name: known[source] for name, source in FROM_PRODUCT.items() if source in known}
    return {**filled, **{name: value for name, value in line.items() if value is not None}}


def line_before_tax(line: Mapping[str, Any], unit: Decimal) -> Decimal:
    """Quantity times price less the line's discount, rounded once to ``unit``."""
    with decimal.localcontext(_EXACT):
        gross = Decimal(line["quantity"]) * Decimal(line["raw_currency_unit_price"])
        return _rounded(gross - _discount(gross, line.get("discount")), unit)


def _line(line: Mapping[str, Any], product: Product, unit: Decimal) -> Line:
    fields = completed(line, product)
    if "raw_currency_unit_price" not in fields or "vat_rate" not in fields:
        raise UnknownProductError(line["product_id"])
    before_tax = line_before_tax(fields, unit)
    return _shown(fields, before_tax, _tax(before_tax, rates()[fields["vat_rate"]], unit))


def _shown(fields: Mapping[str, Any], before_tax: Decimal, tax: Decimal) -> Line:
    return Line(
        label=fields.get("label") or "",
        quantity=Decimal(fields["quantity"]),
        unit=fields.get("unit") or "",
        raw_currency_unit_price=Decimal(fields["raw_currency_unit_price"]),
        vat_rate=fields["vat_rate"],
        before_tax=before_tax,
        tax=tax,
    )


def _as_imported(body: Mapping[str, Any], currency: str) -> Totals:
    """The amounts on the document; each VAT code has what its lines say, unrounded."""
    lines = []
    vat: dict[str, VatAmount] = {}
    for line in body["invoice_lines"]:
        tax, code = Decimal(line["currency_tax"]), line["vat_rate"]
        lines.append(_shown(line, Decimal(line["currency_amount"]) - tax, tax))
        known = vat.get(code, VatAmount(code, rates()[code].charged, ZERO, ZERO))
        vat[code] = known._replace(base=known.base + lines[-1].before_tax, tax=known.tax + tax)
    before_tax, tax = Decimal(body["currency_amount_before_tax"]), Decimal(body["currency_tax"])
    return Totals(currency, before_tax, tax, tuple(vat.values()), tuple(lines))


def _discount(amount: Decimal, discount: Mapping[str, Any] | None) -> Decimal:
    """What ``discount`` takes off ``amount``. An absolute one is negative on a credit note."""
    if not discount:
        return ZERO
    value = Decimal(discount["value"] or 0)
    return amount * value / 100 if discount["type"] == "relative" else value


def _tax(base: Decimal, rate: Rate, unit: Decimal) -> Decimal:
    return _rounded(base * rate.charged / 100, unit)


def _rounded(amount: Decimal, unit: Decimal) -> Decimal:
    # `+ 0` turns a negative zero into zero, which would print as "-0.00".
    return amount.quantize(unit, decimal.ROUND_HALF_UP) + 0
