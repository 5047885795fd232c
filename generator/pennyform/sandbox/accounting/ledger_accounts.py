"""Ledger accounts as other records refer to them: by number, by id, or by what is sold."""

from __future__ import annotations

from typing import Literal

from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.model.ledger import LedgerAccount
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record, Records, Selection

Substance = Literal["goods", "services"]

# Classes 70 of the French chart of accounts (PCG), and where a substance alone leads. Which of them count is
# an assumption: `Rules.substance_accounts`.
_NARROW: dict[str, Substance] = {"706": "services", "707": "goods"}
_WIDE: dict[str, Substance] = {
    **_NARROW,
    **dict.fromkeys(("704", "705", "708"), "services"),
    **dict.fromkeys(("701", "702", "703"), "goods"),
}
_SUBSTANCES = {"narrow": _NARROW, "wide": _WIDE}
_SUBSTANCE_ACCOUNTS = {"services": "706000", "goods": "707000"}


def accounts_with_number(records: Records, number: str) -> list[Record[LedgerAccount]]:
    """All accounts of this number, the first one made first."""
    condition = Selection(["json_extract(body, '$.number') = ?"], [number], "id ASC")
    return records.select(LedgerAccount, condition)


def get_or_create_account(context: RequestContext, number: str) -> int:
    """The id of the account of that number, which is opened when there is none."""
    accounts = accounts_with_number(context.records, number)
    if accounts:
        return accounts[0].id
    body = {"number": number, "label": number, "vat_rate": "any", "country_alpha2": "any"}
    return context.records.insert("ledger_account", {**body, "enabled": True, "letterable": True}).id


def substance_of(context: RequestContext, account: Record[LedgerAccount] | None) -> Substance | None:
    """What is sold through an account; None for accounts that tell nothing of it."""
    if account is None:
        return None
    return _SUBSTANCES[context.rules.substance_accounts].get(account.body.number[:3])


def resolve_account(
    context: RequestContext, identifier: int | None, substance: str | None
) -> Record[LedgerAccount] | None:
    """The ledger account that an id, a substance, or both lead to.

    Raises:
        ApiError: 404 for an unknown id; 422 when the substance contradicts the account, or it is closed.
    """
    if identifier is None:
        number = _SUBSTANCE_ACCOUNTS[substance] if substance else None
        return accounts_with_number(context.records, number)[0] if number else None
    account = context.find(LedgerAccount, identifier, "Ledger account")
    if not account.body.enabled:
        raise unprocessable(f"Ledger account {account.body.number} is disabled")
    if substance and substance_of(context, account) != substance:
        raise unprocessable(f"Substance {substance} does not match ledger account {account.body.number}")
    return account
