"""Lists that nothing else in the contract fills: invoice templates, contacts, custom header fields."""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord


def _plain(_: RequestContext, record: JsonRecord) -> dict[str, Any]:
    return {"id": record.id, **record.body, "created_at": record.created_at, "updated_at": record.updated_at}


def list_templates(context: RequestContext) -> dict[str, Any]:
    """``GET /customer_invoice_templates``."""
    return listed(context, "customer_invoice_template", _plain)


def list_contacts(context: RequestContext) -> dict[str, Any]:
    """``GET /customers/{customer_id}/contacts``."""
    customer = context.find("customer", context.parameters["customer_id"])
    return listed(context, "contact", _plain, parent=customer.id)


def list_custom_header_fields(context: RequestContext) -> dict[str, Any]:
    """``GET /customer_invoices/{customer_invoice_id}/custom_header_fields``."""
    invoice = context.find("customer_invoice", context.parameters["customer_invoice_id"])
    return listed(context, "custom_header_field", _plain, parent=invoice.id)


OPERATIONS: dict[str, Handler] = {
    "getCustomerInvoiceTemplates": list_templates,
    "getCustomerContacts": list_contacts,
    "getCustomerInvoiceCustomHeaderFields": list_custom_header_fields,
}
