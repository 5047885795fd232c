"""The chart of accounts."""

from __future__ import annotations

from pennyform.sandbox.accounting.ledger_accounts import accounts_with_number
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.handlers.registry import handles, register_get, register_list
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord

_THIRD_PARTIES = ("401", "411")
# Classes of the French chart of accounts (PCG): the first digit of a number.
_TYPES = {
    "1": "equity",
    "2": "asset",
    "3": "stock",
    "4": "third_party",
    "5": "cash",
    "6": "expense",
    "7": "revenue",
}


def _present(_: RequestContext, record: JsonRecord) -> JsonObject:
    return {
        "id": record.id,
        **record.body,
        "type": _TYPES.get(record.body["number"][:1], "other"),
        **record.timestamps,
    }


register_list("getLedgerAccounts", "ledger_account", _present)
register_get("getLedgerAccount", "ledger_account", _present)


@handles("postLedgerAccounts")
def create_ledger_account(context: RequestContext) -> JsonObject:
    """``POST /ledger_accounts``: a number may occur once per VAT code and country."""
    fields = {"vat_rate": "any", "country_alpha2": "any", **context.body, "enabled": True}
    fields["letterable"] = fields["number"].startswith(_THIRD_PARTIES)
    for account in accounts_with_number(context.records, fields["number"]):
        body = account.body
        if (body.vat_rate, body.country_alpha2) == (fields["vat_rate"], fields["country_alpha2"]):
            raise unprocessable(f"Number {fields['number']} has already been taken")
    return _present(context, context.records.insert("ledger_account", fields))


@handles("updateLedgerAccount")
def update_ledger_account(context: RequestContext) -> JsonObject:
    """``PUT /ledger_accounts/{id}``: partial."""
    record = context.find("ledger_account", context.parameters["id"])
    record.body.update(context.body)
    context.records.update(record)
    return _present(context, record)
