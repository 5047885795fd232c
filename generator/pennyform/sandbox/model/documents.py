"""Invoices, quotes and subscriptions, and the lines and sections that they are made of.

Field names are the contract's where it has one. Amounts named ``currency_…`` are in the document's currency,
``amount`` and ``tax`` in euros; an amount without ``before_tax`` includes the VAT.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from pennyform.sandbox.model.parties import Address, Customer
from pennyform.sandbox.storage.records import RecordBody


class StoredDiscount(msgspec.Struct, frozen=True):
    """``absolute``: ``value`` is an amount before tax; ``relative``: a percentage.

    ``value`` is None or empty only between a request and its check.
    """

    type: str = "absolute"
    value: str | None = "0.0"


NO_DISCOUNT = StoredDiscount()


class PricedBody(RecordBody, kw_only=True):
    """Amounts of a line or of a whole document."""

    currency_amount_before_tax: str = "0.0"
    currency_tax: str = "0.0"
    currency_amount: str = "0.0"
    tax: str = "0.0"
    amount: str = "0.0"


class InvoiceLine(PricedBody, kw_only=True):
    """A line of a customer invoice, a quote or a subscription."""

    KIND: ClassVar[str] = "invoice_line"

    label: str
    unit: str
    vat_rate: str
    quantity: str
    raw_currency_unit_price: str
    rank: int
    description: str = ""
    product_id: int | None = None
    ledger_account_id: int | None = None
    substance: str | None = None
    section_rank: int | None = None
    imputation_dates: dict[str, str] | None = None
    discount: StoredDiscount = NO_DISCOUNT


class InvoiceSection(RecordBody, kw_only=True, omit_defaults=True):
    """A heading over lines, which name it by its rank."""

    KIND: ClassVar[str] = "invoice_line_section"

    rank: int
    title: str | None = None
    description: str | None = None


class Document(PricedBody, kw_only=True):
    """What all documents have, customers' and suppliers'."""

    date: str
    currency: str = "EUR"
    label: str | None = None
    origin: str = "created"  # or imported, factur_x, e_invoice
    issued_at: str | None = None
    incomplete: bool = False
    marked_as_paid: bool = False
    settled: str = "0.0"  # covered by matched transactions
    credited: str = "0.0"  # taken back by linked credit notes
    credited_invoice_id: int | None = None
    category_ids: list[int] = msgspec.field(default_factory=list)
    file_attachment_id: int | None = None
    factur_x_at: str | None = None
    submitted_at: str | None = None
    flow_id: str | None = None
    quote_id: int | None = None
    billing_subscription_id: int | None = None
    filename: str | UnsetType = UNSET
    media_type: str | UnsetType = UNSET
    digest: str | UnsetType = UNSET


class SalesDocument(Document, kw_only=True):
    """A document for a customer, made of lines and sections."""

    KIND: ClassVar[str]

    customer_id: int
    customer_name: str = ""
    language: str = ""
    discount: StoredDiscount = NO_DISCOUNT
    exchange_rate: str = "1.0"
    credit_note: bool = False
    customer_invoice_template_id: int | None = None
    pdf_invoice_free_text: str | None = None
    pdf_invoice_subject: str | None = None
    pdf_description: str | None = None
    special_mention: str | None = None
    transaction_reference: dict[str, str] | None = None
    draft: bool = False
    invoice_number: str = ""


class BilledTo(msgspec.Struct, frozen=True):
    """The customer's name, address and numbers at the moment in which an invoice is issued."""

    name: str
    billing_address: Address
    reg_no: str = ""
    vat_number: str = ""

    @classmethod
    def from_customer(cls, customer: Customer) -> BilledTo:
        """What the card of ``customer`` says now."""
        return cls(customer.name, customer.billing_address, customer.reg_no, customer.vat_number)


class CustomerInvoice(SalesDocument, kw_only=True):
    """An invoice, or a credit note: one whose total is negative."""

    KIND: ClassVar[str] = "customer_invoice"

    deadline: str
    ledger_entry_id: int = 0  # set before the invoice is stored
    billed_to: BilledTo | UnsetType = UNSET


class Quote(SalesDocument, kw_only=True):
    """A quote; ``status`` is pending, accepted, denied, expired or invoiced."""

    KIND: ClassVar[str] = "quote"

    deadline: str
    status: str
    quote_number: str


class RecurringRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a subscription makes invoices. Without ``count`` it goes on."""

    type: str
    interval: int = 1
    count: int | None = None
    day_of_month: int | None = None
    day_of_week: str | None = None


class EmailSettings(msgspec.Struct, frozen=True):
    """To whom the invoices of a subscription are mailed."""

    recipients: list[str]
    billing_email_template: None = None


class BillingSubscription(SalesDocument, kw_only=True):
    """A model of the invoices that it makes. Occurrences are dates in ISO 8601."""

    KIND: ClassVar[str] = "billing_subscription"

    start: str
    payment_conditions: str
    payment_method: str
    recurring_rule: RecurringRule
    mode: str  # awaiting_validation, finalized or email
    activated_at: str
    email_settings: EmailSettings | None = None
    stopped_at: str | None = None
    prev_occurrence: str | None = None
    next_occurrence: str | None = None
    finish: str | None = None
    status: str = ""


class EInvoiceStatus(msgspec.Struct, frozen=True):
    """How far the company has come with an e-invoice that a supplier sent."""

    status: str
    reason: str | None = None


class SupplierInvoice(Document, kw_only=True):
    """An invoice from a supplier, imported with its file."""

    KIND: ClassVar[str] = "supplier_invoice"

    supplier_id: int
    deadline: str
    accounting_status: str
    payment_status: str = "to_be_paid"
    invoice_number: str | UnsetType = UNSET
    e_invoice_status: EInvoiceStatus | None = None
    ledger_entry_id: int = 0  # set before the invoice is stored
