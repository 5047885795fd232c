"""The sandbox's own arithmetic, from decimals to decimals. Shares no line with the engine it referees.

The model (inferred from answers of the real service, not documented by it): a line's amount before tax is
rounded half up to the currency's minor unit, its VAT is computed from that and rounded too, and totals are
sums. A line discount is taken off before rounding. An invoice discount is taken off the lines in
proportion to their amounts, in whole minor units that add up to the discount exactly; each line's VAT is
then computed on what is left. The lines as shown keep their amounts before that discount. Other ways
for it to come off are a choice of the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
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


# An amount before tax, and the line whose VAT it bears.
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

    ``gross`` is what the lines come to before tax and before the discount on the invoice.
    """

    invoice: Amounts
    lines: tuple[Amounts, ...]
    gross: Decimal


def rounded(amount: Decimal, decimals: int) -> Decimal:
    """Half up, away from zero for negative amounts: a credit note mirrors its invoice."""
    return amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _EXACT)


def totals(
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
        amounts = [rounded(_before_tax(line), decimals) for line in lines]
        whole = list(zip(amounts, lines, strict=True))
        gross = sum(amounts, _ZERO)
        off = rounded(_off(gross, discount), decimals)
        kept = _less(whole, off, decimals, per_code=spread == "codes") if off and whole else whole
        taxed = _per_line(_by_code(kept) if rounding == "document" else kept, decimals)
        shown = _per_line(kept if spread == "shown" else whole, decimals)
        return Totals(_sum(taxed), tuple(shown), gross)


def _before_tax(line: Line) -> Decimal:
    gross = line.quantity * line.unit_price
    return gross - _off(gross, line.discount)


def _off(amount: Decimal, discount: Discount) -> Decimal:
    """An absolute discount carries its own sign, that of a credit note is negative; unless it is unsigned."""
    if discount.type == "relative":
        return amount * discount.value / 100
    return discount.value if discount.signed else discount.value.copy_abs().copy_sign(amount)


def _taxed(before_tax: Decimal, line: Line, decimals: int) -> Amounts:
    return Amounts(before_tax, rounded(before_tax * line.percent / 100, decimals))


def _less(whole: Sequence[_Part], off: Decimal, decimals: int, *, per_code: bool) -> list[_Part]:
    """What a discount leaves of the lines; per code it is beside them, a part of its own for each."""
    bases = _by_code(whole) if per_code else whole
    taken = shares(off, [amount for amount, _ in bases], decimals)
    if per_code:
        return [*whole, *((-share, line) for share, (_, line) in zip(taken, bases, strict=True))]
    return [(amount - share, line) for share, (amount, line) in zip(taken, bases, strict=True)]


def shares(amount: Decimal, weights: Sequence[Decimal], decimals: int) -> list[Decimal]:
    """Split an amount in proportion, in whole minor units, so that the shares add up to it.

    Each share is cut down to a whole unit; the units left over go to the largest remainders, the first
    line first among equals. Weights that add up to zero have no proportion: the first takes all.
    """
    whole = sum(weights, _ZERO)
    if not whole:
        return [amount, *[_ZERO] * (len(weights) - 1)]
    smallest = Decimal(1).scaleb(-decimals)
    exact = [amount * weight / whole for weight in weights]
    cut = [share.quantize(smallest, ROUND_DOWN) for share in exact]
    left = amount - sum(cut, _ZERO)
    unit = smallest.copy_sign(left)
    largest = sorted(range(len(weights)), key=lambda place: ((cut[place] - exact[place]) * unit, place))
    for place in largest[: int(left / unit)]:
        cut[place] += unit
    return cut


def _per_line(kept: Sequence[_Part], decimals: int) -> list[Amounts]:
    return [_taxed(amount, line, decimals) for amount, line in kept]


def _by_code(kept: Sequence[_Part]) -> list[_Part]:
    """The parts of each VAT code as one, with the first line that has it."""
    bases: dict[str, Decimal] = {}
    first: dict[str, Line] = {}
    for amount, line in kept:
        bases[line.vat_rate] = bases.get(line.vat_rate, _ZERO) + amount
        first.setdefault(line.vat_rate, line)
    return [(base, first[code]) for code, base in bases.items()]


def _sum(amounts: Sequence[Amounts]) -> Amounts:
    return Amounts(sum((one.before_tax for one in amounts), _ZERO), sum((one.tax for one in amounts), _ZERO))


def text(amount: Decimal) -> str:
    """An amount as the API writes it, which is not canonical: ``34.0``, ``-500.0``, ``33.333334``."""
    written = f"{amount or _ZERO:f}"
    whole, _, fraction = written.partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"
