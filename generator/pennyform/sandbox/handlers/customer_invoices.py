"""The life cycle of a customer invoice: draft, finalized, and what may change in each; its lines; sending it.

By the contract a body without ``draft`` is issued at once: numbered and final.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from pennyform.sandbox.accounting import invoicing, ledger
from pennyform.sandbox.accounting.invoice_lines import lines_of, update_line
from pennyform.sandbox.accounting.payments import has_file, reconcile_invoice
from pennyform.sandbox.accounting.views import present_invoice, present_line, present_section
from pennyform.sandbox.api_errors import bad_request, conflict, unprocessable
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.generic.lists import cursor_after, present_page, read_page
from pennyform.sandbox.handlers.registry import handles, register_child_list, register_get
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.documents import CustomerInvoice, InvoiceLine, InvoiceSection, Quote
from pennyform.sandbox.model.parties import Customer
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record, Selection

# The contract's word for what may still change once an invoice is finalized.
_CHANGEABLE_LATER = frozenset({"label", "external_reference", "transaction_reference", "invoice_lines"})
_MOST_INCLUDED = 20  # the contract's `maxItems`

register_get("getCustomerInvoice", CustomerInvoice, present_invoice)
register_child_list("getCustomerInvoiceInvoiceLines", "customer_invoice", InvoiceLine, present_line)
register_child_list(
    "getCustomerInvoiceInvoiceLineSections", "customer_invoice", InvoiceSection, present_section
)
_LONGEST_ADDRESS = 320  # RFC 3696, erratum 1690: 64 characters, @, 255 characters


@handles("postCustomerInvoices")
def create_customer_invoice(context: RequestContext) -> JsonObject:
    """``POST /customer_invoices``: a draft when ``draft`` is true, otherwise issued on the spot."""
    return present_invoice(context, invoicing.create_invoice(context, context.body))


@handles("getCustomerInvoices")
def list_customer_invoices(context: RequestContext) -> JsonObject:
    """``GET /customer_invoices``, with ``include=invoice_lines`` on request."""
    include = context.parameters.get("include")
    if include and include not in context.operation.includes:
        raise bad_request(f"Cannot include {include}: use {', '.join(context.operation.includes)}")
    page = read_page(context, CustomerInvoice)
    answer = present_page(context, page, present_invoice)
    if include:
        answer["included"] = {"invoice_lines": _included_lines(context, page.records)}
    return answer


@handles("updateCustomerInvoice")
def update_customer_invoice(context: RequestContext) -> JsonObject:
    """``PUT /customer_invoices/{id}``: partial; what may change depends on whether it is a draft."""
    record = context.find_by_path(CustomerInvoice)
    fields = dict(context.body)
    changes = fields.get("invoice_lines", {})
    if record.body.draft:
        if "transaction_reference" in fields:
            raise unprocessable("transaction_reference cannot be set on a draft")
        if any("imputation_dates" in update for update in changes.get("update", ())):
            raise unprocessable("imputation_dates cannot be set on a draft")
    else:
        _check_final_change(fields, changes)
    fields.pop("invoice_lines", None)
    record.reference = fields.pop("external_reference", None) or record.reference
    if record.body.draft:
        invoicing.change_document(context, record, fields, changes)
    else:
        record.body = record.body.updated(fields)
        # Only imputation dates: `_check_final_change` lets nothing else through.
        lines = {line.id: line for line in lines_of(context, record.id)}
        for update in changes.get("update", ()):
            line = context.find_among(lines, update, "Invoice line")
            sections = [] if line.body.section_rank is None else [line.body.section_rank]
            line.body = update_line(context, line.body, update, sections)
            context.records.update(line)
    context.records.update(record)
    if "transaction_reference" in fields:
        reconcile_invoice(context, record)
    return present_invoice(context, record)


@handles("finalizeCustomerInvoice")
def finalize_customer_invoice(context: RequestContext) -> JsonObject:
    """``PUT /customer_invoices/{id}/finalize``: once."""
    record = context.find_by_path(CustomerInvoice)
    if not record.body.draft:
        raise unprocessable("The invoice is already finalized")
    lines = [line.body for line in lines_of(context, record.id)]
    invoicing.issue_invoice(context, record.body, lines)
    context.records.update(record)
    return present_invoice(context, record)


@handles("deleteCustomerInvoices")
def delete_customer_invoice(context: RequestContext) -> None:
    """``DELETE /customer_invoices/{id}``: drafts only, with their lines and sections."""
    record = context.find_by_path(CustomerInvoice)
    if not record.body.draft:
        raise unprocessable("A finalized invoice cannot be deleted")
    for kind in (InvoiceLine.KIND, InvoiceSection.KIND):
        context.records.delete(context.records.select(kind, Selection(), parent=record.id))
    ledger.delete_invoice_entry(context, record.body)
    # Assumed: the reference stays taken.
    context.records.delete([record], free_reference=context.rules.deleted_reference_is_free)


def _check_final_change(fields: JsonObject, changes: JsonObject) -> None:
    refused = sorted(set(fields) - _CHANGEABLE_LATER) or sorted(set(changes) - {"update"})
    if not refused and any(set(update) - {"id", "imputation_dates"} for update in changes.get("update", ())):
        refused = ["invoice_lines"]
    if refused:
        raise unprocessable(f"{refused[0]} cannot be changed once finalized")


def _included_lines(context: RequestContext, invoices: Sequence[Record[CustomerInvoice]]) -> JsonObject:
    """``included.invoice_lines``: up to 20 lines per invoice id.

    Their number is the contract's, their order an assumption: ``Rules.included_sort``.
    """
    by_rank = context.rules.included_sort == "rank"
    identifiers = [invoice.id for invoice in invoices]
    lines_by_invoice = context.records.children(
        InvoiceLine, identifiers, _MOST_INCLUDED + 1, newest=not by_rank
    )
    included: JsonObject = {}
    for identifier in identifiers:
        lines = lines_by_invoice.get(identifier, [])
        next_url = None
        if len(lines) > _MOST_INCLUDED:
            last = lines[_MOST_INCLUDED - 1]
            # The list's own sort need not be asked for.
            query = (
                f"sort=rank&cursor={cursor_after(last, 'rank')}"
                if by_rank
                else f"cursor={cursor_after(last)}"
            )
            next_url = f"{context.url('customer_invoices', identifier, 'invoice_lines')}?{query}"
        included[str(identifier)] = {
            "items": [present_line(context, line) for line in lines[:_MOST_INCLUDED]],
            "has_more": next_url is not None,
            "next_url": next_url,
        }
    return included


@handles("sendByEmailCustomerInvoice")
def send_invoice_by_email(context: RequestContext) -> None:
    """``POST /customer_invoices/{id}/send_by_email``: one more mail each time, once the PDF is there."""
    invoice = context.find_by_path(CustomerInvoice)
    if invoice.body.draft:
        raise unprocessable("A draft cannot be sent")
    send_document(context, invoice)


def send_document(context: RequestContext, document: Record[CustomerInvoice] | Record[Quote]) -> None:
    """Mail a document to the request's recipients, or to its customer when there are none.

    Raises:
        ApiError: 409 while the document's PDF is being made; 422 for no recipient, or one that is no address.
    """
    customer = context.find(Customer, document.body.customer_id).body
    recipients = (context.body or {}).get("recipients") or customer.emails
    # Assumed: the contract says nothing of addresses.
    if context.rules.mail_needs_address:
        if not recipients:
            raise unprocessable("There is no recipient: the customer has no email address")
        if not all(map(is_email_address, recipients)):
            raise unprocessable("recipients must be email addresses")
    if not has_file(document.body, context.now, context.rules):
        raise conflict("The PDF of the document is not ready yet, try again in a few minutes")
    context.records.insert("email", {"recipients": recipients}, parent=document.id)


def is_email_address(text: str) -> bool:
    """Whether a text has the form of an address: something, ``@``, and a domain with a dot in it."""
    local, _, domain = text.partition("@")
    is_plain = len(text) <= _LONGEST_ADDRESS and not any(map(str.isspace, text))
    return is_plain and bool(local) and "@" not in domain and "." in domain[1:-1]


@handles("sendToPaCustomerInvoice")
def send_invoice_to_platform(context: RequestContext) -> None:
    """``POST /customer_invoices/{id}/send_to_pa``: once; the outcome shows in ``e_invoicing``."""
    submit_to_platform(context, context.find_by_path(CustomerInvoice))


def submit_to_platform(context: RequestContext, invoice: Record[CustomerInvoice]) -> None:
    """Submit an invoice to the platform (PA, *plateforme agréée*).

    Raises:
        ApiError: 422 for a draft, an invoice that was submitted before, or a customer who cannot receive it.
    """
    if invoice.body.draft:
        raise unprocessable("A draft cannot be sent")
    if invoice.body.submitted_at:
        raise unprocessable("The invoice has already been sent to the PA")
    customer = context.find(Customer, invoice.body.customer_id).body
    if context.rules.pa_needs_reg_no and not customer.reg_no:
        raise unprocessable("The customer cannot receive e-invoices: it is not a company with a reg_no")
    invoice.body.submitted_at = timestamp(context.now)
    invoice.body.flow_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"flow/{invoice.id}"))
    context.records.update(invoice)
