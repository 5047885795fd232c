"""Payments of invoices: transactions that are matched, credit notes, and marking one as paid without any."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from pennyform.sandbox.accounting import payments
from pennyform.sandbox.accounting.payments import amount_owed, invoice_status
from pennyform.sandbox.accounting.views import present_invoice, present_matched_transaction, present_payment
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.generic.lists import list_records
from pennyform.sandbox.handlers.registry import handles, register_child_list
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.documents import CustomerInvoice, SupplierInvoice
from pennyform.sandbox.model.ledger import Transaction, TransactionMatch
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record


@handles("postCustomerInvoiceMatchedTransactions")
def match_customer_invoice(context: RequestContext) -> None:
    """``POST /customer_invoices/{customer_invoice_id}/matched_transactions``: one at a time."""
    invoice = _find_issued(context)
    transaction = context.find(Transaction, context.body["transaction_id"], "Transaction")
    payments.match_transaction(context, invoice, transaction)


@handles("deleteCustomerInvoiceMatchedTransactions")
def unmatch_customer_invoice(context: RequestContext) -> None:
    """``DELETE /customer_invoices/{customer_invoice_id}/matched_transactions/{id}``."""
    invoice = _find_issued(context)
    payments.unmatch_transaction(context, invoice, int(context.parameters["id"]))


@handles("getCustomerInvoicePayments")
def list_payments(context: RequestContext) -> JsonObject:
    """``GET /customer_invoices/{customer_invoice_id}/payments``: one per transaction that was matched."""
    invoice = context.find_by_path(CustomerInvoice)
    if invoice.body.credit_note:
        return {"items": [], "has_more": False, "next_cursor": None}
    return list_records(context, TransactionMatch, present_payment, parent=invoice.id)


@handles("markAsPaidCustomerInvoice")
def mark_as_paid(context: RequestContext) -> None:
    """``PUT /customer_invoices/{id}/mark_as_paid``: without any transaction."""
    invoice = _find_issued(context)
    if invoice.body.credit_note:
        raise unprocessable("A credit note cannot be marked as paid")
    status = invoice_status(invoice.body, context.now, context.rules)
    # Assumed, hence the switch.
    if context.rules.paid_once and status in ("paid", "cancelled"):
        raise unprocessable("The invoice is already paid or cancelled")
    invoice.body.marked_as_paid = True
    context.records.update(invoice)


@handles("linkCreditNote")
def link_credit_note(context: RequestContext) -> JsonObject:
    """``POST /customer_invoices/{id}/link_credit_note``: answers with the credit note."""
    invoice = context.find_by_path(CustomerInvoice)
    note = context.find(CustomerInvoice, context.body["credit_note_id"], "Credit note")
    payments.link_credit_note(context, invoice, note)
    return present_invoice(context, note)


def _find_issued(context: RequestContext) -> Record[CustomerInvoice]:
    invoice = context.find_by_path(CustomerInvoice)
    if invoice.body.draft:
        raise unprocessable("This is not possible with a draft")
    return invoice


register_child_list(
    "getCustomerInvoiceMatchedTransactions",
    "customer_invoice",
    TransactionMatch,
    partial(present_matched_transaction, "customer"),
)


@handles("updateSupplierInvoicePaymentStatus")
def update_payment_status(context: RequestContext) -> None:
    """``PUT /supplier_invoices/{supplier_invoice_id}/payment_status``."""
    record = context.find_by_path(SupplierInvoice)
    record.body.marked_as_paid = context.body["payment_status"] == "paid"
    record.body.payment_status = _payment_status(record.body)
    context.records.update(record)


@handles("postSupplierInvoiceMatchedTransactions")
def match_supplier_invoice(context: RequestContext) -> None:
    """``POST /supplier_invoices/{supplier_invoice_id}/matched_transactions``: one at a time."""
    record = context.find_by_path(SupplierInvoice)
    transaction = context.find(Transaction, context.body["transaction_id"], "Transaction")
    payments.match_transaction(context, record, transaction)
    record.body.payment_status = _payment_status(record.body)
    context.records.update_silently(record)


@handles("deleteSupplierInvoiceMatchedTransactions")
def unmatch_supplier_invoice(context: RequestContext) -> None:
    """``DELETE /supplier_invoices/{supplier_invoice_id}/matched_transactions/{id}``."""
    record = context.find_by_path(SupplierInvoice)
    payments.unmatch_transaction(context, record, int(context.parameters["id"]))
    record.body.payment_status = _payment_status(record.body)
    context.records.update_silently(record)


def _payment_status(invoice: SupplierInvoice) -> str:
    if invoice.marked_as_paid:
        return "paid_offline"
    if not Decimal(invoice.settled):
        return "to_be_paid"
    return "partially_paid" if amount_owed(invoice) > 0 else "fully_paid"


register_child_list(
    "getSupplierInvoiceMatchedTransactions",
    "supplier_invoice",
    TransactionMatch,
    partial(present_matched_transaction, "supplier"),
)
# One for each transaction that was matched.
register_child_list("getSupplierInvoicePayments", "supplier_invoice", TransactionMatch, present_payment)
