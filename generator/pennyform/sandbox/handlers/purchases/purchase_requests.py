"""Purchase requests, imported with their order."""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.generic import show, show_item
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord

_KIND = "purchase_request"


def list_requests(context: RequestContext) -> dict[str, Any]:
    """``GET /purchase_requests``."""
    return listed(context, _KIND, _show_item)


def get_request(context: RequestContext) -> Any:
    """``GET /purchase_requests/{id}``."""
    return _show(context, context.find(_KIND, context.parameters["id"]))


def import_request(context: RequestContext) -> Any:
    """``POST /purchase_requests/imports``: approved at once."""
    context.find("supplier", context.body["supplier_id"], "Supplier")
    context.find("file_attachment", context.body["file_attachment_id"], "File attachment")
    body = {"currency": "EUR", **context.body, "status": "approved", "invoice_ids": []}
    return _show(context, context.records.insert(_KIND, body))


def _show(context: RequestContext, record: JsonRecord) -> Any:
    return show(context, record, **_known(context, record))


def _show_item(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    return show_item(context, record, **_known(context, record))


def _known(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    invoices = record.body["invoice_ids"]
    links = [{"id": one, "url": context.url("supplier_invoices", one)} for one in invoices]
    return {"linked_invoices": {"items": links}}


OPERATIONS: dict[str, Handler] = {
    "getPurchaseRequests": list_requests,
    "getPurchaseRequest": get_request,
    "createPurchaseRequestImport": import_request,
}
