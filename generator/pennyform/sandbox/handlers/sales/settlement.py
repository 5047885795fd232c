"""Payments of customer invoices: transactions, credit notes, and the plain word that one is paid."""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.accounting import invoice_view, settlement, status, transaction_view
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.problems import unprocessable
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import Record


def match_transaction(call: RequestContext) -> None:
    """``POST /customer_invoices/{customer_invoice_id}/matched_transactions``: one at a time."""
    invoice = _issued(call, "customer_invoice_id")
    transaction = call.find("transaction", call.body["transaction_id"], "Transaction")
    settlement.match(call, invoice, transaction)


def unmatch_transaction(call: RequestContext) -> None:
    """``DELETE /customer_invoices/{customer_invoice_id}/matched_transactions/{id}``."""
    settlement.unmatch(call, _issued(call, "customer_invoice_id"), int(call.parameters["id"]))


def list_matched(call: RequestContext) -> dict[str, Any]:
    """``GET /customer_invoices/{customer_invoice_id}/matched_transactions``."""
    invoice = call.find("customer_invoice", call.parameters["customer_invoice_id"])
    return listed(call, settlement.KIND, _transaction, parent=invoice.id)


def _transaction(call: RequestContext, record: Record) -> dict[str, Any]:
    transaction = call.find("transaction", record.body["transaction_id"])
    return transaction_view.matched(call, transaction, "customer")


def list_payments(call: RequestContext) -> dict[str, Any]:
    """``GET /customer_invoices/{customer_invoice_id}/payments``: one per transaction that was matched."""
    invoice = call.find("customer_invoice", call.parameters["customer_invoice_id"])
    if invoice.body["credit_note"]:
        return {"items": [], "has_more": False, "next_cursor": None}
    return listed(call, settlement.KIND, transaction_view.payment, parent=invoice.id)


def mark_as_paid(call: RequestContext) -> None:
    """``PUT /customer_invoices/{id}/mark_as_paid``: without any transaction."""
    invoice = _issued(call, "id")
    if invoice.body["credit_note"]:
        raise unprocessable("A credit note cannot be marked as paid")
    if call.rules.paid_once and status.status(invoice.body, call.now, call.rules) in ("paid", "cancelled"):
        raise unprocessable("The invoice is already paid or cancelled")
    invoice.body["marked_as_paid"] = True
    call.books.update(invoice)


def link_credit_note(call: RequestContext) -> dict[str, Any]:
    """``POST /customer_invoices/{id}/link_credit_note``: answers with the credit note."""
    invoice = call.find("customer_invoice", call.parameters["id"])
    note = call.find("customer_invoice", call.body["credit_note_id"], "Credit note")
    settlement.credit(call, invoice, note)
    return invoice_view.invoice(call, note)


def _issued(call: RequestContext, parameter: str) -> Record:
    invoice = call.find("customer_invoice", call.parameters[parameter])
    if invoice.body["draft"]:
        raise unprocessable("This is not possible with a draft")
    return invoice


OPERATIONS: dict[str, Handler] = {
    "postCustomerInvoiceMatchedTransactions": match_transaction,
    "deleteCustomerInvoiceMatchedTransactions": unmatch_transaction,
    "getCustomerInvoiceMatchedTransactions": list_matched,
    "getCustomerInvoicePayments": list_payments,
    "markAsPaidCustomerInvoice": mark_as_paid,
    "linkCreditNote": link_credit_note,
}
