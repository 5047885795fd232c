"""Bank transactions."""

from __future__ import annotations

from decimal import Decimal

from pennyform.sandbox.accounting.payments import matches_of, reconcile_transaction
from pennyform.sandbox.accounting.transaction_view import present_transaction
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.handlers.registry import handles, register_get, register_list
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.lists.pagination import list_records
from pennyform.sandbox.model.ledger import BankAccount, Transaction, TransactionMatch
from pennyform.sandbox.money.arithmetic import format_amount, round_half_up
from pennyform.sandbox.money.currencies import exchange_rate
from pennyform.sandbox.money.parsing import parse_decimal
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record

_INVOICE_KINDS = {"customer_invoice": "customer", "supplier_invoice": "supplier"}

register_list("getTransactions", Transaction, present_transaction)
register_get("getTransaction", Transaction, present_transaction)


@handles("createTransaction")
def create_transaction(context: RequestContext) -> JsonObject:
    """``POST /transactions``: pays the invoices that refer to it."""
    request = context.body
    account = context.find(BankAccount, request["bank_account_id"], "Bank account")
    amount = parse_decimal("amount", request["amount"])
    if not amount:
        raise unprocessable("amount must not be zero")
    fee = parse_decimal("fee", request.get("fee") or "0")
    currency, rate = account.body.currency, exchange_rate(account.body.currency)
    balance = format_amount(Decimal(account.body.balance) + amount)
    transaction = Transaction(
        bank_account_id=account.id,
        journal_id=account.body.journal_id,
        label=request["label"],
        date=request["date"],
        currency=currency,
        currency_amount=format_amount(amount),
        amount=format_amount(round_half_up(amount * rate, 2)),
        currency_fee=format_amount(fee),
        fee=format_amount(round_half_up(fee * rate, 2)),
        outstanding_balance=balance,
    )
    # Balances are changed in the order of requests, not of the transactions' dates.
    account.body.balance = balance
    context.records.update(account)
    record = context.records.insert(Transaction.KIND, transaction)
    reconcile_transaction(context, record)
    return present_transaction(context, record)


@handles("updateTransaction")
def update_transaction(context: RequestContext) -> JsonObject:
    """``PUT /transactions/{id}``: names the customer or the supplier behind it, never both."""
    record = context.find(Transaction, context.parameters["id"])
    # The contract takes a body with exactly one of the two.
    ((name, identifier),) = context.body.items()
    if identifier is not None:
        context.find(name.removesuffix("_id"), identifier, name)
    record.body.customer_id = identifier if name == "customer_id" else None
    record.body.supplier_id = identifier if name == "supplier_id" else None
    context.records.update(record)
    return present_transaction(context, record)


@handles("getTransactionMatchedInvoices")
def list_matched_invoices(context: RequestContext) -> JsonObject:
    """``GET /transactions/{transaction_id}/matched_invoices``."""
    transaction = context.find(Transaction, context.parameters["transaction_id"])
    return list_records(context, TransactionMatch, _present_invoice, where=matches_of(transaction.id))


def _present_invoice(context: RequestContext, match: Record[TransactionMatch]) -> JsonObject:
    identifier = match.parent or 0
    kind = next(kind for kind in _INVOICE_KINDS if context.records.get(kind, identifier))
    return {"id": identifier, "type": _INVOICE_KINDS[kind], "url": context.url(f"{kind}s", identifier)}
