"""Bank transactions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pennyform.sandbox.accounting import settlement, transaction_view
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.money import currencies, money
from pennyform.sandbox.money.amounts import decimal_of
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord

_INVOICES = {"customer_invoice": "customer", "supplier_invoice": "supplier"}


def list_transactions(context: RequestContext) -> dict[str, Any]:
    """``GET /transactions``."""
    return listed(context, "transaction", transaction_view.transaction)


def get_transaction(context: RequestContext) -> dict[str, Any]:
    """``GET /transactions/{id}``."""
    return transaction_view.transaction(context, context.find("transaction", context.parameters["id"]))


def create_transaction(context: RequestContext) -> dict[str, Any]:
    """``POST /transactions``: pays the invoices that refer to it."""
    given = context.body
    account = context.find("bank_account", given["bank_account_id"], "Bank account")
    amount = decimal_of("amount", given["amount"])
    if not amount:
        raise unprocessable("amount must not be zero")
    body = _kept(account, given, amount)
    account.body["balance"] = body["outstanding_balance"]
    context.records.update(account)
    record = context.records.insert("transaction", body)
    settlement.reconcile_transaction(context, record)
    return transaction_view.transaction(context, record)


def _kept(account: JsonRecord, given: dict[str, Any], amount: Decimal) -> dict[str, Any]:
    currency = account.body["currency"]
    fee = decimal_of("fee", given.get("fee") or "0")
    rate = currencies.exchange_rate(currency)
    return {
        "bank_account_id": account.id,
        "journal_id": account.body["journal_id"],
        "label": given["label"],
        "date": given["date"],
        "currency": currency,
        "currency_amount": money.text(amount),
        "amount": money.text(money.rounded(amount * rate, 2)),
        "currency_fee": money.text(fee),
        "fee": money.text(money.rounded(fee * rate, 2)),
        "outstanding_balance": money.text(Decimal(account.body["balance"]) + amount),
        "customer_id": None,
        "supplier_id": None,
    }


def update_transaction(context: RequestContext) -> dict[str, Any]:
    """``PUT /transactions/{id}``: names the customer or the supplier behind it, never both."""
    record = context.find("transaction", context.parameters["id"])
    ((name, identifier),) = context.body.items()
    if identifier is not None:
        context.find(name.removesuffix("_id"), identifier, name)
    record.body.update({"customer_id": None, "supplier_id": None, name: identifier})
    context.records.update(record)
    return transaction_view.transaction(context, record)


def list_matched_invoices(context: RequestContext) -> dict[str, Any]:
    """``GET /transactions/{transaction_id}/matched_invoices``."""
    transaction = context.find("transaction", context.parameters["transaction_id"])
    return listed(context, settlement.KIND, _invoice, also=settlement.matches_of(transaction))


def _invoice(context: RequestContext, match: JsonRecord) -> dict[str, Any]:
    identifier = match.parent or 0
    kind = next(kind for kind in _INVOICES if context.records.get(kind, identifier))
    return {"id": identifier, "type": _INVOICES[kind], "url": context.url(f"{kind}s", identifier)}


OPERATIONS: dict[str, Handler] = {
    "getTransactions": list_transactions,
    "getTransaction": get_transaction,
    "createTransaction": create_transaction,
    "updateTransaction": update_transaction,
    "getTransactionMatchedInvoices": list_matched_invoices,
}
