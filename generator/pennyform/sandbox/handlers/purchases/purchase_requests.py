"""Purchase requests, imported with their order."""

from __future__ import annotations

from pennyform.sandbox.generic import present_by_schema
from pennyform.sandbox.handlers.registry import handles, register_get, register_list
from pennyform.sandbox.json_types import Json
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord

_KIND = "purchase_request"


@handles("createPurchaseRequestImport")
def import_purchase_request(context: RequestContext) -> Json:
    """``POST /purchase_requests/imports``: approved at once."""
    context.find("supplier", context.body["supplier_id"], "Supplier")
    context.find("file_attachment", context.body["file_attachment_id"], "File attachment")
    fields = {"currency": "EUR", **context.body, "status": "approved", "invoice_ids": []}
    return _present(context, context.records.insert(_KIND, fields))


def _present(context: RequestContext, record: JsonRecord) -> Json:
    invoices = record.body["invoice_ids"]
    links = [{"id": invoice, "url": context.url("supplier_invoices", invoice)} for invoice in invoices]
    return present_by_schema(context, record, linked_invoices={"items": links})


register_list("getPurchaseRequests", _KIND, _present)
register_get("getPurchaseRequest", _KIND, _present)
