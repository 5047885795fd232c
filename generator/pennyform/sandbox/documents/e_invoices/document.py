"""The content of an electronic invoice, in terms of EN 16931 and free of its two syntaxes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

# UNTDID 1001: credit note, factored credit note, self-billed credit note.
_CREDIT_NOTES = frozenset({"381", "396", "261"})


@dataclass(frozen=True, slots=True)
class Party:
    """Seller or buyer. Text that was not given is empty."""

    name: str
    reg_no: str
    address: str
    postal_code: str
    city: str
    country_alpha2: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line (BG-25). Amounts are before tax; ``percent`` and ``category`` are those of its VAT."""

    identifier: str
    label: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    before_tax: Decimal
    category: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice or a credit note, whose amounts are positive in both. Dates are ISO 8601."""

    number: str
    type_code: str
    date: str
    deadline: str
    currency: str
    seller: Party
    buyer: Party
    lines: tuple[Line, ...]
    before_tax: Decimal
    tax: Decimal
    with_tax: Decimal

    @property
    def sign(self) -> int:
        """Minus one for a credit note."""
        return -1 if self.type_code in _CREDIT_NOTES else 1
