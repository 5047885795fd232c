"""Bank transactions as the API shows them, by themselves and beside an invoice."""

from __future__ import annotations

from typing import Literal

from pennyform.sandbox.accounting.categories import present_categories
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.ledger import Transaction, TransactionMatch
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record


def present_transaction(context: RequestContext, record: Record[Transaction]) -> JsonObject:
    """A transaction by itself."""
    transaction = record.body
    return {
        **_common_fields(context, record),
        "journal": context.link("journals", transaction.journal_id),
        "customer": context.link("customers", transaction.customer_id),
        "supplier": context.link("suppliers", transaction.supplier_id),
        "matched_invoices": {"url": context.url("transactions", record.id, "matched_invoices")},
        "interbank_code": None,
    }


def present_matched_transaction(
    party: Literal["customer", "supplier"], context: RequestContext, match: Record[TransactionMatch]
) -> JsonObject:
    """The transaction of a match, in the list of an invoice of a customer or a supplier."""
    record = context.find(Transaction, match.body.transaction_id)
    identifier = record.body.customer_id if party == "customer" else record.body.supplier_id
    return {
        **_common_fields(context, record),
        "journal": {"id": record.body.journal_id},
        party: context.link(f"{party}s", identifier),
    }


def present_payment(context: RequestContext, match: Record[TransactionMatch]) -> JsonObject:
    """What a match pays: a payment that was found on a bank account."""
    transaction = context.find(Transaction, match.body.transaction_id).body
    return {
        "id": match.id,
        "label": transaction.label,
        "currency": transaction.currency,
        "currency_amount": match.body.used,
        "status": "found",
        **match.timestamps,
    }


def _common_fields(context: RequestContext, record: Record[Transaction]) -> JsonObject:
    transaction = record.body
    return {
        "id": record.id,
        "label": transaction.label,
        "date": transaction.date,
        "outstanding_balance": transaction.outstanding_balance,
        "currency": transaction.currency,
        "currency_amount": transaction.currency_amount,
        "amount": transaction.amount,
        "currency_fee": transaction.currency_fee,
        "fee": transaction.fee,
        "attachment_required": True,
        "archived_at": None,
        "bank_account": context.link("bank_accounts", transaction.bank_account_id),
        "pro_account_expense": None,
        "categories": present_categories(context, record.id),
        **record.timestamps,
    }
