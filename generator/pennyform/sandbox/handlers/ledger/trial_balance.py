"""The trial balance, which follows from the ledger's lines."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pennyform.sandbox.accounting import ledger
from pennyform.sandbox.api_errors import bad_request
from pennyform.sandbox.lists.pagination import DEFAULT_LIMIT, position, positioned
from pennyform.sandbox.money import money
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import Selection

_PERIOD = "json_extract(body, '$.date') BETWEEN ? AND ?"
# Accounts of single customers and suppliers, which a trial balance without auxiliary accounts joins.
_AUXILIARY = ("401", "411")
_LONGEST_NUMBER = 9


def trial_balance(context: RequestContext) -> dict[str, Any]:
    """``GET /trial_balance``: debits and credits of a period, by account number."""
    query = context.parameters
    if query["period_start"] > query["period_end"]:
        raise bad_request("period_start must not be later than period_end")
    sums: dict[str, list[Any]] = {}
    for line in context.records.select(
        ledger.LINE, Selection([_PERIOD], [query["period_start"], query["period_end"]])
    ):
        account = context.find("ledger_account", line.body["ledger_account_id"]).body
        number = _joined(account["number"], auxiliary=query.get("is_auxiliary", False))
        total = sums.setdefault(number, [account["label"], Decimal(0), Decimal(0)])
        total[1] += Decimal(line.body["debit"])
        total[2] += Decimal(line.body["credit"])
    return _page(context, sorted(sums.items()))


def _page(context: RequestContext, sums: list[tuple[str, list[Any]]]) -> dict[str, Any]:
    start = int(positioned(context.parameters["cursor"])[0]) if context.parameters.get("cursor") else 0
    limit = context.parameters.get("limit", DEFAULT_LIMIT)
    following = start + limit
    return {
        "items": [_balance(number, *total) for number, total in sums[start:following]],
        "has_more": following < len(sums),
        "next_cursor": position([following]) if following < len(sums) else None,
    }


def _balance(number: str, label: str, debits: Decimal, credits_: Decimal) -> dict[str, str]:
    padded = number.ljust(_LONGEST_NUMBER, "0")
    amounts = {"debits": money.text(debits), "credits": money.text(credits_)}
    return {"number": number, "formatted_number": padded, "label": label, **amounts}


def _joined(number: str, *, auxiliary: bool) -> str:
    return number[:3] if not auxiliary and number.startswith(_AUXILIARY) else number


OPERATIONS: dict[str, Handler] = {"getTrialBalance": trial_balance}
