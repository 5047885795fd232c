"""The chart of accounts."""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.accounting.ledger_accounts import with_number
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord

_THIRD_PARTIES = ("401", "411")
# What an account is for, by the first digits of its number; the longest that fits counts.
_TYPES = {
    "1": "equity",
    "2": "asset",
    "3": "stock",
    "4": "third_party",
    "5": "cash",
    "6": "expense",
    "7": "revenue",
}


def _present(_: RequestContext, record: JsonRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        **record.body,
        "type": _TYPES.get(record.body["number"][:1], "other"),
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def list_ledger_accounts(context: RequestContext) -> dict[str, Any]:
    """``GET /ledger_accounts``."""
    return listed(context, "ledger_account", _present)


def get_ledger_account(context: RequestContext) -> dict[str, Any]:
    """``GET /ledger_accounts/{id}``."""
    return _present(context, context.find("ledger_account", context.parameters["id"]))


def create_ledger_account(context: RequestContext) -> dict[str, Any]:
    """``POST /ledger_accounts``: a number may occur once per VAT set-up."""
    body = {"vat_rate": "any", "country_alpha2": "any", **context.body, "enabled": True}
    body["letterable"] = body["number"].startswith(_THIRD_PARTIES)
    for other in with_number(context.records, body["number"]):
        if all(other.body[name] == body[name] for name in ("vat_rate", "country_alpha2")):
            raise unprocessable(f"Number {body['number']} has already been taken")
    return _present(context, context.records.insert("ledger_account", body))


def update_ledger_account(context: RequestContext) -> dict[str, Any]:
    """``PUT /ledger_accounts/{id}``."""
    record = context.find("ledger_account", context.parameters["id"])
    record.body.update(context.body)
    context.records.update(record)
    return _present(context, record)


OPERATIONS: dict[str, Handler] = {
    "getLedgerAccounts": list_ledger_accounts,
    "getLedgerAccount": get_ledger_account,
    "postLedgerAccounts": create_ledger_account,
    "updateLedgerAccount": update_ledger_account,
}
