"""What ``render`` reports."""

from __future__ import annotations

from typing import Literal

import msgspec

from pennyform.results.values import InvoiceTotals, Json, JsonObject, Record


class Lookup(Record, frozen=True):
    """A natural key where an id will stand: its ``kind``, and a field with its value."""

    lookup: dict[str, str | int]


class CategoryShare(Record, frozen=True):
    """The share of the invoice that goes to a category; ``weight`` is decimal text."""

    lookup: dict[str, str | int]
    weight: str


class UploadedFile(Record, frozen=True):
    """A file of the repository. ``path`` is relative to its root, ``size`` in bytes."""

    path: str
    sha256: str
    size: int
    media_type: str


class Mail(Record, frozen=True):
    """To whom Pennylane mails the invoice; to the customer's own addresses when nobody is named."""

    recipients: tuple[str, ...]


class LaterSteps(Record, frozen=True, kw_only=True):
    """What is done once the invoice is there; what is not asked for is left out.

    ``deductions_from_account`` are deposits whose lines the body still lacks: only the account knows what
    they came to.
    """

    finalize: bool | msgspec.UnsetType = msgspec.UNSET
    after_finalize: JsonObject | msgspec.UnsetType = msgspec.UNSET
    deductions_from_account: tuple[Lookup, ...] | msgspec.UnsetType = msgspec.UNSET
    link_credit_note: Lookup | msgspec.UnsetType = msgspec.UNSET
    appendices: tuple[UploadedFile, ...] | msgspec.UnsetType = msgspec.UNSET
    send_to_pa: bool | msgspec.UnsetType = msgspec.UNSET
    mark_as_paid: bool | msgspec.UnsetType = msgspec.UNSET
    matched_transactions: tuple[Lookup, ...] | msgspec.UnsetType = msgspec.UNSET
    categories: tuple[CategoryShare, ...] | msgspec.UnsetType = msgspec.UNSET
    send_by_email: Mail | msgspec.UnsetType = msgspec.UNSET


class ValueOrigin(Record, frozen=True, kw_only=True):
    """Where one value of the body comes from.

    ``source`` is ``definition``, ``template``, ``data``, ``product``, or ``default`` for what the API takes
    when nothing is said; ``place`` is ``file:line:column``. ``expression`` is the text that gave the value,
    and ``uses`` are the places of what it names.
    """

    pointer: str
    value: Json
    source: Literal["definition", "template", "data", "product", "default"]
    place: str | msgspec.UnsetType = msgspec.UNSET
    expression: str | msgspec.UnsetType = msgspec.UNSET
    uses: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


class RenderedInvoice(Record, frozen=True, kw_only=True):
    """One invoice as the API will get it: ``body`` is the request of the contract's ``operation``.

    ``totals`` is null when a line names a product that is not declared here.
    """

    external_reference: str
    kind: str
    operation: str
    body: JsonObject
    then: LaterSteps
    totals: InvoiceTotals | None
    provenance: tuple[ValueOrigin, ...] | msgspec.UnsetType = msgspec.UNSET


class RenderDocument(Record, frozen=True):
    """The invoices of a repository. ``rounding`` is ``line`` or ``document``."""

    format_version: Literal[1]
    rounding: str
    invoices: tuple[RenderedInvoice, ...]
