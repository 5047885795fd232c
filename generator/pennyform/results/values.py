"""What several results have in common: JSON values, amounts, differences, places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypedDict

import msgspec

FORMAT_VERSION: Final = 1
"""Of every document. It changes when a member is removed or comes to mean something else."""

# msgspec cannot resolve a recursive alias; for it, such a value is any JSON.
if TYPE_CHECKING:
    Json = None | bool | int | float | str | Decimal | Sequence["Json"] | Mapping[str, "Json"]
    JsonObject = Mapping[str, Json]
else:
    Json = Any
    JsonObject = dict[str, Any]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base of all records: written member by member in the order of their declaration."""


class CompanyIdentity(Record, frozen=True):
    """The company whose account it is."""

    id: int
    name: str


class SourcePlace(Record, frozen=True):
    """Where a definition stands. Line and column count from 1."""

    file: str
    line: int
    column: int


class FieldDifference(Record, frozen=True):
    """One value that differs. ``pointer`` is a JSON Pointer into the invoice (or customer, or product).

    ``before`` is what the account has, ``after`` what the definition asks for; a value that the account knows
    by an id may be ``{"lookup": {"kind": …}}``, the natural key that the definition names.
    """

    pointer: str
    before: Json
    after: Json


class LineTotals(Record, frozen=True):
    """One line after its own discount. Amounts, quantity and price are decimal text."""

    label: str
    quantity: str
    unit: str
    raw_currency_unit_price: str
    vat_rate: str
    currency_amount_before_tax: str
    currency_tax: str
    currency_amount: str


class VatTotals(Record, frozen=True):
    """What is taxed at one VAT code, and its tax. ``percent`` is ``20`` for 20 %; all is decimal text."""

    vat_rate: str
    percent: str
    base: str
    tax: str


class InvoiceTotals(Record, frozen=True):
    """The amounts of one invoice in ``currency`` (ISO 4217), as decimal text."""

    currency: str
    currency_amount_before_tax: str
    currency_tax: str
    currency_amount: str
    vat: tuple[VatTotals, ...]
    lines: tuple[LineTotals, ...]


class CurrencyTotals(Record, frozen=True):
    """What several invoices in one currency come to, highest VAT rate first, as decimal text."""

    currency: str
    invoices: int
    vat: tuple[VatTotals, ...]
    currency_amount_before_tax: str
    currency_tax: str
    currency_amount: str


class Discount(TypedDict):
    """``type`` is ``relative`` (a percentage) or ``absolute`` (an amount); ``value`` is decimal text."""

    type: str
    value: Json


# What follows has the members, and their order, that a definition gives it: a record would lose both.


class LineContent(TypedDict, total=False):
    """A line in the words of a definition.

    ``amount`` and ``tax`` are in euros, for an imported invoice in another currency.
    """

    product_id: Json
    label: str | None
    description: str | None
    quantity: str
    unit: str | None
    raw_currency_unit_price: str
    vat_rate: str
    discount: Discount | None
    substance: Json
    section_rank: int | None
    imputation_dates: Json
    ledger_account_id: Json
    currency_amount: str
    amount: str
    currency_tax: str
    tax: str
    ledger_entry_line: Json


class SectionContent(TypedDict, total=False):
    """A section that lines refer to by ``rank``."""

    rank: int
    title: str | None
    description: str | None


class InvoiceContent(TypedDict, total=False):
    """An invoice in the words of a definition; one that the account has already comes with its amounts."""

    external_reference: str
    customer_id: Json
    customer_invoice_template_id: Json
    date: str
    deadline: str
    currency: str
    language: Json
    label: str | None
    discount: Discount | None
    special_mention: str | None
    pdf_invoice_subject: str | None
    pdf_invoice_free_text: str | None
    pdf_description: str | None
    transaction_reference: Json
    invoice_number: str
    import_as_incomplete: bool
    convert_to_e_invoice: bool
    draft: bool
    invoice_lines: list[LineContent]
    invoice_line_sections: list[SectionContent] | None
    currency_amount_before_tax: str
    currency_tax: str
    currency_amount: str
    amount: str
    tax: str
