"""Lists that no operation of the contract fills: invoice templates, contacts, custom header fields."""

from __future__ import annotations

from pennyform.sandbox.handlers.registry import handles
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.lists.pagination import list_records
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord


def _present(_: RequestContext, record: JsonRecord) -> JsonObject:
    return {"id": record.id, **record.body, "created_at": record.created_at, "updated_at": record.updated_at}


@handles("getCustomerInvoiceTemplates")
def list_templates(context: RequestContext) -> JsonObject:
    """``GET /customer_invoice_templates``."""
    return list_records(context, "customer_invoice_template", _present)


@handles("getCustomerContacts", "contact", "customer")
@handles("getCustomerInvoiceCustomHeaderFields", "custom_header_field", "customer_invoice")
def list_empty(kind: str, owner: str, context: RequestContext) -> JsonObject:
    """``GET /customers/{customer_id}/contacts`` and ``GET /…/{id}/custom_header_fields``."""
    record = context.find(owner, context.parameters[f"{owner}_id"])
    return list_records(context, kind, _present, parent=record.id)
