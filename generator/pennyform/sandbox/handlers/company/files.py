"""Files to refer to, and files that are attached to a document."""

from __future__ import annotations

from pennyform.sandbox.documents.attachments import present_attachment, store_attachment
from pennyform.sandbox.handlers.registry import handles, register_child_list
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.parties import Appendix, StoredFile
from pennyform.sandbox.request_context import RequestContext


@handles("postFileAttachments")
def upload_file(context: RequestContext) -> JsonObject:
    """``POST /file_attachments``: the same content may come any number of times."""
    filename = context.body.get("filename", "")
    return present_attachment(context, store_attachment(context, StoredFile, filename=filename))


@handles("postCustomerInvoiceAppendices", "customer_invoice")
@handles("postQuoteAppendices", "quote")
@handles("postCommercialDocumentAppendices", "commercial_document")
def add_appendix(owner: str, context: RequestContext) -> JsonObject:
    """``POST /…/{id}/appendices``: to a draft too, and as often as it is sent."""
    record = context.find(owner, context.parameters[f"{owner}_id"])
    appendix = store_attachment(context, Appendix, parent=record.id)
    context.save_attached(record)
    return present_attachment(context, appendix)


register_child_list("getCustomerInvoiceAppendices", "customer_invoice", Appendix, present_attachment)
register_child_list("getQuoteAppendices", "quote", Appendix, present_attachment)
register_child_list("getCommercialDocumentAppendices", "commercial_document", Appendix, present_attachment)
