"""The sandbox's own arithmetic, from decimals to decimals. Shares no line with the engine it referees.

The model (inferred from answers of the real service, not documented by it): a line's amount before tax is
rounded half up to the currency's minor unit, its VAT is computed from that and rounded too, and totals are
sums. A line discount is taken off before rounding. An invoice discount is taken off the lines in
proportion to their amounts, in whole minor units that add up to the discount exactly; each line's VAT is
then computed on what is left. The lines as shown keep their amounts before that discount. Other ways
for it to come off are a choice of the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Literal

# Enough for any product of two bounded inputs without rounding on the way.
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Discount:
    """``absolute``: an amount before tax; ``relative``: a percentage.

    ``signed``: whether an absolute one has its own sign, or else that of what it comes off.
    """

    type: str
    value: Decimal
    signed: bool = True


NO_DISCOUNT = Discount("absolute", _ZERO)


@dataclass(frozen=True, slots=True)
class Line:
    """What a line's amounts follow from. ``percent`` is the VAT that ``vat_rate`` puts on the document."""

    quantity: Decimal
    unit_price: Decimal
    vat_rate: str
    percent: Decimal
    discount: Discount = NO_DISCOUNT


# An amount before tax, and the line whose VAT code it bears.
_Part = tuple[Decimal, Line]


@dataclass(frozen=True, slots=True)
class Amounts:
    """In the invoice's currency, rounded to its minor unit."""

    before_tax: Decimal
    tax: Decimal

    @property
    def with_tax(self) -> Decimal:
        """Always the sum: it is never rounded by itself."""
        return self.before_tax + self.tax


@dataclass(frozen=True, slots=True)
class Totals:
    """The invoice's amounts and, in the same order, those of its lines as shown.

    ``gross`` is what the lines come to before tax and before the discount on the invoice. ``codes`` are the
    amounts of each VAT code, the discount taken off.
    """

    invoice: Amounts
    lines: tuple[Amounts, ...]
    gross: Decimal
    codes: Mapping[str, Amounts]


def round_half_up(amount: Decimal, decimals: int) -> Decimal:
    """Half up, away from zero for negative amounts: a credit note mirrors its invoice."""
    return amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _EXACT)


def compute_totals(
    lines: Sequence[Line],
    discount: Discount,
    decimals: int,
    rounding: Literal["line", "document"] = "line",
    spread: Literal["lines", "shown", "codes"] = "lines",
) -> Totals:
    """Compute an invoice.

    Args:
        lines: in any order; the result keeps it.
        discount: of the invoice as a whole.
        decimals: of the currency.
        rounding: ``line``, or ``document`` to round the VAT once per code instead.
        spread: how the discount comes off, as in ``Rules.invoice_discount``.
    """
    with localcontext(_EXACT):
        undiscounted = [(line_before_tax(line, decimals), line) for line in lines]
        gross = sum((amount for amount, _ in undiscounted), _ZERO)
        off = round_half_up(discount_amount(gross, discount), decimals)
        discounted = undiscounted
        if off and undiscounted:
            discounted = _take_off(undiscounted, off, decimals, per_code=spread == "codes")
        parts = _group_by_code(discounted) if rounding == "document" else discounted
        taxed = _add_tax(parts, decimals)
        codes: dict[str, Amounts] = {}
        for amounts, (_, line) in zip(taxed, parts, strict=True):
            so_far = codes.get(line.vat_rate, Amounts(_ZERO, _ZERO))
            codes[line.vat_rate] = Amounts(so_far.before_tax + amounts.before_tax, so_far.tax + amounts.tax)
        total = Amounts(
            sum((part.before_tax for part in taxed), _ZERO), sum((part.tax for part in taxed), _ZERO)
        )
        displayed = _add_tax(discounted if spread == "shown" else undiscounted, decimals)
        return Totals(total, tuple(displayed), gross, codes)


def line_before_tax(line: Line, decimals: int) -> Decimal:
    """What a line comes to after its own discount, before that of the invoice and before VAT."""
    with localcontext(_EXACT):
        price = line.quantity * line.unit_price
        return round_half_up(price - discount_amount(price, line.discount), decimals)


def discount_amount(amount: Decimal, discount: Discount) -> Decimal:
    """What a discount takes off ``amount``, not rounded.

    An absolute one carries its own sign, that of a credit note is negative; unless it is unsigned.
    """
    if discount.type == "relative":
        return amount * discount.value / 100
    return discount.value if discount.signed else discount.value.copy_abs().copy_sign(amount)


def _take_off(parts: Sequence[_Part], off: Decimal, decimals: int, *, per_code: bool) -> list[_Part]:
    """What a discount leaves of the lines; per code it is beside them, a part of its own for each."""
    bases = _group_by_code(parts) if per_code else parts
    shares = split_proportionally(off, [amount for amount, _ in bases], decimals)
    if per_code:
        return [*parts, *((-share, line) for share, (_, line) in zip(shares, bases, strict=True))]
    return [(amount - share, line) for share, (amount, line) in zip(shares, bases, strict=True)]


def split_proportionally(amount: Decimal, weights: Sequence[Decimal], decimals: int) -> list[Decimal]:
    """Split an amount in proportion, in whole minor units, so that the shares add up to it.

    Each share is cut down to a whole unit; the units left over go to the largest remainders, the first
    line first among equals. Weights that add up to zero have no proportion: the first takes all.
    """
    total = sum(weights, _ZERO)
    if not total:
        return [amount, *[_ZERO] * (len(weights) - 1)]
    smallest = Decimal(1).scaleb(-decimals)
    shares = [(amount * weight / total).quantize(smallest, ROUND_DOWN) for weight in weights]
    remainder = amount - sum(shares, _ZERO)
    unit = smallest.copy_sign(remainder)
    # How much a share lost by the cut, largest first; the index decides among equals. It is compared times
    # the total: quotients that do not end are rounded, and equal losses would differ in their last digits.
    towards = unit.copy_sign(unit * total)
    lost = [
        (amount * weight - share * total) * towards for weight, share in zip(weights, shares, strict=True)
    ]
    by_loss = sorted(range(len(weights)), key=lambda index: (-lost[index], index))
    for index in by_loss[: int(remainder / unit)]:
        shares[index] += unit
    return shares


def _add_tax(parts: Sequence[_Part], decimals: int) -> list[Amounts]:
    return [Amounts(amount, round_half_up(amount * line.percent / 100, decimals)) for amount, line in parts]


def _group_by_code(parts: Sequence[_Part]) -> list[_Part]:
    """The parts of each VAT code as one, with the first line that has it."""
    bases: dict[str, tuple[Decimal, Line]] = {}
    for amount, line in parts:
        base, first = bases.get(line.vat_rate, (_ZERO, line))
        bases[line.vat_rate] = (base + amount, first)
    return list(bases.values())


def format_amount(amount: Decimal) -> str:
    """An amount as the API writes it, which is not canonical: ``34.0``, ``-500.0``, ``33.333334``."""
    integer, _, fraction = f"{amount or _ZERO:f}".partition(".")
    return f"{integer}.{fraction.rstrip('0') or '0'}"
