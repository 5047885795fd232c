"""Making and issuing customer invoices, and the quotes and subscriptions that have the same parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from pennyform.sandbox.accounting import ledger, payments
from pennyform.sandbox.accounting.invoice_lines import (
    change_lines,
    check_discount,
    compute_amounts,
    create_line,
    insert_lines,
    lines_of,
    update_line,
)
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.documents import (
    BilledTo,
    CustomerInvoice,
    InvoiceLine,
    InvoiceSection,
    SalesDocument,
)
from pennyform.sandbox.model.parties import Customer
from pennyform.sandbox.money.rates import CURRENCIES
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record, Selection

Sales = TypeVar("Sales", bound=SalesDocument)

_COPIED_FROM_DOCUMENTS = (
    *("customer_id", "currency", "language", "discount", "customer_invoice_template_id"),
    *("pdf_invoice_free_text", "pdf_invoice_subject", "pdf_description", "special_mention"),
)
_COPIED_FROM_LINES = (
    *("label", "unit", "quantity", "raw_currency_unit_price", "vat_rate", "description", "discount"),
    *("section_rank", "ledger_account_id"),
)


@dataclass(frozen=True, slots=True)
class _Parts:
    lines: list[InvoiceLine]
    sections: list[JsonObject]
    reference: str


def create_invoice(context: RequestContext, request: JsonObject) -> Record[CustomerInvoice]:
    """Create an invoice; without ``draft`` it is issued at once, as the contract says.

    ``request`` is as the body of ``POST /customer_invoices``, and may have other fields of an invoice.

    Raises:
        ApiError: 404 or 422.
        DuplicateReferenceError: when the reference is in use.
    """
    invoice, parts = _build_document(context, CustomerInvoice, request)
    ledger.create_invoice_entry(context, invoice)
    if not invoice.draft:
        issue_invoice(context, invoice, parts.lines)
    record = _store_document(context, invoice, parts)
    payments.reconcile_invoice(context, record)
    return record


def create_document(context: RequestContext, kind: type[Sales], request: JsonObject) -> Record[Sales]:
    """Create a quote or a subscription, which have the parts of an invoice and are never issued.

    Raises:
        ApiError: 404 or 422.
        DuplicateReferenceError: when the reference is in use.
    """
    return _store_document(context, *_build_document(context, kind, request))


def _build_document(context: RequestContext, kind: type[Sales], request: JsonObject) -> tuple[Sales, _Parts]:
    fields = dict(request)
    line_requests, sections = fields.pop("invoice_lines"), fields.pop("invoice_line_sections", [])
    reference = fields.pop("external_reference", None) or context.records.generate_reference(kind.KIND)
    ranks = check_section_ranks([section["rank"] for section in sections])
    lines = [create_line(context, line, rank, ranks) for rank, line in enumerate(line_requests, 1)]
    _check_references(context, fields)
    document = kind.from_fields(fields)
    _complete(context, document, lines)
    return document, _Parts(lines, sections, reference)


def _store_document(context: RequestContext, document: Sales, parts: _Parts) -> Record[Sales]:
    record = context.records.insert(document.KIND, document, reference=parts.reference)
    for section in parts.sections:
        context.records.insert(InvoiceSection.KIND, section, parent=record.id)
    insert_lines(context, record.id, parts.lines)
    return record


def issue_invoice(context: RequestContext, invoice: CustomerInvoice, lines: Sequence[InvoiceLine]) -> None:
    """Give an invoice the next number and what the customer's card says now, and post its ledger entry.

    The caller stores the invoice. Numbers have no gaps because they are counted in the same transaction.
    """
    if not lines:
        raise unprocessable("An invoice must have at least one line")
    invoice.draft = False
    # The year of the invoice's date, not of today (assumed: `Rules.numbered_by_year`).
    year = invoice.date[:4]
    series = f"invoice {year}" if context.rules.numbered_by_year else "invoice"
    invoice.invoice_number = f"F-{year}-{context.records.next_number(series):04d}"
    invoice.issued_at = timestamp(context.now)
    customer = context.find(Customer, invoice.customer_id).body
    invoice.billed_to = BilledTo.from_customer(customer)
    ledger.post_invoice_entry(context, invoice, lines[0].ledger_account_id)


def _check_references(context: RequestContext, fields: JsonObject) -> None:
    """Check the ids of a request, before it is read as a document: to JSON Schema, 1e30 is an integer too."""
    if "customer_id" in fields:
        context.find("customer", fields["customer_id"], "Customer")
    if fields.get("customer_invoice_template_id") is not None:
        context.find("customer_invoice_template", fields["customer_invoice_template_id"], "Template")


def _complete(context: RequestContext, document: SalesDocument, lines: Sequence[InvoiceLine]) -> None:
    """Check what does not depend on the kind of document, and compute what follows from fields and lines."""
    customer = context.find(Customer, document.customer_id, "Customer").body
    if document.currency not in CURRENCIES:
        raise unprocessable(f"{document.currency} is not a currency")
    if not lines and (context.rules.draft_needs_a_line or not document.draft):
        raise unprocessable("An invoice must have at least one line")
    document.customer_name = customer.name
    document.language = document.language or customer.billing_language
    document.discount = check_discount(context, document.discount)
    compute_amounts(context, document, lines)


def change_document(
    context: RequestContext, document: Record[Sales], fields: JsonObject, changes: JsonObject
) -> None:
    """Change fields and lines of a draft, a quote or a subscription, and compute it anew.

    The lines are written by ``changes`` (``{create, update, delete}`` as in a request); the document, changed
    by ``fields``, is left to the caller.

    Raises:
        ApiError: 404 for a line that is not there; 422 for a rule that is broken.
    """
    ranks = [section.body.rank for section in sections_of(context, document.id)]
    changed = change_lines(
        context,
        document.id,
        changes,
        lambda line, update: update_line(context, line, update, ranks),
        lambda request, rank: create_line(context, request, rank, ranks),
    )
    _check_references(context, fields)
    document.body = document.body.updated(fields)
    _complete(context, document.body, changed.lines)
    changed.store(context)


def sections_of(context: RequestContext, document: int) -> list[Record[InvoiceSection]]:
    """Sections of the document with this id."""
    return context.records.select(InvoiceSection, Selection(order="id ASC"), parent=document)


def copy_document(context: RequestContext, document: Record[Sales]) -> JsonObject:
    """What an invoice takes over from a quote or a subscription, as a request for it would have it."""
    fields = document.body.fields()
    lines = []
    for line in lines_of(context, document.id):
        line_fields = line.body.fields()
        request = {name: line_fields[name] for name in _COPIED_FROM_LINES}
        if line.body.product_id:
            request["product_id"] = line.body.product_id
        lines.append(request)
    return {
        **{name: fields[name] for name in _COPIED_FROM_DOCUMENTS},
        "invoice_line_sections": [section.body.fields() for section in sections_of(context, document.id)],
        "invoice_lines": lines,
    }


def check_section_ranks(ranks: list[int]) -> list[int]:
    """The ranks of sections, which by the contract are 1, 2, 3, … in any order; 422 otherwise."""
    if sorted(ranks) != list(range(1, len(ranks) + 1)):
        raise unprocessable("Sections must be ranked 1, 2, 3, … without gaps")
    return ranks
