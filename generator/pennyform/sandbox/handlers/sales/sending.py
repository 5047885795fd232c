"""Sending a customer invoice: by mail, and to the platform for e-invoices."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

from pennyform.sandbox.accounting import status
from pennyform.sandbox.api_errors import conflict, unprocessable
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def send_by_email(context: RequestContext) -> None:
    """``POST /customer_invoices/{id}/send_by_email``: one more mail each time, once the PDF is there."""
    invoice = context.find("customer_invoice", context.parameters["id"])
    if invoice.body["draft"]:
        raise unprocessable("A draft cannot be sent")
    mail(context, invoice, has_file=status.has_file(invoice.body, context.now, context.rules))


def mail(context: RequestContext, document: JsonRecord, *, has_file: bool) -> None:
    """Send a document to the call's recipients, or to its customer when there are none.

    Raises:
        ApiError: 409 while the document's PDF is being made; 422 for no recipient, or one that is no address.
    """
    customer = context.find("customer", document.body["customer_id"])
    recipients = (context.body or {}).get("recipients") or customer.body["emails"]
    if context.rules.mail_needs_address:
        _check(recipients)
    if not has_file:
        raise conflict("The PDF of the document is not ready yet, try again in a few minutes")
    context.records.insert("email", {"recipients": recipients}, parent=document.id)


def _check(recipients: Sequence[str]) -> None:
    if not recipients:
        raise unprocessable("There is no recipient: the customer has no email address")
    if not all(_ADDRESS.fullmatch(recipient) for recipient in recipients):
        raise unprocessable("recipients must be email addresses")


def send_to_pa(context: RequestContext) -> None:
    """``POST /customer_invoices/{id}/send_to_pa``: once; what becomes of it shows in ``e_invoicing``."""
    submit(context, context.find("customer_invoice", context.parameters["id"]))


def submit(context: RequestContext, invoice: JsonRecord) -> None:
    """Hand an invoice to the platform.

    Raises:
        ApiError: 422 for a draft, an invoice that was handed in before, or a customer who cannot receive it.
    """
    if invoice.body["draft"]:
        raise unprocessable("A draft cannot be sent")
    if invoice.body["submitted_at"]:
        raise unprocessable("The invoice has already been sent to the PA")
    customer = context.find("customer", invoice.body["customer_id"])
    if context.rules.pa_needs_reg_no and not customer.body.get("reg_no"):
        raise unprocessable("The customer cannot receive e-invoices: it is not a company with a reg_no")
    invoice.body["submitted_at"] = timestamp(context.now)
    invoice.body["flow_id"] = str(uuid.uuid5(uuid.NAMESPACE_OID, f"flow/{invoice.id}"))
    context.records.update(invoice)


OPERATIONS: dict[str, Handler] = {
    "sendByEmailCustomerInvoice": send_by_email,
    "sendToPaCustomerInvoice": send_to_pa,
}
