"""Invoices, customers and products as definitions state them: typed, under the API's own field names.

Money and quantities are :class:`~decimal.Decimal`, days are dates, and a :class:`Key` stands wherever an id
will stand. The order of the fields is the order in which they are sent and shown. Text and JSON are made of
them, and they of JSON, by ``pennyform.invoices.desired.json_bodies`` only.

A field has three states, as in the API: left out (:data:`UNSET`), null (None), or a value. Pennylane adds
fields to its contract every week. One that is not named here goes into ``extra`` as JSON, and passes through
to the request and the comparison.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")


class Place(NamedTuple):
    """Where something is written. Line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Key:
    """A natural key that stands for an id.

    ``kind`` is ``customer``, ``product``, ``ledger_account``, ``customer_invoice_template``, ``category``,
    ``transaction`` or ``customer_invoice``; ``field`` says what to look it up by (``external_reference``,
    ``number``, ``name``, ``label``, ``analytical_code``, ``date``), or is ``id`` when the author wrote
    ``{id: N}``. ``qualifiers`` narrow down what ``field`` alone may leave ambiguous: the ``group`` of a
    category (its label), the ``label`` and ``currency_amount`` of a transaction. Two keys are equal when they
    mean the same thing, wherever they are written.
    """

    # By hand, and no named tuple: a place is no part of what makes two keys equal.
    __slots__ = ("field", "kind", "place", "qualifiers", "value")

    def __init__(
        self,
        kind: str,
        field: str,
        value: str | int,
        place: Place,
        qualifiers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.kind = kind
        self.field = field
        self.value = value
        self.place = place
        self.qualifiers = qualifiers

    def _meaning(self) -> tuple[object, ...]:
        return self.kind, self.field, self.value, self.qualifiers

    def __eq__(self, other: object) -> bool:
        return self._meaning() == other._meaning() if isinstance(other, Key) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._meaning())

    def __repr__(self) -> str:
        return f"Key({self.kind!r}, {self.field!r}, {self.value!r}, {self.place!r}, {self.qualifiers!r})"

    def to_json(self) -> dict[str, Any]:
        """The placeholder that stands for the id where there is no network: ``{"lookup": …}``."""
        return {"lookup": {"kind": self.kind, self.field: self.value, **dict(self.qualifiers)}}


# Named tuples, although most fields are optional: `validate` runs in commit hooks, and importing msgspec or
# dataclasses takes longer than it spends on most definitions. Measured with Python 3.11, CPU time, the best
# of five: 59 ms and 10 ms. (By `python -X importtime`, half of msgspec's is typing_extensions, and most of
# dataclasses' is inspect.)


# A value of its own, as in msgspec: null is a value that the API tells from a field that is left out.
class Unset(Enum):
    """The state of a field that is left out, which is not the same as null."""

    UNSET = "unset"

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Final = Unset.UNSET

Json: TypeAlias = "str | int | bool | Decimal | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = "Mapping[str, Json]"
Extra: TypeAlias = "Mapping[str, Json]"
Id: TypeAlias = Key | int

_NO_EXTRA: Extra = MappingProxyType({})


class Discount(NamedTuple):
    """``type`` is ``absolute`` (``value`` is an amount before tax) or ``relative`` (a percentage)."""

    type: str
    value: Decimal | None = None
    extra: Extra = _NO_EXTRA


class ImputationDates(NamedTuple):
    """The period that a line's amount belongs to in the accounts, both days included."""

    start_date: dt.date | Unset = UNSET
    end_date: dt.date | Unset = UNSET
    extra: Extra = _NO_EXTRA


class TransactionReference(NamedTuple):
    """How the bank transaction that pays is recognised."""

    banking_provider: str | Unset = UNSET
    provider_field_name: str | Unset = UNSET
    provider_field_value: str | Unset = UNSET
    extra: Extra = _NO_EXTRA


class InvoiceSection(NamedTuple):
    """A heading for lines: those whose ``section_rank`` is its ``rank``."""

    rank: int
    title: str | Unset | None = UNSET
    description: str | Unset | None = UNSET
    extra: Extra = _NO_EXTRA


class InvoiceLine(NamedTuple):
    """A line of an invoice that Pennylane computes. What it leaves out may come from its product."""

    product_id: Id | Unset | None
    label: str | Unset
    description: str | Unset | None
    quantity: Decimal
    unit: str | Unset | None = UNSET
    raw_currency_unit_price: Decimal | Unset = UNSET
    vat_rate: str | Unset = UNSET
    discount: Discount | Unset | None = UNSET
    ledger_account_id: Id | Unset = UNSET
    substance: str | Unset = UNSET
    section_rank: int | Unset | None = UNSET
    imputation_dates: ImputationDates | Unset | None = UNSET
    extra: Extra = _NO_EXTRA


# The contract computes nothing here: the amounts are those that stand on the document.
class ImportedInvoiceLine(NamedTuple):
    """A line of an invoice that was issued elsewhere, which states its amounts: with tax, and the tax."""

    product_id: Id | Unset | None
    label: str | Unset
    description: str | Unset | None
    quantity: Decimal
    unit: str | Unset | None
    raw_currency_unit_price: Decimal
    vat_rate: str
    discount: Discount | Unset | None
    currency_amount: Decimal
    amount: Decimal | Unset
    currency_tax: Decimal
    tax: Decimal | Unset = UNSET
    ledger_account_id: Id | Unset = UNSET
    substance: str | Unset = UNSET
    imputation_dates: ImputationDates | Unset | None = UNSET
    ledger_entry_line: Extra | Unset = UNSET
    extra: Extra = _NO_EXTRA


class InvoiceBody(NamedTuple):
    """An invoice or a credit note as it should be once it is final.

    What a draft may not carry, ``transaction_reference`` and the ``imputation_dates`` of lines, is here too:
    ``pennyform.invoices.desired.json_bodies`` leaves it out of the request that creates the draft.
    """

    external_reference: str
    customer_id: Id
    date: dt.date
    deadline: dt.date
    currency: str | Unset = UNSET
    language: str | Unset = UNSET
    customer_invoice_template_id: Id | Unset = UNSET
    pdf_invoice_free_text: str | Unset | None = UNSET
    pdf_invoice_subject: str | Unset | None = UNSET
    pdf_description: str | Unset | None = UNSET
    special_mention: str | Unset | None = UNSET
    discount: Discount | Unset | None = UNSET
    invoice_line_sections: tuple[InvoiceSection, ...] | Unset = UNSET
    label: str | Unset | None = UNSET
    invoice_lines: tuple[InvoiceLine, ...] = ()
    transaction_reference: TransactionReference | Unset = UNSET
    extra: Extra = _NO_EXTRA


class ImportedInvoiceBody(NamedTuple):
    """An invoice that was issued elsewhere, with the amounts that stand on it."""

    external_reference: str
    customer_id: Id
    invoice_number: str | Unset
    date: dt.date
    deadline: dt.date
    currency: str | Unset
    currency_amount_before_tax: Decimal
    currency_tax: Decimal
    currency_amount: Decimal
    import_as_incomplete: bool | Unset
    # In euros, whatever the currency: what Pennylane converts itself where they are left out.
    amount: Decimal | Unset
    tax: Decimal | Unset
    label: str | Unset | None
    transaction_reference: TransactionReference | Unset
    invoice_lines: tuple[ImportedInvoiceLine, ...]
    convert_to_e_invoice: bool | Unset = UNSET
    discount: Discount | Unset | None = UNSET
    extra: Extra = _NO_EXTRA


class Address(NamedTuple):
    """A postal address; the country is a code of ISO 3166-1 alpha-2."""

    address: str | Unset = UNSET
    postal_code: str | Unset = UNSET
    city: str | Unset = UNSET
    country_alpha2: str | Unset = UNSET
    extra: Extra = _NO_EXTRA


class CustomerBody(NamedTuple):
    """A customer. A company has a ``name``, an individual ``first_name`` and ``last_name``."""

    external_reference: str | Unset = UNSET
    name: str | Unset = UNSET
    first_name: str | Unset = UNSET
    last_name: str | Unset = UNSET
    billing_address: Address | Unset = UNSET
    vat_number: str | Unset = UNSET
    reg_no: str | Unset = UNSET
    # Set by its number, shown by its id (contract): the comparison leaves it out.
    ledger_account: Extra | Unset | None = UNSET
    phone: str | Unset = UNSET
    delivery_address: Address | Unset = UNSET
    payment_conditions: str | Unset = UNSET
    billing_iban: str | Unset | None = UNSET
    recipient: str | Unset = UNSET
    reference: str | Unset | None = UNSET
    notes: str | Unset | None = UNSET
    emails: tuple[str, ...] | Unset = UNSET
    billing_language: str | Unset = UNSET
    extra: Extra = _NO_EXTRA

    @property
    def full_name(self) -> str:
        """The name of a company, or of a person as the API puts it together; empty when there is none."""
        return self.name or " ".join(part for part in (self.first_name, self.last_name) if part)


class ProductBody(NamedTuple):
    """A product, from which a line takes what it does not say: label, price, unit and VAT code."""

    external_reference: str | Unset = UNSET
    label: str | Unset = UNSET
    price_before_tax: Decimal | Unset = UNSET
    unit: str | Unset | None = UNSET
    vat_rate: str | Unset = UNSET
    description: str | Unset | None = UNSET
    currency: str | Unset = UNSET
    reference: str | Unset | None = UNSET
    ledger_account_id: Id | Unset | None = UNSET
    substance: str | Unset | None = UNSET
    extra: Extra = _NO_EXTRA


Body: TypeAlias = InvoiceBody | ImportedInvoiceBody
LineBody: TypeAlias = InvoiceLine | ImportedInvoiceLine
Record: TypeAlias = (
    Body
    | LineBody
    | InvoiceSection
    | Discount
    | ImputationDates
    | TransactionReference
    | CustomerBody
    | ProductBody
    | Address
)


def lines_of(body: Body) -> Sequence[LineBody]:
    """The lines of an invoice, be it an imported one or not."""
    return body.invoice_lines


def set_fields(record: Record) -> Iterator[tuple[str, object]]:
    """The fields of ``record`` that are not left out, in order, and then those of ``extra``."""
    for name, value in zip(record._fields, record, strict=True):
        if value is not UNSET and name != "extra":
            yield name, value
    yield from record.extra.items()


# --- text that waits for a number -------------------------------------------------------------------------
# A legal number exists once its invoice is final. Until then, text that holds it is a value of its own type:
# it can be shown, with a placeholder, and compared, and is never sent.

# No keyboard has them: nobody takes a placeholder for a number.
_OPEN = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"
_CLOSE = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"


class NumberOf(NamedTuple):
    """The legal number of the invoice whose ``external_reference`` is ``reference``."""

    reference: str

    @property
    def placeholder(self) -> str:
        """What stands for the number where it is shown before it is known."""
        return f"{_OPEN}number of {self.reference}{_CLOSE}"


TextPart: TypeAlias = "str | NumberOf"
# Gives the legal number of the invoice of a reference; None while it is not known.
LegalNumber: TypeAlias = "Callable[[str], str | None]"


class PendingText(str):
    """Text of several parts, of which some are numbers that are not known yet.

    As a text it shows a placeholder for each of them; only :meth:`settle` gives text that may be sent.
    """

    __slots__ = ("parts",)
    parts: tuple[TextPart, ...]

    def __new__(cls, parts: Sequence[TextPart]) -> PendingText:
        """The text of ``parts``, one after the other."""
        texts = (part.placeholder if isinstance(part, NumberOf) else part for part in parts)
        text = super().__new__(cls, "".join(texts))
        text.parts = tuple(parts)
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        return PendingText, (self.parts,)

    @property
    def references(self) -> tuple[str, ...]:
        """The invoices whose numbers are not known yet, by reference, each once."""
        return tuple(dict.fromkeys(part.reference for part in self.parts if isinstance(part, NumberOf)))

    def settle(self, number: LegalNumber) -> str:
        """The text with the numbers that ``number`` gives; pending still when it does not give all."""
        parts = [part if isinstance(part, str) else number(part.reference) or part for part in self.parts]
        return text_of(parts)

    def renamed(self, rename: Callable[[str], str]) -> PendingText:
        """The same text about the references that ``rename`` makes of those in it."""
        return PendingText(
            [part if isinstance(part, str) else NumberOf(rename(part.reference)) for part in self.parts]
        )


# What holds no text that waits. The mapping is what bodies have as `extra` where they have nothing there.
_PLAIN = frozenset({str, type(None), bool, int, Decimal, dt.date, Unset, Key, MappingProxyType})


def text_of(parts: Sequence[TextPart]) -> str:
    """The text of ``parts``: plain when all of them are, else pending."""
    texts = [part for part in parts if isinstance(part, str)]
    return "".join(texts) if len(texts) == len(parts) else PendingText(parts)


def pending_texts(value: object) -> Iterator[PendingText]:
    """Every text in ``value`` (a body, a part of one, or JSON) that waits for a number, in order."""
    # Asked of all fields of each invoice, several times: nearly all are plain, and never looked at singly.
    waiting = [value]
    while waiting:
        member = waiting.pop()
        if isinstance(member, PendingText):
            yield member
        elif isinstance(member, dict):
            waiting += [inner for inner in reversed(member.values()) if type(inner) not in _PLAIN]
        elif isinstance(member, tuple | list):
            waiting += [inner for inner in reversed(member) if type(inner) not in _PLAIN]


def settled(value: T, number: LegalNumber) -> T:
    """``value`` (a body, a part of one, or JSON) with the numbers that are known by now."""
    return value if next(pending_texts(value), None) is None else _settled(value, number)


def _settled(value: Any, number: LegalNumber) -> Any:
    if isinstance(value, PendingText):
        return value.settle(number)
    if isinstance(value, dict):
        return {name: _settled(member, number) for name, member in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return value._make(_settled(member, number) for member in value)  # type: ignore[attr-defined]
    if isinstance(value, tuple | list):
        return type(value)(_settled(member, number) for member in value)
    return value


def with_placeholders(value: Any) -> Any:
    """``value`` (JSON) with a placeholder, as plain text, wherever a number is not known yet."""
    if isinstance(value, PendingText):
        return str(value)
    if isinstance(value, dict):
        return {name: with_placeholders(member) for name, member in value.items()}
    return [with_placeholders(member) for member in value] if isinstance(value, list | tuple) else value
