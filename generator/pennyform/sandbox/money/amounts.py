"""Numbers as callers send them, made decimals: bounded, or refused with the reason."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.money import vat
from pennyform.sandbox.money.money import NO_DISCOUNT, Discount

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_MOST_DIGITS = 12


def decimal_of(name: str, given: Any, decimals: int = 6) -> Decimal:
    """Read an amount or a quantity.

    Args:
        name: of the field, for the message.
        given: text with a dot, or a JSON number.
        decimals: how many it may have.

    Raises:
        ApiError: 422 for text that is no decimal, more decimals than that, or a size no invoice has.
    """
    value = given if isinstance(given, Decimal) else _parsed(name, str(given))
    if value.adjusted() > _MOST_DIGITS:
        raise unprocessable(f"{name} is too large")
    if value != value.quantize(Decimal(1).scaleb(-decimals)):
        raise unprocessable(f"{name} may have at most {decimals} decimals")
    return value


def _parsed(name: str, written: str) -> Decimal:
    if not is_decimal(written):
        raise unprocessable(f"{name} is not a number")
    return Decimal(written)


def is_decimal(text: str) -> bool:
    """Whether text is a decimal as amounts are written: digits, a dot, a sign, and nothing else."""
    return _DECIMAL.fullmatch(text) is not None


def discount_of(given: dict[str, Any] | None, *, bounded: bool = False, signed: bool = True) -> Discount:
    """Read a discount; null, empty and zero values mean none.

    Args:
        given: ``{type, value}``.
        bounded: whether a percentage must lie between 0 and 100.
        signed: whether an absolute one carries its own sign.

    Raises:
        ApiError: 422 for a value that is no number, or a percentage out of bounds.
    """
    if not given or given.get("value") in (None, ""):
        return NO_DISCOUNT
    discount = Discount(given["type"], decimal_of("discount value", given["value"]), signed)
    if bounded and discount.type == "relative" and not 0 <= discount.value <= 100:
        raise unprocessable("A relative discount must be between 0 and 100")
    return discount


def percent_of(code: str, *, reverse_charge: bool = False) -> Decimal:
    """The VAT that a code puts on the document, in percent.

    Args:
        code: as callers send it.
        reverse_charge: as ``Rules.reverse_charge_taxed`` has it.

    Raises:
        ApiError: 422 for a code that cannot be written.
    """
    percent = vat.percent(code, reverse_charge=reverse_charge)
    if percent is None:
        raise unprocessable(f"VAT rate {code} cannot be used here")
    return percent
