"""What ``verify`` reports."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pennyform.results.orphans import OrphanReport
from pennyform.results.values import CompanyIdentity, FieldDifference, InvoiceTotals, Record, SourcePlace


class VerificationStatus(StrEnum):
    """How an invoice stands against its definition."""

    EQUAL = "equal"
    DIFFERS = "differs"
    MISSING = "missing"
    DUPLICATE = "duplicate"


class InvoiceVerdict(Record, frozen=True):
    """One definition and what the account has for it.

    ``ids`` are all invoices under its reference; number and draft are told when it is one. ``unverifiable``
    are pointers to values that no answer of the API shows; ``totals`` are those that were asked for.
    """

    external_reference: str
    status: VerificationStatus
    ids: tuple[int, ...]
    invoice_number: str
    draft: bool | None
    differences: tuple[FieldDifference, ...]
    unverifiable: tuple[str, ...]
    totals: InvoiceTotals
    place: SourcePlace


class VerificationDocument(Record, frozen=True):
    """Every definition's verdict, by reference. ``summary`` counts them by status.

    ``orphans`` are invoices that no definition asks for any more.
    """

    format_version: Literal[1]
    pennyform: str
    environment: str
    company: CompanyIdentity
    invoices: tuple[InvoiceVerdict, ...]
    summary: dict[str, int]
    orphans: OrphanReport
