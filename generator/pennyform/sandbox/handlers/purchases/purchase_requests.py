"""Purchase requests, imported with their order."""

from __future__ import annotations

from pennyform.sandbox.generic import present_by_schema, present_item
from pennyform.sandbox.handlers.registry import handles
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.lists.pagination import list_records
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord

_KIND = "purchase_request"


@handles("getPurchaseRequests")
def list_purchase_requests(context: RequestContext) -> JsonObject:
    """``GET /purchase_requests``."""
    return list_records(context, _KIND, _present_item)


@handles("getPurchaseRequest")
def get_purchase_request(context: RequestContext) -> Json:
    """``GET /purchase_requests/{id}``."""
    record = context.find(_KIND, context.parameters["id"])
    return present_by_schema(context, record, **_computed_fields(context, record))


@handles("createPurchaseRequestImport")
def import_purchase_request(context: RequestContext) -> Json:
    """``POST /purchase_requests/imports``: approved at once."""
    context.find("supplier", context.body["supplier_id"], "Supplier")
    context.find("file_attachment", context.body["file_attachment_id"], "File attachment")
    fields = {"currency": "EUR", **context.body, "status": "approved", "invoice_ids": []}
    record = context.records.insert(_KIND, fields)
    return present_by_schema(context, record, **_computed_fields(context, record))


def _present_item(context: RequestContext, record: JsonRecord) -> JsonObject:
    return present_item(context, record, **_computed_fields(context, record))


def _computed_fields(context: RequestContext, record: JsonRecord) -> JsonObject:
    invoices = record.body["invoice_ids"]
    links = [{"id": invoice, "url": context.url("supplier_invoices", invoice)} for invoice in invoices]
    return {"linked_invoices": {"items": links}}
