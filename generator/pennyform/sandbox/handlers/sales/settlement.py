"""Payments of customer invoices: transactions, credit notes, and the plain word that one is paid."""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.accounting import invoice_view, settlement, status, transaction_view
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord


def match_transaction(context: RequestContext) -> None:
    """``POST /customer_invoices/{customer_invoice_id}/matched_transactions``: one at a time."""
    invoice = _issued(context, "customer_invoice_id")
    transaction = context.find("transaction", context.body["transaction_id"], "Transaction")
    settlement.match(context, invoice, transaction)


def unmatch_transaction(context: RequestContext) -> None:
    """``DELETE /customer_invoices/{customer_invoice_id}/matched_transactions/{id}``."""
    settlement.unmatch(context, _issued(context, "customer_invoice_id"), int(context.parameters["id"]))


def list_matched(context: RequestContext) -> dict[str, Any]:
    """``GET /customer_invoices/{customer_invoice_id}/matched_transactions``."""
    invoice = context.find("customer_invoice", context.parameters["customer_invoice_id"])
    return listed(context, settlement.KIND, _transaction, parent=invoice.id)


def _transaction(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    transaction = context.find("transaction", record.body["transaction_id"])
    return transaction_view.matched(context, transaction, "customer")


def list_payments(context: RequestContext) -> dict[str, Any]:
    """``GET /customer_invoices/{customer_invoice_id}/payments``: one per transaction that was matched."""
    invoice = context.find("customer_invoice", context.parameters["customer_invoice_id"])
    if invoice.body["credit_note"]:
        return {"items": [], "has_more": False, "next_cursor": None}
    return listed(context, settlement.KIND, transaction_view.payment, parent=invoice.id)


def mark_as_paid(context: RequestContext) -> None:
    """``PUT /customer_invoices/{id}/mark_as_paid``: without any transaction."""
    invoice = _issued(context, "id")
    if invoice.body["credit_note"]:
        raise unprocessable("A credit note cannot be marked as paid")
    if context.rules.paid_once and status.status(invoice.body, context.now, context.rules) in (
        "paid",
        "cancelled",
    ):
        raise unprocessable("The invoice is already paid or cancelled")
    invoice.body["marked_as_paid"] = True
    context.records.update(invoice)


def link_credit_note(context: RequestContext) -> dict[str, Any]:
    """``POST /customer_invoices/{id}/link_credit_note``: answers with the credit note."""
    invoice = context.find("customer_invoice", context.parameters["id"])
    note = context.find("customer_invoice", context.body["credit_note_id"], "Credit note")
    settlement.credit(context, invoice, note)
    return invoice_view.invoice(context, note)


def _issued(context: RequestContext, parameter: str) -> JsonRecord:
    invoice = context.find("customer_invoice", context.parameters[parameter])
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
