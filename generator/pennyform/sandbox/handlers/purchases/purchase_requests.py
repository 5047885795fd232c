"""Purchase requests, imported with their order."""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.generic import show, show_item
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import Record

_KIND = "purchase_request"


def list_requests(call: RequestContext) -> dict[str, Any]:
    """``GET /purchase_requests``."""
    return listed(call, _KIND, _show_item)


def get_request(call: RequestContext) -> Any:
    """``GET /purchase_requests/{id}``."""
    return _show(call, call.find(_KIND, call.parameters["id"]))


def import_request(call: RequestContext) -> Any:
    """``POST /purchase_requests/imports``: approved at once."""
    call.find("supplier", call.body["supplier_id"], "Supplier")
    call.find("file_attachment", call.body["file_attachment_id"], "File attachment")
    body = {"currency": "EUR", **call.body, "status": "approved", "invoice_ids": []}
    return _show(call, call.books.insert(_KIND, body))


def _show(call: RequestContext, record: Record) -> Any:
    return show(call, record, **_known(call, record))


def _show_item(call: RequestContext, record: Record) -> dict[str, Any]:
    return show_item(call, record, **_known(call, record))


def _known(call: RequestContext, record: Record) -> dict[str, Any]:
    invoices = record.body["invoice_ids"]
    links = [{"id": one, "url": call.url("supplier_invoices", one)} for one in invoices]
    return {"linked_invoices": {"items": links}}


OPERATIONS: dict[str, Handler] = {
    "getPurchaseRequests": list_requests,
    "getPurchaseRequest": get_request,
    "createPurchaseRequestImport": import_request,
}
