"""Banks, bank accounts, journals and bank transactions."""

from __future__ import annotations

import re
from decimal import Decimal

from pennyform.sandbox.accounting.payments import matches_of, reconcile_transaction
from pennyform.sandbox.accounting.views import present_transaction
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.generic.lists import list_records
from pennyform.sandbox.handlers.registry import handles, register_get, register_list
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.ledger import BankAccount, Transaction, TransactionMatch
from pennyform.sandbox.money.arithmetic import format_amount, round_half_up
from pennyform.sandbox.money.parsing import parse_decimal
from pennyform.sandbox.money.rates import CURRENCIES, exchange_rate
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Record, Selection

_CODE = re.compile(r"[A-Za-z]{2,5}")
_INVOICE_KINDS = {"customer_invoice": "customer", "supplier_invoice": "supplier"}


def _present_establishment(_: RequestContext, record: JsonRecord) -> JsonObject:
    return {"id": record.id, "name": record.body["name"], **record.timestamps}


def _present_account(context: RequestContext, record: Record[BankAccount]) -> JsonObject:
    account = record.body
    return {
        "id": record.id,
        "name": account.name,
        "currency": account.currency,
        "balance": account.balance,
        "bank_establishment": {"id": account.bank_establishment_id},
        "journal": context.link("journals", account.journal_id),
        "ledger_account": context.link("ledger_accounts", account.ledger_account_id),
        **record.timestamps,
    }


def _present_journal(_: RequestContext, record: JsonRecord) -> JsonObject:
    return {"id": record.id, **record.body}


register_list("getBankEstablishments", "bank_establishment", _present_establishment)
register_list("getBankAccounts", BankAccount, _present_account)
register_get("getBankAccount", BankAccount, _present_account)
register_list("getJournals", "journal", _present_journal)
register_get("getJournal", "journal", _present_journal)


@handles("postBankAccount")
def create_bank_account(context: RequestContext) -> JsonObject:
    """``POST /bank_accounts``: at the bank ``Other`` unless told; empty at first."""
    request = context.body
    bank = request.get("bank_establishment_id")
    if bank is None:
        bank = _find_by_field(context, "bank_establishment", "name", "Other")[0].id
    else:
        context.find("bank_establishment", bank, "Bank establishment")
    currency = request.get("currency", "EUR")
    if currency not in CURRENCIES:
        raise unprocessable(f"{currency} is not a currency")
    account = BankAccount(
        name=request["name"],
        currency=currency,
        balance="0.0",
        bank_establishment_id=bank,
        # The seed gives every company this journal and this account of the French chart.
        journal_id=_find_by_field(context, "journal", "code", "BQ")[0].id,
        ledger_account_id=_find_by_field(context, "ledger_account", "number", "512000")[0].id,
        iban=request.get("iban"),
    )
    return _present_account(context, context.records.insert(BankAccount.KIND, account))


@handles("postJournals")
def create_journal(context: RequestContext) -> JsonObject:
    """``POST /journals``: a code of 2 to 5 letters, once."""
    code = context.body["code"]
    if not _CODE.fullmatch(code):
        raise unprocessable("code must be 2 to 5 letters")
    if _find_by_field(context, "journal", "code", code):
        raise unprocessable("code has already been taken")
    record = context.records.insert("journal", {**context.body, "type": "miscellaneous"})
    return _present_journal(context, record)


def _find_by_field(context: RequestContext, kind: str, name: str, value: str) -> list[JsonRecord]:
    # Names are those written above; the value is bound.
    selection = Selection([f"json_extract(body, '$.{name}') = ?"], [value], "id ASC", 1)
    return context.records.select(kind, selection)


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
    record = context.find_by_path(Transaction)
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
    transaction = context.find_by_path(Transaction)
    return list_records(context, TransactionMatch, _present_matched_invoice, where=matches_of(transaction.id))


def _present_matched_invoice(context: RequestContext, match: Record[TransactionMatch]) -> JsonObject:
    identifier = match.parent or 0
    kind = next(kind for kind in _INVOICE_KINDS if context.records.get(kind, identifier))
    return {"id": identifier, "type": _INVOICE_KINDS[kind], "url": context.url(f"{kind}s", identifier)}
