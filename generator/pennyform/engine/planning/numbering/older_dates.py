"""Invoices that would get their number after one with a later date, in the run or in the account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from pennyform.engine.account.records import RemoteInvoice
from pennyform.engine.planning.actions import InvoiceChange

# The references that a warning names; of the others it says how many there are.
_NAMED = 5
_CONSEQUENCE = "so the numbers do not follow the dates"


class OlderDate(NamedTuple):
    """An invoice and why its number will come after a later date: ``later`` says which invoice has that."""

    change: InvoiceChange
    later: str


def find_older_dates(
    changes: Iterable[InvoiceChange], newest_final: RemoteInvoice | None, *, any_order: bool = False
) -> Iterator[OlderDate]:
    """The invoices that become final after one of a later date.

    Args:
        changes: all changes, in the order in which they become final.
        newest_final: the final invoice of the account with the latest date.
        any_order: they become final in no particular order, so nothing is known about those of the run.
    """
    in_account = ""
    if newest_final is not None:
        name = newest_final.invoice_number or f"invoice {newest_final.id}"
        in_account = f"{name} of {newest_final.date}, which is final already"
    latest: InvoiceChange | None = None
    for change in changes:
        if not change.is_finalized:
            continue
        date = change.desired.body.date
        if newest_final is not None and newest_final.date is not None and date < newest_final.date:
            yield OlderDate(change, in_account)
        elif latest is not None and date < latest.desired.body.date and not any_order:
            name = f"{latest.external_reference} of {latest.desired.body.date}"
            yield OlderDate(change, f"{name}, which becomes final before it")
        if latest is None or date > latest.desired.body.date:
            latest = change


def older_date_warnings(older: Sequence[OlderDate]) -> tuple[str, ...]:
    """One warning for all that have a date before that of the same invoice."""
    warnings = []
    for later, group in groupby(sorted(older, key=lambda row: row.later), key=lambda row: row.later):
        changes = [row.change for row in group]
        names = [f"{change.external_reference} ({change.desired.body.date})" for change in changes[:_NAMED]]
        if len(changes) > _NAMED:
            names.append(f"{len(changes) - _NAMED} more")
        listed = f"{names[0]} is" if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} are"
        fix = f"give {'it' if len(changes) == 1 else 'them'} a later date if that is not meant"
        warnings.append(f"{listed} dated before {later}, {_CONSEQUENCE}: {fix}")
    return tuple(warnings)
