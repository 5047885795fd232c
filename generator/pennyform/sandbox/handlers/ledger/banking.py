"""Banks, bank accounts and journals."""

from __future__ import annotations

import re
from typing import Any

from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.money.currencies import CURRENCIES
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Selection

_CODE = re.compile(r"[A-Za-z]{2,5}")


def _establishment(_: RequestContext, record: JsonRecord) -> dict[str, Any]:
    stamps = {"created_at": record.created_at, "updated_at": record.updated_at}
    return {"id": record.id, "name": record.body["name"], **stamps}


def _account(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    kept = record.body
    journal, ledger_account = kept["journal_id"], kept["ledger_account_id"]
    return {
        "id": record.id,
        **{name: kept[name] for name in ("name", "currency", "balance")},
        "bank_establishment": {"id": kept["bank_establishment_id"]},
        "journal": {"id": journal, "url": context.url("journals", journal)},
        "ledger_account": {"id": ledger_account, "url": context.url("ledger_accounts", ledger_account)},
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def _journal(_: RequestContext, record: JsonRecord) -> dict[str, Any]:
    return {"id": record.id, **record.body}


def list_establishments(context: RequestContext) -> dict[str, Any]:
    """``GET /bank_establishments``."""
    return listed(context, "bank_establishment", _establishment)


def list_accounts(context: RequestContext) -> dict[str, Any]:
    """``GET /bank_accounts``."""
    return listed(context, "bank_account", _account)


def get_account(context: RequestContext) -> dict[str, Any]:
    """``GET /bank_accounts/{id}``."""
    return _account(context, context.find("bank_account", context.parameters["id"]))


def create_account(context: RequestContext) -> dict[str, Any]:
    """``POST /bank_accounts``: at the bank ``Other`` unless told; empty at first."""
    given = context.body
    bank = given.get("bank_establishment_id")
    if bank is None:
        bank = _first(context, "bank_establishment", "name", "Other").id
    else:
        context.find("bank_establishment", bank, "Bank establishment")
    currency = given.get("currency", "EUR")
    if currency not in CURRENCIES:
        raise unprocessable(f"{currency} is not a currency")
    body = {
        "name": given["name"],
        "currency": currency,
        "balance": "0.0",
        "bank_establishment_id": bank,
        "journal_id": _first(context, "journal", "code", "BQ").id,
        "ledger_account_id": _first(context, "ledger_account", "number", "512000").id,
        "iban": given.get("iban"),
    }
    return _account(context, context.records.insert("bank_account", body))


def list_journals(context: RequestContext) -> dict[str, Any]:
    """``GET /journals``."""
    return listed(context, "journal", _journal)


def get_journal(context: RequestContext) -> dict[str, Any]:
    """``GET /journals/{id}``."""
    return _journal(context, context.find("journal", context.parameters["id"]))


def create_journal(context: RequestContext) -> dict[str, Any]:
    """``POST /journals``: a code of 2 to 5 letters, once."""
    code = context.body["code"]
    if not _CODE.fullmatch(code):
        raise unprocessable("code must be 2 to 5 letters")
    if _all(context, "journal", "code", code):
        raise unprocessable("code has already been taken")
    return _journal(context, context.records.insert("journal", {**context.body, "type": "miscellaneous"}))


def _all(context: RequestContext, kind: str, name: str, value: str) -> list[JsonRecord]:
    # Names are those written above; the value is bound.
    return context.records.select(
        kind, Selection([f"json_extract(body, '$.{name}') = ?"], [value], "id ASC", 1)
    )


def _first(context: RequestContext, kind: str, name: str, value: str) -> JsonRecord:
    (found,) = _all(context, kind, name, value)
    return found


OPERATIONS: dict[str, Handler] = {
    "getBankEstablishments": list_establishments,
    "getBankAccounts": list_accounts,
    "getBankAccount": get_account,
    "postBankAccount": create_account,
    "getJournals": list_journals,
    "getJournal": get_journal,
    "postJournals": create_journal,
}
