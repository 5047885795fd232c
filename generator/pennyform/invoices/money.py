"""Totals of an invoice: per line, per VAT code and as a whole, in exact decimals.

docs/money.md states the rules with worked examples. In short: amounts are rounded half away from zero to
the currency's minor units; a line is rounded once, after its discount; a discount on the invoice is spread
over the VAT codes in proportion, the largest remainders taking the odd cents.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from pennyform.invoices.currency import minor_units
from pennyform.invoices.model import Key
from pennyform.invoices.totals import Line, Totals, VatAmount
from pennyform.invoices.vat import Rate, rates

ZERO = Decimal(0)

# Twelve digits and six decimals on both factors fit with room to spare, so that only `_rounded` ever rounds.
_EXACT = decimal.Context(prec=80, rounding=decimal.ROUND_HALF_UP)

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
    """The amounts that ``body`` comes to.

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
    unit = Decimal(1).scaleb(-minor_units(currency))
    with decimal.localcontext(_EXACT):
        lines = tuple(_line(line, product, unit) for line in body["invoice_lines"])
        bases = _sums((line.vat_rate, line.before_tax) for line in lines)
        discount = _discount(sum(bases.values(), ZERO), body.get("discount"))
        shares = spread(_rounded(discount, unit), bases, unit)
        if rounding == "line" and not discount:
            taxes = _sums((line.vat_rate, line.tax) for line in lines)
        else:
            taxes = {code: _tax(bases[code] - shares[code], rates()[code], unit) for code in bases}
        vat = tuple(
            VatAmount(code, rates()[code].charged, bases[code] - shares[code], taxes[code]) for code in bases
        )
        before_tax = sum((amount.base for amount in vat), ZERO.quantize(unit))
        tax = sum((amount.tax for amount in vat), ZERO.quantize(unit))
    return Totals(currency, before_tax, tax, vat, lines)


def spread(amount: Decimal, weights: Mapping[str, Decimal], unit: Decimal) -> dict[str, Decimal]:
    """Split ``amount`` in proportion to ``weights``, in whole ``unit``, so that the parts add up to it.

    Each part is first rounded towards minus infinity; the units left over go to the largest remainders, and
    among equal ones to the first. With weights and amount negated the parts are exactly negated.
    """
    total = sum(weights.values(), ZERO)
    if not amount or not total:
        return dict.fromkeys(weights, ZERO)
    sign = 1 if total > 0 else -1
    exact = {code: sign * amount * weight / total for code, weight in weights.items()}
    parts = {code: share.quantize(unit, decimal.ROUND_FLOOR) for code, share in exact.items()}
    left = int((sign * amount - sum(parts.values(), ZERO)) / unit)
    for code in sorted(exact, key=lambda code: parts[code] - exact[code])[:left]:
        parts[code] += unit
    return {code: sign * part for code, part in parts.items()}


def _line(line: Mapping[str, Any], product: Product, unit: Decimal) -> Line:
    fields = _with_product(line, product)
    quantity = Decimal(fields["quantity"])
    price = Decimal(fields["raw_currency_unit_price"])
    gross = quantity * price
    before_tax = _rounded(gross - _discount(gross, fields.get("discount")), unit)
    return Line(
        label=fields.get("label") or "",
        quantity=quantity,
        unit=fields.get("unit") or "",
        raw_currency_unit_price=price,
        vat_rate=fields["vat_rate"],
        before_tax=before_tax,
        tax=_tax(before_tax, rates()[fields["vat_rate"]], unit),
    )


def _with_product(line: Mapping[str, Any], product: Product) -> Mapping[str, Any]:
    """The line, completed from its product as the API would."""
    named = line.get("product_id")
    if named is None:
        return line
    known = product(named)
    own = {name: value for name, value in line.items() if value is not None}
    if known is None:
        if "raw_currency_unit_price" not in own or "vat_rate" not in own:
            raise UnknownProductError(named)
        return own
    return {
        "label": known.get("label"),
        "unit": known.get("unit"),
        "raw_currency_unit_price": known.get("price_before_tax"),
        "vat_rate": known.get("vat_rate"),
        **own,
    }


def _discount(amount: Decimal, discount: Mapping[str, Any] | None) -> Decimal:
    """What ``discount`` takes off ``amount``. An absolute one goes towards zero, on a credit note too."""
    value = Decimal((discount or {}).get("value") or 0)
    if not discount or not value:
        return ZERO
    if discount["type"] == "relative":
        return amount * value / 100
    return value.copy_sign(amount) if amount else value


def _tax(base: Decimal, rate: Rate, unit: Decimal) -> Decimal:
    return _rounded(base * rate.charged / 100, unit)


def _rounded(amount: Decimal, unit: Decimal) -> Decimal:
    # `+ 0` turns a negative zero into zero, which would print as "-0.00".
    return amount.quantize(unit, decimal.ROUND_HALF_UP) + 0


def _sums(amounts: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for code, amount in amounts:
        sums[code] = sums.get(code, ZERO) + amount
    return sums
