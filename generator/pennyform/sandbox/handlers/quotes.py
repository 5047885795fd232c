"""Quotes: made of the same parts as invoices, accepted or denied, and turned into invoices."""

from __future__ import annotations

from urllib.parse import urlencode

from pennyform.sandbox.accounting import invoicing
from pennyform.sandbox.accounting.payments import has_file
from pennyform.sandbox.accounting.views import present_invoice
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.generic import present_by_schema
from pennyform.sandbox.handlers.customer_invoices import send_document
from pennyform.sandbox.handlers.registry import handles, register_get, register_list
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.model.documents import Quote
from pennyform.sandbox.model.parties import Customer
from pennyform.sandbox.money import dates
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record

_OPEN = ("pending", "accepted")


def _present(context: RequestContext, record: Record[Quote]) -> Json:
    quote = record.body
    ready = has_file(quote, context.now, context.rules)
    filename = f"{quote.quote_number}.pdf"
    search = f'[{{"field":"quote_id","operator":"eq","value":{record.id}}}]'
    # Invoices know their quote, not the other way round, hence a link to a filtered list.
    return present_by_schema(
        context,
        record,
        label=f"Quote - {quote.customer_name} - {quote.quote_number}",
        public_file_url=context.public_url("quote", record.id, filename) if ready else None,
        filename=filename if ready else None,
        linked_invoices={"url": f"{context.url('customer_invoices')}?{urlencode({'filter': search})}"},
        pdf_invoice_free_text=quote.pdf_invoice_free_text or "",
        pdf_invoice_subject=quote.pdf_invoice_subject or "",
    )


register_list("listQuotes", Quote, _present)
register_get("getQuote", Quote, _present)


@handles("postQuotes")
def create_quote(context: RequestContext) -> Json:
    """``POST /quotes``: numbered at once, and pending."""
    year = context.body["date"][:4]
    fields = {
        **context.body,
        "status": "pending",
        "quote_number": f"D-{year}-{context.records.next_number(f'quote {year}'):04d}",
        "issued_at": timestamp(context.now),
    }
    return _present(context, invoicing.create_document(context, Quote, fields))


@handles("updateQuote")
def update_quote(context: RequestContext) -> Json:
    """``PUT /quotes/{id}``: partial, until it is invoiced."""
    record = _find_changeable(context)
    fields = dict(context.body)
    changes = fields.pop("invoice_lines", {})
    record.reference = fields.pop("external_reference", None) or record.reference
    invoicing.change_document(context, record, fields, changes)
    context.records.update(record)
    return _present(context, record)


@handles("updateStatusQuote")
def update_quote_status(context: RequestContext) -> Json:
    """``PUT /quotes/{id}/update_status``: what is invoiced stays so."""
    record = _find_changeable(context)
    record.body.status = context.body["status"]
    context.records.update(record)
    return _present(context, record)


@handles("sendByEmailQuote")
def send_quote_by_email(context: RequestContext) -> None:
    """``POST /quotes/{id}/send_by_email``: one more mail each time, once the PDF is there."""
    send_document(context, context.find_by_path(Quote))


@handles("createCustomerInvoiceFromQuote")
def create_invoice_from_quote(context: RequestContext) -> JsonObject:
    """``POST /customer_invoices/create_from_quote``: once, of a quote that is pending or accepted."""
    record = context.find(Quote, context.body["quote_id"], "Quote")
    quote = record.body
    if context.rules.quote_once and quote.status not in _OPEN:
        raise unprocessable(f"The quote is {quote.status}")
    customer = context.find(Customer, quote.customer_id).body
    today = context.now.date()
    # Assumed, hence the switch: the quote's own deadline may have gone by.
    if context.rules.quote_keeps_deadline:
        deadline = max(quote.deadline, today.isoformat())
    else:
        deadline = dates.deadline(today, customer.payment_conditions).isoformat()
    request: JsonObject = {
        **invoicing.copy_document(context, record),
        "date": today.isoformat(),
        "deadline": deadline,
        "quote_id": record.id,
        "draft": context.body["draft"],
        "external_reference": context.body.get("external_reference"),
        "customer_invoice_template_id": context.body.get("customer_invoice_template_id"),
    }
    invoice = invoicing.create_invoice(context, request)
    quote.status = "invoiced"
    context.records.update(record)
    return present_invoice(context, invoice)


def _find_changeable(context: RequestContext) -> Record[Quote]:
    record = context.find_by_path(Quote)
    if context.rules.quote_once and record.body.status == "invoiced":
        raise unprocessable("The quote is invoiced and cannot be changed")
    return record
