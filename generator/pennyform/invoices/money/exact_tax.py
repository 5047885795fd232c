"""Amounts of lines that together come to an exact tax, where the tax of one line is a cent off.

Under the rounding model ``line`` the tax of each line is rounded, so that an invoice of several lines may
charge a cent more or less than its total times the rate. What takes such an amount back needs more than one
line. (docs/money.md, "Taking back to the cent".)
"""

from __future__ import annotations

from decimal import Decimal

from pennyform.invoices.money.amounts import minor_units
from pennyform.invoices.money.totals import rounded_tax
from pennyform.invoices.money.vat_codes import rates

# More lines than these would be needed only for a tax that is far from its rate, as on an import.
MOST_EXTRA_LINES = 12
_LARGEST_EXTRA = 200


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
    single = (before_tax,) if before_tax or tax else ()
    open_tax = tax - rounded_tax(before_tax, percent, unit)
    if not open_tax or rounding == "document" or not percent:
        return single, open_tax
    sign = -1 if before_tax < 0 else 1
    for count in range(1, MOST_EXTRA_LINES + 1):
        for size in range(1, _LARGEST_EXTRA + 1):
            extra = sign * size * unit
            rest = before_tax - count * extra
            reached = rounded_tax(rest, percent, unit) + count * rounded_tax(extra, percent, unit)
            if reached == tax:
                return (*((rest,) if rest else ()), *(extra,) * count), Decimal(0)
    return single, open_tax
