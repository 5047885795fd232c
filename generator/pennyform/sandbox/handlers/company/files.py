"""Files to refer to, and files that hang on a document."""

from __future__ import annotations

from functools import partial
from typing import Any

from pennyform.sandbox.documents import attachments
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.request_context import Handler, RequestContext

_APPENDIX = "appendix"


def upload(call: RequestContext) -> dict[str, Any]:
    """``POST /file_attachments``: the same content may come any number of times."""
    filename = call.body.get("filename", "")
    return attachments.show(call, attachments.keep(call, "file_attachment", filename=filename))


def _list_appendices(owner: str, call: RequestContext) -> dict[str, Any]:
    """``GET /…/{id}/appendices``."""
    record = call.find(owner, call.parameters[f"{owner}_id"])
    return listed(call, _APPENDIX, attachments.show, parent=record.id)


def _append(owner: str, call: RequestContext) -> dict[str, Any]:
    """``POST /…/{id}/appendices``: to a draft too, and as often as it is sent."""
    record = call.find(owner, call.parameters[f"{owner}_id"])
    appendix = attachments.keep(call, _APPENDIX, parent=record.id)
    call.note_attached(record)
    return attachments.show(call, appendix)


OPERATIONS: dict[str, Handler] = {
    "postFileAttachments": upload,
    "getCustomerInvoiceAppendices": partial(_list_appendices, "customer_invoice"),
    "postCustomerInvoiceAppendices": partial(_append, "customer_invoice"),
    "getQuoteAppendices": partial(_list_appendices, "quote"),
    "postQuoteAppendices": partial(_append, "quote"),
    "getCommercialDocumentAppendices": partial(_list_appendices, "commercial_document"),
    "postCommercialDocumentAppendices": partial(_append, "commercial_document"),
}
