"""Sending a customer invoice: by mail, and to the platform for e-invoices."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

from pennyform.sandbox.accounting import status
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.problems import conflict, unprocessable
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import Record

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def send_by_email(call: RequestContext) -> None:
    """``POST /customer_invoices/{id}/send_by_email``: one more mail each time, once the PDF is there."""
    invoice = call.find("customer_invoice", call.parameters["id"])
    if invoice.body["draft"]:
        raise unprocessable("A draft cannot be sent")
    mail(call, invoice, has_file=status.has_file(invoice.body, call.now, call.rules))


def mail(call: RequestContext, document: Record, *, has_file: bool) -> None:
    """Send a document to the call's recipients, or to its customer when there are none.

    Raises:
        Problem: 409 while the document's PDF is being made; 422 for no recipient, or one that is no address.
    """
    customer = call.find("customer", document.body["customer_id"])
    recipients = (call.body or {}).get("recipients") or customer.body["emails"]
    if call.rules.mail_needs_address:
        _check(recipients)
    if not has_file:
        raise conflict("The PDF of the document is not ready yet, try again in a few minutes")
    call.books.insert("email", {"recipients": recipients}, parent=document.id)


def _check(recipients: Sequence[str]) -> None:
    if not recipients:
        raise unprocessable("There is no recipient: the customer has no email address")
    if not all(_ADDRESS.fullmatch(recipient) for recipient in recipients):
        raise unprocessable("recipients must be email addresses")


def send_to_pa(call: RequestContext) -> None:
    """``POST /customer_invoices/{id}/send_to_pa``: once; what becomes of it shows in ``e_invoicing``."""
    submit(call, call.find("customer_invoice", call.parameters["id"]))


def submit(call: RequestContext, invoice: Record) -> None:
    """Hand an invoice to the platform.

    Raises:
        Problem: 422 for a draft, an invoice that was handed in before, or a customer who cannot receive it.
    """
    if invoice.body["draft"]:
        raise unprocessable("A draft cannot be sent")
    if invoice.body["submitted_at"]:
        raise unprocessable("The invoice has already been sent to the PA")
    customer = call.find("customer", invoice.body["customer_id"])
    if call.rules.pa_needs_reg_no and not customer.body.get("reg_no"):
        raise unprocessable("The customer cannot receive e-invoices: it is not a company with a reg_no")
    invoice.body["submitted_at"] = timestamp(call.now)
    invoice.body["flow_id"] = str(uuid.uuid5(uuid.NAMESPACE_OID, f"flow/{invoice.id}"))
    call.books.update(invoice)


OPERATIONS: dict[str, Handler] = {
    "sendByEmailCustomerInvoice": send_by_email,
    "sendToPaCustomerInvoice": send_to_pa,
}
