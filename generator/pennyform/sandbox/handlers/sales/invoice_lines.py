"""Lines and sections of a customer invoice, read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pennyform.sandbox.accounting import invoice_view
from pennyform.sandbox.lists.pagination import cursor, listed
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord

_MOST_INCLUDED = 20


def list_lines(context: RequestContext) -> dict[str, Any]:
    """``GET /customer_invoices/{customer_invoice_id}/invoice_lines``: newest first unless asked by rank."""
    invoice = context.find("customer_invoice", context.parameters["customer_invoice_id"])
    return listed(context, "invoice_line", invoice_view.line, parent=invoice.id)


def list_sections(context: RequestContext) -> dict[str, Any]:
    """``GET /customer_invoices/{customer_invoice_id}/invoice_line_sections``."""
    invoice = context.find("customer_invoice", context.parameters["customer_invoice_id"])
    return listed(context, "invoice_line_section", invoice_view.section, parent=invoice.id)


def included_lines(context: RequestContext, invoices: Sequence[JsonRecord]) -> dict[str, Any]:
    """``included.invoice_lines``: up to 20 lines per invoice id, ordered as ``Rules.included_sort`` says."""
    newest = context.rules.included_sort == "-id"
    identifiers = [invoice.id for invoice in invoices]
    found = context.records.children("invoice_line", identifiers, _MOST_INCLUDED + 1, newest=newest)
    return {str(invoice.id): _included(context, invoice, found.get(invoice.id, [])) for invoice in invoices}


def _included(context: RequestContext, invoice: JsonRecord, lines: list[JsonRecord]) -> dict[str, Any]:
    shown = lines[:_MOST_INCLUDED]
    more = len(lines) > _MOST_INCLUDED
    link = context.url("customer_invoices", invoice.id, "invoice_lines")
    return {
        "items": [invoice_view.line(context, line) for line in shown],
        "has_more": more,
        "next_url": f"{link}?{_onwards(context, shown[-1])}" if more else None,
    }


def _onwards(context: RequestContext, last: JsonRecord) -> str:
    """The query for the lines after the last one; the list's own sort need not be asked for."""
    if context.rules.included_sort == "rank":
        return f"sort=rank&cursor={cursor(last, 'rank')}"
    return f"cursor={cursor(last)}"


OPERATIONS: dict[str, Handler] = {
    "getCustomerInvoiceInvoiceLines": list_lines,
    "getCustomerInvoiceInvoiceLineSections": list_sections,
}
