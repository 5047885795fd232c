"""What ``status`` and ``audit`` report."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pennyform.results.companies import CompanySection
from pennyform.results.values import CompanyIdentity, Record


class InvoiceState(StrEnum):
    """How an invoice stands.

    ``missing`` is defined and not in the account; ``refused`` is a final invoice that the platform for
    e-invoices, or its recipient, refused; ``late`` is final, not paid and past its deadline; ``open`` is
    final, not paid and not late.
    """

    MISSING = "missing"
    DRAFT = "draft"
    REFUSED = "refused"
    LATE = "late"
    OPEN = "open"
    PAID = "paid"


class InvoiceStatus(Record, frozen=True):
    """One definition and how its invoice stands; amounts are decimal text, tax included.

    ``platform`` is what the platform for e-invoices says, "" where it says nothing; ``remaining_amount`` is
    what is neither paid nor credited, "" where the account does not say. ``customer`` is the name of the
    customer as it is declared, else what the definition calls it. ``platform_note`` is how the invoice stands
    with the platform, with its reason and what to do.
    """

    external_reference: str
    state: InvoiceState
    id: int | None
    invoice_number: str
    date: str
    deadline: str
    currency: str
    currency_amount: str
    remaining_amount: str
    platform: str
    customer: str = ""
    platform_note: str = ""


class StateTotal(Record, frozen=True):
    """How many invoices of one currency are in a state, and what they come to, tax included."""

    state: InvoiceState
    currency: str
    invoices: int
    currency_amount: str


class CompanyStatus(CompanySection, frozen=True, kw_only=True):
    """The invoices of one company; null where its account could not be read.

    ``environment`` is ``sandbox`` or ``production``, "" where the settings could not be read.
    """

    company: CompanyIdentity | None
    environment: str = ""
    invoices: tuple[InvoiceStatus, ...]
    totals: tuple[StateTotal, ...]


class StatusDocument(Record, frozen=True, kw_only=True):
    """How the invoices of all companies stand, as of ``today`` (ISO date)."""

    format_version: Literal[1]
    pennyform: str
    today: str
    companies: tuple[CompanyStatus, ...]
    totals: tuple[StateTotal, ...]
    exit_code: int


class AuditedInvoice(Record, frozen=True):
    """An invoice that became final: when (ISO time), by whom, from which commit and plan.

    ``approved_by`` is another person who approved the plan, where one did. What a journal of an earlier
    version does not say is "". ``checksum`` is that of the record in the journal, which covers all records
    before it.
    """

    company: str
    at: str
    external_reference: str
    id: int
    invoice_number: str
    date: str
    currency: str
    currency_amount: str
    person: str
    approved_by: str
    host: str
    commit: str
    plan: str
    pennyform: str
    checksum: str


class CompanyAudit(CompanySection, frozen=True, kw_only=True):
    """What the journal of one company says.

    ``records`` is how many there are, ``last_checksum`` that of the last one. ``gaps`` say in sentences
    which records are missing.
    """

    records: int
    last_checksum: str
    gaps: tuple[str, ...]
    invoices: tuple[AuditedInvoice, ...]


class AuditDocument(Record, frozen=True, kw_only=True):
    """What was issued in all companies."""

    format_version: Literal[1]
    pennyform: str
    companies: tuple[CompanyAudit, ...]
    exit_code: int
