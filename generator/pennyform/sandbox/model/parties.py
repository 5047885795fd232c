"""Customers, suppliers and products as other records need them, and files that were sent."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from pennyform.sandbox.storage.records import RecordBody


class Address(msgspec.Struct, frozen=True):
    """A postal address; ``country_alpha2`` is ISO 3166."""

    address: str = ""
    postal_code: str = ""
    city: str = ""
    country_alpha2: str = ""


class Customer(RecordBody, kw_only=True):
    """A customer of either kind: an individual has no ``reg_no`` and no ``vat_number``."""

    KIND: ClassVar[str] = "customer"

    name: str
    billing_address: Address
    emails: list[str]
    billing_language: str
    payment_conditions: str
    ledger_account_id: int
    reg_no: str = ""
    vat_number: str = ""


class Supplier(RecordBody, kw_only=True):
    """A supplier."""

    KIND: ClassVar[str] = "supplier"

    ledger_account_id: int


class Product(RecordBody, kw_only=True):
    """A product: what it fills into a line."""

    KIND: ClassVar[str] = "product"

    label: str
    price_before_tax: str
    unit: str
    vat_rate: str
    ledger_account_id: int | None = None


class StoredFile(RecordBody, kw_only=True):
    """A file to refer to. ``digest`` is the SHA-256 under which its content is stored."""

    KIND: ClassVar[str] = "file_attachment"

    filename: str
    media_type: str
    digest: str


class Appendix(StoredFile, kw_only=True):
    """A file that is attached to a document."""

    KIND: ClassVar[str] = "appendix"


class LedgerAttachment(StoredFile, kw_only=True):
    """A file for a ledger entry."""

    KIND: ClassVar[str] = "ledger_attachment"
