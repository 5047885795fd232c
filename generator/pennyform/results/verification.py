"""What ``verify`` reports."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from pennyform.results.orphans import OrphanReport
from pennyform.results.values import CompanyIdentity, FieldDifference, InvoiceTotals, Record, SourcePlace


class VerificationStatus(StrEnum):
    """How an invoice, a customer or a product stands against its definition.

    ``as_issued`` is a final invoice that is what it was when it was issued, while its lines would take other
    values from their products today.
    """

    EQUAL = "equal"
    AS_ISSUED = "as_issued"
    DIFFERS = "differs"
    MISSING = "missing"
    DUPLICATE = "duplicate"


class DocumentVerdict(Record, frozen=True):
    """What was read of the document that was issued, and compared.

    What differs is among the differences of the invoice, below ``/document``. ``source`` is what was read:
    ``xml`` of an electronic invoice, the ``text`` of a PDF, the ``file`` that was imported, or ``nothing``.
    ``sha256`` is that of the file, "" where there is none. ``compared`` names what was compared with the
    definition, ``rule_sets`` the rules that the XML was held to.
    """

    source: Literal["xml", "text", "file", "nothing"]
    sha256: str
    compared: tuple[str, ...]
    rule_sets: tuple[str, ...]


class InvoiceVerdict(Record, frozen=True):
    """One definition and what the account has for it.

    ``ids`` are all invoices under its reference; number and draft are told when it is one. ``unverifiable``
    are pointers to values that no answer of the API shows; ``totals`` are those that were asked for.
    ``outdated`` are values that a final invoice took from products (``before``), and would not take today.
    ``notes`` say what else is known, in sentences. ``account_amount`` is what the account has, tax included,
    in ``account_currency``; "" when it is not one invoice. ``document`` is left out where documents
    were not asked for.
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
    outdated: tuple[FieldDifference, ...] = ()
    notes: tuple[str, ...] = ()
    account_amount: str = ""
    account_currency: str = ""
    document: DocumentVerdict | msgspec.UnsetType = msgspec.UNSET


class DeclaredVerdict(Record, frozen=True):
    """One declared customer or product and what the account has for it; only declared fields are compared."""

    kind: Literal["customer", "product"]
    external_reference: str
    status: VerificationStatus
    id: int | None
    differences: tuple[FieldDifference, ...]
    unverifiable: tuple[str, ...]
    place: SourcePlace


class VerificationDocument(Record, frozen=True):
    """Every definition's verdict, by reference. ``summary`` counts them by status.

    ``declared`` are the customers and products that are kept in step, and that the account has or invoices
    name. ``orphans`` are invoices that no definition asks for any more.
    """

    format_version: Literal[1]
    pennyform: str
    environment: str
    company: CompanyIdentity
    invoices: tuple[InvoiceVerdict, ...]
    declared: tuple[DeclaredVerdict, ...]
    summary: dict[str, int]
    orphans: OrphanReport
