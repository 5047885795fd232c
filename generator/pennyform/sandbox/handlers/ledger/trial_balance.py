"""The trial balance, which is computed from the ledger's lines."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pennyform.sandbox.api_errors import bad_request
from pennyform.sandbox.handlers.registry import handles
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.lists.pagination import DEFAULT_LIMIT, decode_cursor, encode_cursor
from pennyform.sandbox.model.ledger import LedgerAccount, LedgerEntryLine
from pennyform.sandbox.money.arithmetic import format_amount
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Selection

_PERIOD = "json_extract(body, '$.date') BETWEEN ? AND ?"
# Accounts of single customers and suppliers, which a trial balance without auxiliary accounts joins.
_AUXILIARY = ("401", "411")
_LONGEST_NUMBER = 9


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
        if number.startswith(_AUXILIARY) and not query.get("is_auxiliary", False):
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
