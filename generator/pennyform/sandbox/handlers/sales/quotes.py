"""Quotes: made of the same parts as invoices, accepted or denied, and turned into invoices."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from pennyform.sandbox.accounting import invoice_view, invoicing, status
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.generic import show, show_item
from pennyform.sandbox.handlers.sales.sending import mail
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.money import dates
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord

_OF_QUOTE = (
    "customer_id",
    "currency",
    "language",
    "discount",
    "pdf_invoice_free_text",
    "pdf_invoice_subject",
    "pdf_description",
    "special_mention",
)
_OPEN = ("pending", "accepted")


def _known(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    ready = status.has_file(record.body, context.now, context.rules)
    filename = f"{record.body['quote_number']}.pdf"
    search = f'[{{"field":"quote_id","operator":"eq","value":{record.id}}}]'
    return {
        "label": f"Quote - {record.body['customer_name']} - {record.body['quote_number']}",
        "public_file_url": context.public_url("quote", record.id, filename) if ready else None,
        "filename": filename if ready else None,
        "linked_invoices": {"url": f"{context.url('customer_invoices')}?{urlencode({'filter': search})}"},
        "pdf_invoice_free_text": record.body["pdf_invoice_free_text"] or "",
        "pdf_invoice_subject": record.body["pdf_invoice_subject"] or "",
    }


def _show(context: RequestContext, record: JsonRecord) -> Any:
    return show(context, record, **_known(context, record))


def _show_item(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    return show_item(context, record, **_known(context, record))


def list_quotes(context: RequestContext) -> dict[str, Any]:
    """``GET /quotes``."""
    return listed(context, "quote", _show_item)


def get_quote(context: RequestContext) -> Any:
    """``GET /quotes/{id}``."""
    return _show(context, context.find("quote", context.parameters["id"]))


def create_quote(context: RequestContext) -> Any:
    """``POST /quotes``: numbered at once, and pending."""
    year = context.body["date"][:4]
    given = {
        **context.body,
        "status": "pending",
        "quote_number": f"D-{year}-{context.records.next_number(f'quote {year}'):04d}",
        "issued_at": timestamp(context.now),
    }
    return _show(context, invoicing.make(context, given, "quote"))


def update_quote(context: RequestContext) -> Any:
    """``PUT /quotes/{id}``: partial, until it is invoiced."""
    record = context.find("quote", context.parameters["id"])
    _check_changeable(context, record)
    given = dict(context.body)
    changes = given.pop("invoice_lines", {})
    record.reference = given.pop("external_reference", None) or record.reference
    record.body.update(given)
    invoicing.change_lines(context, record, changes)
    context.records.update(record)
    return _show(context, record)


def update_status(context: RequestContext) -> Any:
    """``PUT /quotes/{id}/update_status``: what is invoiced stays so."""
    record = context.find("quote", context.parameters["id"])
    _check_changeable(context, record)
    record.body["status"] = context.body["status"]
    context.records.update(record)
    return _show(context, record)


def send_by_email(context: RequestContext) -> None:
    """``POST /quotes/{id}/send_by_email``: one more mail each time, once the PDF is there."""
    record = context.find("quote", context.parameters["id"])
    mail(context, record, has_file=status.has_file(record.body, context.now, context.rules))


def create_invoice(context: RequestContext) -> dict[str, Any]:
    """``POST /customer_invoices/create_from_quote``: once, of a quote that is pending or accepted."""
    quote = context.find("quote", context.body["quote_id"], "Quote")
    if context.rules.quote_once and quote.body["status"] not in _OPEN:
        raise unprocessable(f"The quote is {quote.body['status']}")
    customer = context.find("customer", quote.body["customer_id"])
    invoice = invoicing.make(
        context,
        {
            **{name: quote.body[name] for name in _OF_QUOTE},
            "date": context.now.date().isoformat(),
            "deadline": _deadline(context, quote, customer),
            "quote_id": quote.id,
            "draft": context.body["draft"],
            "external_reference": context.body.get("external_reference"),
            "customer_invoice_template_id": context.body.get("customer_invoice_template_id"),
            **invoicing.parts_of(context, quote),
        },
    )
    quote.body["status"] = "invoiced"
    context.records.update(quote)
    return invoice_view.invoice(context, invoice)


def _deadline(context: RequestContext, quote: JsonRecord, customer: JsonRecord) -> str:
    today = context.now.date()
    if context.rules.quote_keeps_deadline:
        return max(str(quote.body["deadline"]), today.isoformat())
    return dates.deadline(today, customer.body["payment_conditions"]).isoformat()


def _check_changeable(context: RequestContext, record: JsonRecord) -> None:
    if context.rules.quote_once and record.body["status"] == "invoiced":
        raise unprocessable("The quote is invoiced and cannot be changed")


OPERATIONS: dict[str, Handler] = {
    "listQuotes": list_quotes,
    "getQuote": get_quote,
    "postQuotes": create_quote,
    "updateQuote": update_quote,
    "updateStatusQuote": update_status,
    "sendByEmailQuote": send_by_email,
    "createCustomerInvoiceFromQuote": create_invoice,
}
