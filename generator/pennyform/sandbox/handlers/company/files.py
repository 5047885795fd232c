"""Files to refer to, and files that hang on a document."""

from __future__ import annotations

from functools import partial
from typing import Any

from pennyform.sandbox.documents import attachments
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.request_context import Handler, RequestContext

_APPENDIX = "appendix"


def upload(context: RequestContext) -> dict[str, Any]:
    """``POST /file_attachments``: the same content may come any number of times."""
    filename = context.body.get("filename", "")
    return attachments.show(context, attachments.keep(context, "file_attachment", filename=filename))


def _list_appendices(owner: str, context: RequestContext) -> dict[str, Any]:
    """``GET /…/{id}/appendices``."""
    record = context.find(owner, context.parameters[f"{owner}_id"])
    return listed(context, _APPENDIX, attachments.show, parent=record.id)


def _append(owner: str, context: RequestContext) -> dict[str, Any]:
    """``POST /…/{id}/appendices``: to a draft too, and as often as it is sent."""
    record = context.find(owner, context.parameters[f"{owner}_id"])
    appendix = attachments.keep(context, _APPENDIX, parent=record.id)
    context.save_attached(record)
    return attachments.show(context, appendix)


OPERATIONS: dict[str, Handler] = {
    "postFileAttachments": upload,
    "getCustomerInvoiceAppendices": partial(_list_appendices, "customer_invoice"),
    "postCustomerInvoiceAppendices": partial(_append, "customer_invoice"),
    "getQuoteAppendices": partial(_list_appendices, "quote"),
    "postQuoteAppendices": partial(_append, "quote"),
    "getCommercialDocumentAppendices": partial(_list_appendices, "commercial_document"),
    "postCommercialDocumentAppendices": partial(_append, "commercial_document"),
}
