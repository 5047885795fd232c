"""Amounts of lines that together come to an exact tax, where the tax of one line is a cent off.

Each rounding may make a cent: 3 x 33.33 at 20 % is taxed 20.00, three lines of 33.33 are taxed 6.67 each.
What takes back the last of them has 33.33 before tax and 6.66 of tax: no single line, but two of 33.32 and
0.01, which are taxed 6.66 and 0.00.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from pennyform.invoices.money.scalars import minor_units
from pennyform.invoices.money.totals import rounded_tax
from pennyform.invoices.money.vat_codes import rates

# More parts than these would be needed only for a tax that is far from its rate, as on an import.
_MOST_PARTS = 20
_LARGEST_PART = 120


def split(
    base: Decimal, tax: Decimal, percent: Decimal, unit: Decimal, *, both_signs: bool = True
) -> tuple[Decimal, ...] | None:
    """Parts of ``base`` that are taxed ``tax`` together, as few as possible, the rest of ``base`` first.

    Args:
        base: an amount before tax, of any sign, in whole units.
        tax: what the taxes of the parts have to add up to, in whole units.
        percent: the rate.
        unit: the currency's smallest amount.
        both_signs: whether parts may have another sign than ``base``.

    Returns:
        The parts, none of them zero; nothing for zero and no tax. None when no parts will do: the tax is too
        far from the rate, or the rate is zero.
    """
    if not base and not tax:
        return ()
    if base and rounded_tax(base, percent, unit) == tax:
        return (base,)
    if not percent:
        return None
    # 300.0 is 300.00 to a cache, and the parts would be written as those of whichever came first.
    return _parts(base.normalize(), tax.normalize(), percent, unit, both_signs=both_signs)


@lru_cache(4096)
def _parts(
    base: Decimal, tax: Decimal, percent: Decimal, unit: Decimal, *, both_signs: bool
) -> tuple[Decimal, ...] | None:
    for count in range(1, _MOST_PARTS):
        for part in _small_parts(base or -tax, unit, both_signs=both_signs):
            first = base - count * part
            if not first or (not both_signs and first * base < 0):
                continue
            if rounded_tax(first, percent, unit) + count * rounded_tax(part, percent, unit) == tax:
                return (first, *([part] * count))
    return None


def split_for_tax(
    before_tax: Decimal, tax: Decimal, vat_rate: str, currency: str, *, rounding: str
) -> tuple[tuple[Decimal, ...], Decimal]:
    """Amounts before tax, one for each line, that add up to ``before_tax`` and whose taxes come to ``tax``.

    Args:
        before_tax: what the lines come to before tax, in whole cents of ``currency``.
        tax: what their taxes must come to.
        vat_rate: the VAT code of the lines.
        currency: of all amounts.
        rounding: ``line``, or ``document``, where how lines are cut makes no difference to the tax.

    Returns:
        The amounts, as few as will do, and the tax that they leave open: zero where they reach ``tax``.
    """
    unit = Decimal(1).scaleb(-minor_units(currency))
    percent = rates()[vat_rate].charged
    parts = None if rounding == "document" else split(before_tax, tax, percent, unit)
    if parts is not None:
        return parts, Decimal(0)
    return (before_tax,) if before_tax or tax else (), tax - rounded_tax(before_tax, percent, unit)


def nearest_below(
    base: Decimal, tax: Decimal, percent: Decimal, unit: Decimal
) -> tuple[Decimal, Decimal] | None:
    """The largest base and its tax that one rounding allows, neither beyond ``base`` or ``tax``.

    Both are of the sign of ``base``.

    Returns:
        A base and its tax; None when nothing but zero would do.
    """
    step, candidate = unit.copy_sign(base), base
    for _ in range(_LARGEST_PART):
        if not candidate:
            break
        on_it = rounded_tax(candidate, percent, unit)
        if abs(on_it) <= abs(tax):
            return candidate, on_it
        candidate -= step
    return None


def _small_parts(base: Decimal, unit: Decimal, *, both_signs: bool) -> Iterator[Decimal]:
    """Small amounts, those with the sign of ``base`` first; no part is larger than what it is taken from."""
    for sign in (1, -1) if both_signs else (1,):
        for size in range(1, _LARGEST_PART + 1):
            part = (unit * size * sign).copy_sign(base * sign)
            if sign < 0 or abs(part) < abs(base):
                yield part
