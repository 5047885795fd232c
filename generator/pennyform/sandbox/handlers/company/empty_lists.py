"""Lists that no operation of the contract fills: invoice templates, contacts, custom header fields."""

from __future__ import annotations

from pennyform.sandbox.handlers.registry import register_child_list, register_list
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord


def _present(_: RequestContext, record: JsonRecord) -> JsonObject:
    return {"id": record.id, **record.body, **record.timestamps}


register_list("getCustomerInvoiceTemplates", "customer_invoice_template", _present)
register_child_list("getCustomerContacts", "customer", "contact", _present)
register_child_list(
    "getCustomerInvoiceCustomHeaderFields", "customer_invoice", "custom_header_field", _present
)
