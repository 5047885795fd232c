"""Payments of supplier invoices: transactions that are matched, and the plain word that one is paid."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pennyform.sandbox.accounting import settlement, status, transaction_view
from pennyform.sandbox.handlers.purchases.supplier_invoices import KIND
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord


def change_payment_status(context: RequestContext) -> None:
    """``PUT /supplier_invoices/{supplier_invoice_id}/payment_status``."""
    record = context.find(KIND, context.parameters["supplier_invoice_id"])
    record.body["marked_as_paid"] = context.body["payment_status"] == "paid"
    record.body["payment_status"] = _payment_status(record)
    context.records.update(record)


def match_transaction(context: RequestContext) -> None:
    """``POST /supplier_invoices/{supplier_invoice_id}/matched_transactions``: one at a time."""
    record = context.find(KIND, context.parameters["supplier_invoice_id"])
    settlement.match(
        context, record, context.find("transaction", context.body["transaction_id"], "Transaction")
    )
    _settle(context, record)


def unmatch_transaction(context: RequestContext) -> None:
    """``DELETE /supplier_invoices/{supplier_invoice_id}/matched_transactions/{id}``."""
    record = context.find(KIND, context.parameters["supplier_invoice_id"])
    settlement.unmatch(context, record, int(context.parameters["id"]))
    _settle(context, record)


def list_matched(context: RequestContext) -> dict[str, Any]:
    """``GET /supplier_invoices/{supplier_invoice_id}/matched_transactions``."""
    invoice = context.find(KIND, context.parameters["supplier_invoice_id"])
    return listed(context, settlement.KIND, _transaction, parent=invoice.id)


def list_payments(context: RequestContext) -> dict[str, Any]:
    """``GET /supplier_invoices/{supplier_invoice_id}/payments``: one per transaction that was matched."""
    invoice = context.find(KIND, context.parameters["supplier_invoice_id"])
    return listed(context, settlement.KIND, transaction_view.payment, parent=invoice.id)


def _settle(context: RequestContext, record: JsonRecord) -> None:
    record.body["payment_status"] = _payment_status(record)
    context.records.update_silently(record)


def _payment_status(record: JsonRecord) -> str:
    if record.body["marked_as_paid"]:
        return "paid_offline"
    if not Decimal(record.body["settled"]):
        return "to_be_paid"
    return "partially_paid" if status.owed(record.body) > 0 else "fully_paid"


def _transaction(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    transaction = context.find("transaction", record.body["transaction_id"])
    return transaction_view.matched(context, transaction, "supplier")


OPERATIONS: dict[str, Handler] = {
    "updateSupplierInvoicePaymentStatus": change_payment_status,
    "postSupplierInvoiceMatchedTransactions": match_transaction,
    "deleteSupplierInvoiceMatchedTransactions": unmatch_transaction,
    "getSupplierInvoiceMatchedTransactions": list_matched,
    "getSupplierInvoicePayments": list_payments,
}
