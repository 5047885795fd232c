"""Quotes: made of the same parts as invoices, accepted or denied, and turned into invoices."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from pennyform.sandbox.accounting import invoice_view, invoicing, status
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.generic import show, show_item
from pennyform.sandbox.handlers.sales.sending import mail
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.money import dates
from pennyform.sandbox.problems import unprocessable
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import Record

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


def _known(call: RequestContext, record: Record) -> dict[str, Any]:
    ready = status.has_file(record.body, call.now, call.rules)
    filename = f"{record.body['quote_number']}.pdf"
    search = f'[{{"field":"quote_id","operator":"eq","value":{record.id}}}]'
    return {
        "label": f"Quote - {record.body['customer_name']} - {record.body['quote_number']}",
        "public_file_url": call.public_url("quote", record.id, filename) if ready else None,
        "filename": filename if ready else None,
        "linked_invoices": {"url": f"{call.url('customer_invoices')}?{urlencode({'filter': search})}"},
        "pdf_invoice_free_text": record.body["pdf_invoice_free_text"] or "",
        "pdf_invoice_subject": record.body["pdf_invoice_subject"] or "",
    }


def _show(call: RequestContext, record: Record) -> Any:
    return show(call, record, **_known(call, record))


def _show_item(call: RequestContext, record: Record) -> dict[str, Any]:
    return show_item(call, record, **_known(call, record))


def list_quotes(call: RequestContext) -> dict[str, Any]:
    """``GET /quotes``."""
    return listed(call, "quote", _show_item)


def get_quote(call: RequestContext) -> Any:
    """``GET /quotes/{id}``."""
    return _show(call, call.find("quote", call.parameters["id"]))


def create_quote(call: RequestContext) -> Any:
    """``POST /quotes``: numbered at once, and pending."""
    year = call.body["date"][:4]
    given = {
        **call.body,
        "status": "pending",
        "quote_number": f"D-{year}-{call.books.next_number(f'quote {year}'):04d}",
        "issued_at": timestamp(call.now),
    }
    return _show(call, invoicing.make(call, given, "quote"))


def update_quote(call: RequestContext) -> Any:
    """``PUT /quotes/{id}``: partial, until it is invoiced."""
    record = call.find("quote", call.parameters["id"])
    _check_changeable(call, record)
    given = dict(call.body)
    changes = given.pop("invoice_lines", {})
    record.reference = given.pop("external_reference", None) or record.reference
    record.body.update(given)
    invoicing.change_lines(call, record, changes)
    call.books.update(record)
    return _show(call, record)


def update_status(call: RequestContext) -> Any:
    """``PUT /quotes/{id}/update_status``: what is invoiced stays so."""
    record = call.find("quote", call.parameters["id"])
    _check_changeable(call, record)
    record.body["status"] = call.body["status"]
    call.books.update(record)
    return _show(call, record)


def send_by_email(call: RequestContext) -> None:
    """``POST /quotes/{id}/send_by_email``: one more mail each time, once the PDF is there."""
    record = call.find("quote", call.parameters["id"])
    mail(call, record, has_file=status.has_file(record.body, call.now, call.rules))


def create_invoice(call: RequestContext) -> dict[str, Any]:
    """``POST /customer_invoices/create_from_quote``: once, of a quote that is pending or accepted."""
    quote = call.find("quote", call.body["quote_id"], "Quote")
    if call.rules.quote_once and quote.body["status"] not in _OPEN:
        raise unprocessable(f"The quote is {quote.body['status']}")
    customer = call.find("customer", quote.body["customer_id"])
    invoice = invoicing.make(
        call,
        {
            **{name: quote.body[name] for name in _OF_QUOTE},
            "date": call.now.date().isoformat(),
            "deadline": _deadline(call, quote, customer),
            "quote_id": quote.id,
            "draft": call.body["draft"],
            "external_reference": call.body.get("external_reference"),
            "customer_invoice_template_id": call.body.get("customer_invoice_template_id"),
            **invoicing.parts_of(call, quote),
        },
    )
    quote.body["status"] = "invoiced"
    call.books.update(quote)
    return invoice_view.invoice(call, invoice)


def _deadline(call: RequestContext, quote: Record, customer: Record) -> str:
    today = call.now.date()
    if call.rules.quote_keeps_deadline:
        return max(str(quote.body["deadline"]), today.isoformat())
    return dates.deadline(today, customer.body["payment_conditions"]).isoformat()


def _check_changeable(call: RequestContext, record: Record) -> None:
    if call.rules.quote_once and record.body["status"] == "invoiced":
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
