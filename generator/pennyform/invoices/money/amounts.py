"""Amounts of money as text: reading them exactly, writing them in one form, and a currency's decimals."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

# The same form that the emitted schemas demand.
_AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")


def parse_amount(value: Any) -> Decimal | None:
    """The amount that quoted text such as ``"100.00"`` stands for; None when it stands for none."""
    return Decimal(value) if isinstance(value, str) and _AMOUNT.fullmatch(value) else None


def plain_number(value: Decimal) -> str:
    """A number without exponent and trailing zeros: ``5.5``, ``20``."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def canonical(amount: Decimal) -> str:
    """An amount as the one text that stands for it: no exponent, no sign on zero, at least two decimals.

    ``"100"`` and ``"100.0"`` both become ``"100.00"``; decimals beyond the second stay unless they are zeros.
    """
    amount = amount + 0 if amount else Decimal(0)
    units, _, decimals = f"{amount:f}".partition(".")
    return f"{units}.{decimals.rstrip('0').ljust(2, '0')}"


# Where it is not two. Source: ISO 4217, list one.
_EXCEPTIONS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF",
}

_DECIMALS = {code: decimals for decimals, codes in _EXCEPTIONS.items() for code in codes.split()}


def minor_units(currency: str) -> int:
    """The decimals of an amount in ``currency``: 2 for EUR, 0 for JPY, 3 for KWD."""
    return _DECIMALS.get(currency, 2)
