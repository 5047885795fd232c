"""What an account holds, as the engine needs to know it: typed, under the API's own field names.

A field that an answer lacks, or has as null, is None. Enumerations are plain text: a value that this version
does not know is compared and shown like any other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from pennyform.engine.journal.replayed_state import ReplayedState
from pennyform.invoices.model import (
    CustomerBody,
    Discount,
    Id,
    ImputationDates,
    InvoiceSection,
    Json,
    Key,
    ProductBody,
    TransactionReference,
)

NO_EXTRA: Mapping[str, Json] = {}


@dataclass(frozen=True, slots=True)
class Company:
    """Whose account it is. ``scopes`` are those of the token; ``reg_no`` of a sandbox begins ``sandbox-``."""

    id: int
    name: str
    reg_no: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteLine:
    """A line with the amounts that Pennylane computed; ``discount`` is always there, and may be of nothing.

    ``extra`` are fields that can be set and that pennyform has no opinion on.
    """

    id: int
    product_id: int | None = None
    label: str | None = None
    description: str | None = None
    quantity: Decimal | None = None
    unit: str | None = None
    raw_currency_unit_price: Decimal | None = None
    vat_rate: str | None = None
    discount: Discount | None = None
    substance: str | None = None
    section_rank: int | None = None
    imputation_dates: ImputationDates | None = None
    currency_amount_before_tax: Decimal | None = None
    currency_tax: Decimal | None = None
    currency_amount: Decimal | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RemoteCategory:
    """An analytical category; ``weight`` is the share of an invoice that goes to it, where there is one."""

    id: int
    label: str
    analytical_code: str | None = None
    group_id: int | None = None
    weight: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class RemoteTransaction:
    """A bank transaction."""

    id: int
    label: str | None
    currency_amount: Decimal


@dataclass(frozen=True, slots=True)
class RemoteInvoice:
    """An invoice as the API shows it.

    ``draft`` is whether it still is one: ``status`` is no help, as the draft of a credit note has another
    one. ``external_reference`` and ``invoice_number`` are empty where it has none. ``lines`` are in the order
    of the document when ``exact``, else in the order in which they were created. ``sections``,
    ``categories``, ``appendices`` (file names) and ``matched_transactions`` (ids) are None until they are
    read.
    ``extra`` are fields that can be set and that pennyform has no opinion on.
    """

    id: int
    draft: bool
    external_reference: str = ""
    invoice_number: str = ""
    date: dt.date | None = None
    deadline: dt.date | None = None
    customer_id: int | None = None
    customer_invoice_template_id: int | None = None
    currency: str | None = None
    language: str | None = None
    label: str | None = None
    discount: Discount | None = None
    special_mention: str | None = None
    pdf_invoice_subject: str | None = None
    pdf_invoice_free_text: str | None = None
    pdf_description: str | None = None
    transaction_reference: TransactionReference | None = None
    currency_amount_before_tax: Decimal | None = None
    currency_tax: Decimal | None = None
    currency_amount: Decimal | None = None
    paid: bool = False
    remaining_amount_with_tax: Decimal | None = None
    e_invoicing_status: str | None = None
    e_invoicing_reason: str | None = None
    credited_invoice_id: int | None = None
    lines: tuple[RemoteLine, ...] = ()
    exact: bool = False
    sections: tuple[InvoiceSection, ...] | None = None
    categories: tuple[RemoteCategory, ...] | None = None
    appendices: tuple[str, ...] | None = None
    matched_transactions: tuple[int, ...] | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """The document of a final invoice: a link that expires, "" while it is being made.

    ``is_factur_x`` is whether the account says that it carries the data of an electronic invoice.
    """

    url: str
    is_factur_x: bool


@dataclass(frozen=True, slots=True)
class RemoteCustomer:
    """A customer; ``customer_type`` is ``company`` or ``individual``.

    ``ledger_account_id`` is None where it has none; its body does not name it.
    """

    id: int
    customer_type: str
    body: CustomerBody
    ledger_account_id: int | None = None


@dataclass(frozen=True, slots=True)
class RemoteProduct:
    """A product; ``ledger_account_id`` of its body is None where it has no account of its own."""

    id: int
    body: ProductBody


@dataclass(frozen=True, slots=True)
class CustomerSearch:
    """Customers that may be those about to be created; ``is_complete`` tells that all customers were read."""

    rows: Sequence[RemoteCustomer] = ()
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class RemoteState:
    """Everything that was looked up for one plan.

    ``customers`` and ``products`` are by ``external_reference``, ``customers_by_id`` and ``products_by_id``
    by id; ``search`` are customers that may be those to be created. ``ids`` are the ids of everything that
    answers to each other key: ledger accounts, templates, categories, transactions; ``labels`` tell records
    of one name apart, by id.
    ``credited`` are the invoices that credit notes name and that have no definition, by reference, and
    ``credited_by_id`` those that they name by their id.
    ``invoices`` holds *all* rows that carry a reference: more than one is a duplicate. ``numbered`` are the
    rows that have the legal number of an import that no look-up by reference found, by the number as its
    definition spells it. ``renamed`` are final invoices that the journal knows under a reference that they
    do not carry any more, by that reference. ``deposits_by_number`` are the deposits that definitions name by
    their legal numbers; ``of_customers`` are the invoices of customers whose deposits are to be taken off,
    since these deposits, by the customer's id. ``newest_final`` is the final invoice with the latest date,
    if that is after the date of one that is to become final. ``unsettled`` are references of which an earlier
    apply does not know what became; ``replayed`` is what the journal remembers.
    """

    company: Company
    customers: Mapping[str, RemoteCustomer] = field(default_factory=dict)
    customers_by_id: Mapping[int, RemoteCustomer] = field(default_factory=dict)
    search: CustomerSearch = field(default_factory=CustomerSearch)
    products: Mapping[str, RemoteProduct] = field(default_factory=dict)
    products_by_id: Mapping[int, RemoteProduct] = field(default_factory=dict)
    ids: Mapping[Key, Sequence[int]] = field(default_factory=dict)
    labels: Mapping[int, str] = field(default_factory=dict)
    credited: Mapping[str, Sequence[RemoteInvoice]] = field(default_factory=dict)
    credited_by_id: Mapping[int, RemoteInvoice] = field(default_factory=dict)
    invoices: Mapping[str, Sequence[RemoteInvoice]] = field(default_factory=dict)
    numbered: Mapping[str, Sequence[RemoteInvoice]] = field(default_factory=dict)
    renamed: Mapping[str, RemoteInvoice] = field(default_factory=dict)
    deposits_by_number: Mapping[str, Sequence[RemoteInvoice]] = field(default_factory=dict)
    of_customers: Mapping[int, Sequence[RemoteInvoice]] = field(default_factory=dict)
    newest_final: RemoteInvoice | None = None
    unsettled: frozenset[str] = frozenset()
    replayed: ReplayedState = field(default_factory=ReplayedState)

    def identify(self, key: Key) -> int | None:
        """The id that ``key`` stands for; None when nothing, or more than one thing, answers to it."""
        if key.field == "id":
            return int(key.value)
        ids = self.ids_of(key)
        return ids[0] if len(ids) == 1 else None

    def ids_of(self, key: Key) -> Sequence[int]:
        """The ids of all that answers to ``key``."""
        reference = str(key.value)
        match key.kind:
            case "customer":
                return (self.customers[reference].id,) if reference in self.customers else ()
            case "product":
                return (self.products[reference].id,) if reference in self.products else ()
            case "customer_invoice":
                return [invoice.id for invoice in self.invoices_of(key)]
        return self.ids.get(key, ())

    def invoices_of(self, key: Key) -> Sequence[RemoteInvoice]:
        """The invoices that carry the reference ``key``, those of definitions before others."""
        reference = str(key.value)
        if key.field == "invoice_number":
            return self.deposits_by_number.get(reference, ())
        return self.invoices.get(reference) or self.credited.get(reference, ())

    def customer(self, key: Id) -> RemoteCustomer | None:
        """The customer that ``key`` or an id stands for, if the account has it and it was looked up."""
        if isinstance(key, Key) and key.field != "id":
            return self.customers.get(str(key.value))
        return self.customers_by_id.get(int(key.value if isinstance(key, Key) else key))

    def product(self, key: Id) -> RemoteProduct | None:
        """The product that ``key`` or an id stands for, if the account has it."""
        if isinstance(key, Key) and key.field != "id":
            return self.products.get(str(key.value))
        return self.products_by_id.get(int(key.value if isinstance(key, Key) else key))
