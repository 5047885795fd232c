"""Lists that nothing else in the contract fills: invoice templates, contacts, custom header fields."""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import Record


def _plain(_: RequestContext, record: Record) -> dict[str, Any]:
    return {"id": record.id, **record.body, "created_at": record.created_at, "updated_at": record.updated_at}


def list_templates(call: RequestContext) -> dict[str, Any]:
    """``GET /customer_invoice_templates``."""
    return listed(call, "customer_invoice_template", _plain)


def list_contacts(call: RequestContext) -> dict[str, Any]:
    """``GET /customers/{customer_id}/contacts``."""
    customer = call.find("customer", call.parameters["customer_id"])
    return listed(call, "contact", _plain, parent=customer.id)


def list_custom_header_fields(call: RequestContext) -> dict[str, Any]:
    """``GET /customer_invoices/{customer_invoice_id}/custom_header_fields``."""
    invoice = call.find("customer_invoice", call.parameters["customer_invoice_id"])
    return listed(call, "custom_header_field", _plain, parent=invoice.id)


OPERATIONS: dict[str, Handler] = {
    "getCustomerInvoiceTemplates": list_templates,
    "getCustomerContacts": list_contacts,
    "getCustomerInvoiceCustomHeaderFields": list_custom_header_fields,
}
