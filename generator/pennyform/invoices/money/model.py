"""The amounts of an invoice as data, and as JSON with the API's field names."""

from __future__ import annotations

import sys
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

# The members of a line as data, in the order in which they are told.
_LINE = (
    "label",
    "quantity",
    "unit",
    "raw_currency_unit_price",
    "vat_rate",
    "currency_amount_before_tax",
    "currency_tax",
    "currency_amount",
)


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

    def to_json(self) -> dict[str, Any]:
        """Plain data with the API's field names; amounts are text with the currency's decimals."""
        return {
            "currency": self.currency,
            "currency_amount_before_tax": _text(self.before_tax),
            "currency_tax": _text(self.tax),
            "currency_amount": _text(self.amount),
            "vat": [
                {
                    "vat_rate": vat.vat_rate,
                    "percent": _number(vat.percent),
                    "base": _text(vat.base),
                    "tax": _text(vat.tax),
                }
                for vat in self.vat
            ],
            "lines": [_line_json(line) for line in self.lines],
        }


def _line_json(line: Line) -> dict[str, Any]:
    return _told(
        line.label,
        _number(line.quantity),
        line.unit,
        _text(line.raw_currency_unit_price),
        line.vat_rate,
        _text(line.before_tax),
        _text(line.tax),
        _text(line.before_tax + line.tax),
    )


@lru_cache(4096)
def _told(*texts: str) -> dict[str, Any]:
    """A line as data, which is for reading only: lines that say the same are kept once."""
    return dict(zip(_LINE, texts, strict=True))


def _text(amount: Decimal) -> str:
    return sys.intern(f"{amount + 0:f}")


def _number(value: Decimal) -> str:
    """A number without trailing zeros: ``5.5``, ``20``."""
    text = f"{value:f}"
    return sys.intern(text.rstrip("0").rstrip(".") if "." in text else text)
