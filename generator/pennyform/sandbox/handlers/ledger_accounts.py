"""The chart of accounts, the trial balance, and exports of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pennyform.sandbox.accounting.ledger import accounts_with_number
from pennyform.sandbox.accounting.payments import has_elapsed
from pennyform.sandbox.api_errors import bad_request, unprocessable
from pennyform.sandbox.documents.exports import EXPORT_FILES
from pennyform.sandbox.generic import present_by_schema
from pennyform.sandbox.generic.lists import DEFAULT_LIMIT, decode_cursor, encode_cursor
from pennyform.sandbox.handlers.registry import handles, register_get, register_list
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.model.ledger import LedgerAccount, LedgerEntryLine
from pennyform.sandbox.money.arithmetic import format_amount
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Selection

# Suppliers and customers in the French chart of accounts (PCG). Single ones have longer numbers, which a
# trial balance without auxiliary accounts joins.
_THIRD_PARTIES = ("401", "411")
# Classes of the chart of accounts: the first digit of a number.
_ACCOUNT_TYPES = {
    "1": "equity",
    "2": "asset",
    "3": "stock",
    "4": "third_party",
    "5": "cash",
    "6": "expense",
    "7": "revenue",
}
_PERIOD = "json_extract(body, '$.date') BETWEEN ? AND ?"
_LONGEST_NUMBER = 9


def _present_account(_: RequestContext, record: JsonRecord) -> JsonObject:
    return {
        "id": record.id,
        **record.body,
        "type": _ACCOUNT_TYPES.get(record.body["number"][:1], "other"),
        **record.timestamps,
    }


register_list("getLedgerAccounts", "ledger_account", _present_account)
register_get("getLedgerAccount", "ledger_account", _present_account)


@handles("postLedgerAccounts")
def create_ledger_account(context: RequestContext) -> JsonObject:
    """``POST /ledger_accounts``: a number may occur once per VAT code and country."""
    fields = {"vat_rate": "any", "country_alpha2": "any", **context.body, "enabled": True}
    fields["letterable"] = fields["number"].startswith(_THIRD_PARTIES)
    for account in accounts_with_number(context.records, fields["number"]):
        body = account.body
        if (body.vat_rate, body.country_alpha2) == (fields["vat_rate"], fields["country_alpha2"]):
            raise unprocessable(f"Number {fields['number']} has already been taken")
    return _present_account(context, context.records.insert("ledger_account", fields))


@handles("updateLedgerAccount")
def update_ledger_account(context: RequestContext) -> JsonObject:
    """``PUT /ledger_accounts/{id}``: partial."""
    record = context.find_by_path("ledger_account")
    record.body.update(context.body)
    context.records.update(record)
    return _present_account(context, record)


@dataclass(slots=True)
class _Balance:
    label: str
    debits: Decimal = Decimal(0)
    credits: Decimal = Decimal(0)


@handles("getTrialBalance")
def get_trial_balance(context: RequestContext) -> JsonObject:
    """``GET /trial_balance``: debits and credits of a period, by account number."""
    query = context.parameters
    start, end = query["period_start"], query["period_end"]
    if start > end:
        raise bad_request("period_start must not be later than period_end")
    balances: dict[str, _Balance] = {}
    for line in context.records.select(LedgerEntryLine, Selection([_PERIOD], [start, end])):
        account = context.find(LedgerAccount, line.body.ledger_account_id).body
        number = account.number
        if number.startswith(_THIRD_PARTIES) and not query.get("is_auxiliary", False):
            number = number[:3]
        balance = balances.setdefault(number, _Balance(account.label))
        balance.debits += Decimal(line.body.debit)
        balance.credits += Decimal(line.body.credit)
    # These rows are no records: the cursor is the index of the first one of the next page.
    first = int(decode_cursor(query["cursor"])[0] or 0) if query.get("cursor") else 0
    following = first + query.get("limit", DEFAULT_LIMIT)
    has_more = following < len(balances)
    return {
        "items": [
            {
                "number": number,
                "formatted_number": number.ljust(_LONGEST_NUMBER, "0"),
                "label": balances[number].label,
                "debits": format_amount(balances[number].debits),
                "credits": format_amount(balances[number].credits),
            }
            for number in sorted(balances)[first:following]
        ],
        "has_more": has_more,
        "next_cursor": encode_cursor([following]) if has_more else None,
    }


@handles("exportFec", "fec")
@handles("exportGeneralLedger", "general_ledger")
@handles("exportAnalyticalGeneralLedger", "analytical_general_ledger")
def create_export(kind: str, context: RequestContext) -> Json:
    """``POST /exports/…``."""
    if context.body["period_start"] > context.body["period_end"]:
        raise bad_request("period_start must not be later than period_end")
    record = context.records.insert(kind, dict(context.body))
    return present_by_schema(context, record, status="pending")


@handles("getFecExport", "fec")
@handles("getGeneralLedgerExport", "general_ledger")
@handles("getAnalyticalGeneralLedgerExport", "analytical_general_ledger")
def get_export(kind: str, context: RequestContext) -> Json:
    """``GET /exports/…/{id}``: ready after as long as a PDF takes (assumed: ``Rules.pdf_seconds``)."""
    record = context.find_by_path(kind)
    if not has_elapsed(record.created_at, context.rules.pdf_seconds, context.now):
        return present_by_schema(context, record, status="pending", file_url=None)
    url = context.public_url(kind, record.id, EXPORT_FILES[kind].name)
    return present_by_schema(context, record, status="ready", file_url=url)
