"""Numbers as callers send them, made decimals: bounded, or an error with the reason."""

from __future__ import annotations

import re
from decimal import Decimal

from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.money import rates
from pennyform.sandbox.money.arithmetic import NO_DISCOUNT, Discount

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# Assumed: the contract gives amounts no upper bound. Beyond it, products of two would not stay exact.
_MOST_DIGITS = 12


def parse_decimal(name: str, value: object, decimals: int = 6) -> Decimal:
    """Read an amount or a quantity.

    Args:
        name: of the field, for the message.
        value: text with a dot, or a JSON number.
        decimals: how many it may have.

    Raises:
        ApiError: 422 for text that is no decimal, more decimals than that, or a size no invoice has.
    """
    if isinstance(value, Decimal):
        number = value
    elif is_decimal(str(value)):
        number = Decimal(str(value))
    else:
        raise unprocessable(f"{name} is not a number")
    if number.adjusted() > _MOST_DIGITS:
        raise unprocessable(f"{name} is too large")
    if number != number.quantize(Decimal(1).scaleb(-decimals)):
        raise unprocessable(f"{name} may have at most {decimals} decimals")
    return number


def is_decimal(text: str) -> bool:
    """Whether text is a decimal as amounts are written: digits, a dot, a sign, and nothing else."""
    return _DECIMAL.fullmatch(text) is not None


def parse_discount(type_: str, value: str | None, *, bounded: bool = False, signed: bool = True) -> Discount:
    """Read a discount; null, empty and zero values mean none.

    Args:
        type_: ``absolute`` or ``relative``.
        value: an amount or a percentage, as text.
        bounded: whether a percentage must lie between 0 and 100 (``Rules.discount_bounded``).
        signed: whether an absolute one carries its own sign (``Rules.discount_signed``).

    Raises:
        ApiError: 422 for a value that is no number, or a percentage out of bounds.
    """
    if value in (None, ""):
        return NO_DISCOUNT
    discount = Discount(type_, parse_decimal("discount value", value), signed)
    if bounded and discount.type == "relative" and not 0 <= discount.value <= 100:
        raise unprocessable("A relative discount must be between 0 and 100")
    return discount


def vat_percent(code: str, *, reverse_charge: bool = False) -> Decimal:
    """The VAT that a code puts on the document, in percent; ``reverse_charge`` as the rules have it.

    Raises:
        ApiError: 422 for a code that no line or product may carry.
    """
    percent = rates.percent_of_code(code, reverse_charge=reverse_charge)
    if percent is None:
        raise unprocessable(f"VAT rate {code} cannot be used here")
    return percent
