"""Payments of supplier invoices: transactions that are matched, and marking one as paid without any."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from pennyform.sandbox.accounting import payments
from pennyform.sandbox.accounting.status import amount_owed
from pennyform.sandbox.accounting.transaction_view import present_matched_transaction, present_payment
from pennyform.sandbox.handlers.registry import handles, register_child_list
from pennyform.sandbox.model.documents import SupplierInvoice
from pennyform.sandbox.model.ledger import Transaction, TransactionMatch
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record


@handles("updateSupplierInvoicePaymentStatus")
def update_payment_status(context: RequestContext) -> None:
    """``PUT /supplier_invoices/{supplier_invoice_id}/payment_status``."""
    record = _find_invoice(context)
    record.body.marked_as_paid = context.body["payment_status"] == "paid"
    record.body.payment_status = _payment_status(record.body)
    context.records.update(record)


@handles("postSupplierInvoiceMatchedTransactions")
def match_transaction(context: RequestContext) -> None:
    """``POST /supplier_invoices/{supplier_invoice_id}/matched_transactions``: one at a time."""
    record = _find_invoice(context)
    transaction = context.find(Transaction, context.body["transaction_id"], "Transaction")
    payments.match_transaction(context, record, transaction)
    record.body.payment_status = _payment_status(record.body)
    context.records.update_silently(record)


@handles("deleteSupplierInvoiceMatchedTransactions")
def unmatch_transaction(context: RequestContext) -> None:
    """``DELETE /supplier_invoices/{supplier_invoice_id}/matched_transactions/{id}``."""
    record = _find_invoice(context)
    payments.unmatch_transaction(context, record, int(context.parameters["id"]))
    record.body.payment_status = _payment_status(record.body)
    context.records.update_silently(record)


def _find_invoice(context: RequestContext) -> Record[SupplierInvoice]:
    return context.find(SupplierInvoice, context.parameters["supplier_invoice_id"])


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
