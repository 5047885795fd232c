"""Supplier invoices: imported with their file, paid by transactions, answered when they are e-invoices."""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.accounting import bookkeeping, imports
from pennyform.sandbox.accounting import status as standing
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.generic import change_below, show, show_item
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.money import currencies, money
from pennyform.sandbox.money.amounts import decimal_of
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Selection

KIND = "supplier_invoice"
_LINE = "invoice_line"
# Follow from the amounts in the invoice's currency, unless they are given too.
_IN_EUROS = ("amount", "tax")


def list_invoices(context: RequestContext) -> dict[str, Any]:
    """``GET /supplier_invoices``."""
    return listed(context, KIND, _show_item)


def get_invoice(context: RequestContext) -> Any:
    """``GET /supplier_invoices/{id}``."""
    return _show(context, context.find(KIND, context.parameters["id"]))


def import_invoice(context: RequestContext) -> Any:
    """``POST /supplier_invoices/import``: a file makes one invoice."""
    attachment = context.find("file_attachment", context.body["file_attachment_id"], "File attachment")
    file = imports.claim_file(context, attachment, KIND)
    return _show(context, add(context, {**context.body, **file, "origin": "imported"}))


def add(context: RequestContext, given: dict[str, Any]) -> JsonRecord:
    """Keep a new supplier invoice with its lines.

    Raises:
        ApiError: 404 for an unknown supplier or account.
        TakenError: when the reference is in use.
    """
    context.find("supplier", given["supplier_id"], "Supplier")
    kept = {"currency": "EUR", "label": None, **standing.BEGINNING, "e_invoice_status": None, **given}
    lines = kept.pop("invoice_lines")
    incomplete = kept.pop("import_as_incomplete", False)
    kept["accounting_status"] = "entry" if incomplete else "validation_needed"
    kept["payment_status"] = "to_be_paid"
    reference = kept.pop("external_reference", None) or context.records.generate_reference(KIND)
    _compute(kept)
    kept["ledger_entry_id"] = bookkeeping.open_entry(context, KIND, kept)
    bookkeeping.enter(context, KIND, kept, lines)
    record = context.records.insert(KIND, kept, reference=reference)
    change_below(context, record, _LINE, {"create": [_line(context, line) for line in lines]})
    return record


def update_invoice(context: RequestContext) -> Any:
    """``PUT /supplier_invoices/{id}``: partial."""
    record = context.find(KIND, context.parameters["id"])
    given = dict(context.body)
    changes = given.pop("invoice_lines", {})
    if "supplier_id" in given:
        context.find("supplier", given["supplier_id"], "Supplier")
    record.reference = given.pop("external_reference", None) or record.reference
    for name in _IN_EUROS:
        if f"currency_{name}" in given or "currency" in given:
            record.body.pop(name, None)
    record.body.update(given)
    _compute(record.body)
    for line in (*changes.get("create", ()), *changes.get("update", ())):
        _line(context, line)
    change_below(context, record, _LINE, changes)
    context.records.update(record)
    lines = [line.body for line in context.records.select(_LINE, Selection(), parent=record.id)]
    bookkeeping.enter(context, KIND, record.body, lines)
    return _show(context, record)


def validate_accounting(context: RequestContext) -> Any:
    """``PUT /supplier_invoices/{id}/validate_accounting``: once."""
    record = context.find(KIND, context.parameters["id"])
    if record.body["accounting_status"] != "validation_needed":
        raise unprocessable(f"The invoice cannot be validated: it is {record.body['accounting_status']}")
    record.body["accounting_status"] = "complete"
    context.records.update(record)
    return _show(context, record)


def change_e_invoice_status(context: RequestContext) -> Any:
    """``PUT /supplier_invoices/{supplier_invoice_id}/e_invoice_status``: what is refused stays so."""
    record = context.find(KIND, context.parameters["supplier_invoice_id"])
    status = record.body["e_invoice_status"]
    if status is None or status["status"] == "refused":
        raise unprocessable("The invoice is no e-invoice, or was refused")
    record.body["e_invoice_status"] = {"status": context.body["status"], "reason": context.body.get("reason")}
    context.records.update(record)
    return _show(context, record)


def link_purchase_request(context: RequestContext) -> None:
    """``POST /supplier_invoices/{supplier_invoice_id}/linked_purchase_requests``."""
    invoice = context.find(KIND, context.parameters["supplier_invoice_id"])
    request = context.find("purchase_request", context.body["purchase_request_id"], "Purchase request")
    linked = request.body.setdefault("invoice_ids", [])
    if invoice.id in linked:
        raise unprocessable("The purchase request is already linked with this invoice")
    linked.append(invoice.id)
    request.body["status"] = "invoiced"
    context.records.update(request)


def _compute(invoice: dict[str, Any]) -> None:
    rate = currencies.exchange_rate(invoice["currency"])
    for name in _IN_EUROS:
        amount = decimal_of(name, invoice[f"currency_{name}"] or "0")
        invoice[name] = invoice.get(name) or money.text(money.rounded(amount * rate, 2))


def _line(context: RequestContext, given: dict[str, Any]) -> dict[str, Any]:
    if given.get("ledger_account_id") is not None:
        context.find("ledger_account", given["ledger_account_id"], "Ledger account")
    return given


def _show(context: RequestContext, record: JsonRecord) -> Any:
    return show(context, record, **_known(record))


def _show_item(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    return show_item(context, record, **_known(record))


def _known(record: JsonRecord) -> dict[str, Any]:
    kept = record.body
    status = kept["e_invoice_status"]
    paid = kept["payment_status"] in ("fully_paid", "paid_offline")
    return {
        "label": kept["label"] or f"Invoice - {kept.get('invoice_number', '')}",
        "paid": paid,
        "reconciled": kept["payment_status"] == "fully_paid",
        **standing.remaining({**kept, "draft": False, "credit_note": False}),
        "e_invoicing": {**status, "source_file_url": None} if status else None,
    }


OPERATIONS: dict[str, Handler] = {
    "getSupplierInvoices": list_invoices,
    "getSupplierInvoice": get_invoice,
    "importSupplierInvoice": import_invoice,
    "putSupplierInvoice": update_invoice,
    "validateAccountingSupplierInvoice": validate_accounting,
    "putSupplierInvoiceEInvoiceStatus": change_e_invoice_status,
    "postSupplierInvoiceLinkedPurchaseRequests": link_purchase_request,
}
