"""A declared customer or product against the one that the account has, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pennyform.engine.account.records import RemoteCustomer, RemoteState
from pennyform.engine.planning.diff import Difference, as_defined, same_json, same_value
from pennyform.invoices.desired.json_bodies import write_field
from pennyform.invoices.model import UNSET, CustomerBody, DesiredCustomer, Key, ProductBody, set_fields


@dataclass(frozen=True, slots=True)
class CardComparison:
    """Where a record of the account is not what its declaration states; all pointers are into its body.

    ``unverifiable`` are pointers to what no answer of the API shows.
    """

    differences: tuple[Difference, ...]
    unverifiable: tuple[str, ...] = ()


def compare_customer(desired: DesiredCustomer, remote: RemoteCustomer, state: RemoteState) -> CardComparison:
    """Compare a declared customer with the one that the account has under its reference.

    Args:
        desired: the declaration.
        remote: the customer of the account.
        state: knows the ids of ledger accounts by number (:func:`customer_accounts`).
    """
    if desired.customer_type != remote.customer_type:
        # The two kinds have other fields: nothing else can be compared.
        kind = Difference("/customer_type", desired.customer_type, remote.customer_type)
        return CardComparison((kind,))
    card = compare(desired.body._replace(ledger_account=UNSET), remote.body)
    account = ledger_account_key(desired)
    # One number can belong to several accounts, one for each VAT set-up.
    if account is None or remote.ledger_account_id in state.ids_of(account):
        return card
    other = {"id": remote.ledger_account_id} if remote.ledger_account_id else None
    difference = Difference("/ledger_account", desired.body.ledger_account, other)
    return CardComparison((*card.differences, difference), card.unverifiable)


def compare(body: CustomerBody | ProductBody, remote: CustomerBody | ProductBody) -> CardComparison:
    """Compare what ``body`` states, with ids in place, with what the account has."""
    differences: list[Difference] = []
    unverifiable: list[str] = []
    for name, value in set_fields(body):
        remote_value = getattr(remote, name, UNSET)
        if remote_value is UNSET:
            remote_value = remote.extra.get(name, UNSET)
        if remote_value is UNSET:
            unverifiable.append(f"/{name}")
        elif name in body.extra:
            differences += (
                [] if same_json(value, remote_value) else [Difference(f"/{name}", value, remote_value)]
            )
        else:
            differences += _field(f"/{name}", name, value, remote_value)
    return CardComparison(tuple(differences), tuple(unverifiable))


def _field(pointer: str, name: str, want: Any, have: Any) -> Iterator[Difference]:
    if hasattr(want, "_fields"):
        for part, value in set_fields(want):
            remote_value = getattr(have, part, UNSET) if have else None
            if remote_value is UNSET:
                remote_value = have.extra.get(part)
            yield from _field(f"{pointer}/{part}", part, value, remote_value)
    elif isinstance(want, tuple):
        # The order of mail addresses is nobody's concern.
        if sorted(want) != sorted(have or ()):
            yield Difference(pointer, list(want), as_defined(name, have))
    elif not same_value(want, have):
        yield Difference(pointer, write_field(name, want), as_defined(name, have))


def ledger_account_key(customer: DesiredCustomer) -> Key | None:
    """The key of the ledger account that a declared customer names by its number, if it does."""
    account = customer.body.ledger_account
    number = account.get("number") if isinstance(account, Mapping) else None
    return Key("ledger_account", "number", str(number), customer.place) if number else None
