"""Banks, bank accounts and journals."""

from __future__ import annotations

import re

from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.handlers.registry import handles, register_get, register_list
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.ledger import BankAccount
from pennyform.sandbox.money.currencies import CURRENCIES
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Record, Selection

_CODE = re.compile(r"[A-Za-z]{2,5}")


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
