"""Bank transactions as the API shows them, by themselves and beside an invoice."""

from __future__ import annotations

from typing import Any, Literal

from pennyform.sandbox.accounting import categories
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord

_AS_KEPT = (
    "label",
    "date",
    "outstanding_balance",
    "currency",
    "currency_amount",
    "amount",
    "currency_fee",
    "fee",
)


def transaction(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    """A transaction by itself."""
    journal = record.body["journal_id"]
    return {
        **_common(context, record),
        "journal": {"id": journal, "url": context.url("journals", journal)},
        "customer": _party(context, record, "customer"),
        "supplier": _party(context, record, "supplier"),
        "matched_invoices": {"url": context.url("transactions", record.id, "matched_invoices")},
        "interbank_code": None,
    }


def matched(
    context: RequestContext, record: JsonRecord, party: Literal["customer", "supplier"]
) -> dict[str, Any]:
    """A transaction in the list of an invoice of a customer or a supplier."""
    return {
        **_common(context, record),
        "journal": {"id": record.body["journal_id"]},
        party: _party(context, record, party),
    }


def payment(context: RequestContext, match: JsonRecord) -> dict[str, Any]:
    """What a match pays: a payment that was found on a bank account."""
    paid = context.find("transaction", match.body["transaction_id"])
    return {
        "id": match.id,
        "label": paid.body["label"],
        "currency": paid.body["currency"],
        "currency_amount": match.body["used"],
        "status": "found",
        "created_at": match.created_at,
        "updated_at": match.updated_at,
    }


def _common(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    account = record.body["bank_account_id"]
    return {
        "id": record.id,
        **{name: record.body[name] for name in _AS_KEPT},
        "attachment_required": True,
        "archived_at": None,
        "bank_account": {"id": account, "url": context.url("bank_accounts", account)},
        "pro_account_expense": None,
        "categories": [categories.show(context, one) for one in categories.of(context, record)],
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def _party(context: RequestContext, record: JsonRecord, party: str) -> dict[str, Any] | None:
    identifier = record.body[f"{party}_id"]
    return {"id": identifier, "url": context.url(f"{party}s", identifier)} if identifier else None
