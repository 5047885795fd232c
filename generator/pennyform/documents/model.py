"""An invoice as EN 16931 has it: the terms of the standard (BT and BG numbers) as typed fields.

Amounts are positive on an invoice and on a credit note alike: the type says which way the money goes. They
are exact decimals with the decimals of the currency. Nothing here knows a syntax or a language.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Party:
    """Seller (BG-4) or buyer (BG-7). Empty text stands for what is not known.

    ``legal_id`` (BT-30, BT-47) has the scheme ``legal_scheme`` of ISO 6523 (0002 is SIREN), and ``siret``
    stands beside it. ``endpoint`` (BT-34, BT-49) has the scheme ``endpoint_scheme`` of the EAS list.
    ``legal_text`` is BT-33.
    """

    name: str
    address: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = ""
    legal_id: str = ""
    legal_scheme: str = ""
    siret: str = ""
    vat_number: str = ""
    endpoint: str = ""
    endpoint_scheme: str = ""
    legal_text: str = ""
    contact: str = ""
    email: str = ""
    phone: str = ""
    number: str = ""
    is_company: bool = True


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where and when goods were delivered (BG-13, BG-15)."""

    date: dt.date
    address: str
    postal_code: str
    city: str
    country: str


@dataclass(frozen=True, slots=True)
class Tax:
    """The VAT of a line or allowance: ``category`` of UNTDID 5305, ``percent``, and why none is charged."""

    category: str
    percent: Decimal
    reason_code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line (BG-25).

    ``price`` is the net price of one unit (BT-146), never negative; what is taken off has a negative
    ``quantity``. ``allowance`` is the amount of the line's own discount (BT-136), and ``allowance_percent``
    its percentage where it is one. ``unit`` is as written, ``unit_code`` of recommendation 20. ``section`` is
    the rank of the section that it stands under, ``source`` its number in the definition, from 0.
    """

    id: str
    name: str
    description: str
    quantity: Decimal
    unit: str
    unit_code: str
    price: Decimal
    net: Decimal
    tax: Tax
    allowance: Decimal = Decimal(0)
    allowance_percent: Decimal | None = None
    start: dt.date | None = None
    end: dt.date | None = None
    section: int | None = None
    source: int = 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """A part of the discount on the whole document (BG-20), for one VAT rate."""

    amount: Decimal
    base: Decimal
    percent: Decimal | None
    tax: Tax


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """What is taxed at one rate, and the tax (BG-23)."""

    tax: Tax
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Note:
    """A note (BG-1) with its subject of UNTDID 4451; "" for none."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading for lines, which the standard does not know."""

    rank: int
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Preceding:
    """The invoice that a credit note is about (BG-3). ``date`` is None where only the account knows it."""

    number: str
    date: dt.date | None


@dataclass(frozen=True, slots=True)
class Document:
    """One invoice or credit note.

    ``kind`` is ``invoice``, ``deposit``, ``balance`` or ``credit_note``. ``number`` (BT-1) stands in for the
    legal number, which is not known yet. ``scope`` is ``B2B`` (a company in France), ``B2BINT`` (a company
    elsewhere) or ``B2C``. ``language`` is of ISO 639-1. ``unclaimed`` are the things that the preview cannot
    know, by the names of their labels.
    """

    kind: str
    number: str
    reference: str
    type_code: str
    frame: str
    scope: str
    date: dt.date
    due: dt.date
    currency: str
    language: str
    seller: Party
    buyer: Party
    notes: tuple[Note, ...]
    lines: tuple[Line, ...]
    allowances: tuple[Allowance, ...]
    taxes: tuple[TaxTotal, ...]
    sections: tuple[Section, ...]
    lines_total: Decimal
    before_tax: Decimal
    tax: Decimal
    amount: Decimal
    payment_means: str
    iban: str = ""
    bic: str = ""
    delivery: Delivery | None = None
    preceding: Preceding | None = None
    subject: str = ""
    description: str = ""
    free_text: str = ""
    mention: str = ""
    unclaimed: tuple[str, ...] = ()

    @property
    def is_credit_note(self) -> bool:
        """Whether it takes money back."""
        return self.kind == "credit_note"

    @property
    def has_vat_numbers(self) -> bool:
        """Whether it names them: what is outside the scope of VAT is issued without (BR-O-02)."""
        return all(line.tax.category != "O" for line in self.lines)

    @property
    def needs_euros(self) -> bool:
        """Whether the VAT is to be stated in euros, and can be: without tax it is zero (BR-FR-CO-12)."""
        return self.currency != "EUR" and not self.tax

    @property
    def allowance_total(self) -> Decimal:
        """The sum of the discounts on the document (BT-107)."""
        return sum((allowance.amount for allowance in self.allowances), Decimal(0))
