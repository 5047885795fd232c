"""Sending a customer invoice: by mail, and to the platform for e-invoices."""

from __future__ import annotations

import re
import uuid

from pennyform.sandbox.accounting.status import has_file
from pennyform.sandbox.api_errors import conflict, unprocessable
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.handlers.registry import handles
from pennyform.sandbox.model.documents import CustomerInvoice, Quote
from pennyform.sandbox.model.parties import Customer
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@handles("sendByEmailCustomerInvoice")
def send_invoice_by_email(context: RequestContext) -> None:
    """``POST /customer_invoices/{id}/send_by_email``: one more mail each time, once the PDF is there."""
    invoice = context.find(CustomerInvoice, context.parameters["id"])
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
        if not all(_ADDRESS.fullmatch(recipient) for recipient in recipients):
            raise unprocessable("recipients must be email addresses")
    if not has_file(document.body, context.now, context.rules):
        raise conflict("The PDF of the document is not ready yet, try again in a few minutes")
    context.records.insert("email", {"recipients": recipients}, parent=document.id)


@handles("sendToPaCustomerInvoice")
def send_invoice_to_platform(context: RequestContext) -> None:
    """``POST /customer_invoices/{id}/send_to_pa``: once; the outcome shows in ``e_invoicing``."""
    submit_to_platform(context, context.find(CustomerInvoice, context.parameters["id"]))


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
