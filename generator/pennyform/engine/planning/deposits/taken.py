"""Deposits that are taken off already: by another invoice of the account, or of the same run. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from pennyform.engine.account.records import RemoteInvoice, RemoteState
from pennyform.engine.planning.actions import InvoiceChange
from pennyform.invoices.model import DesiredInvoice, Key
from pennyform.results.plan import Action

_NOTHING = Decimal(0)
_BLOCKED = frozenset({Action.CONFLICT, Action.UNSETTLED})


def taken_elsewhere(state: RemoteState, deposit: RemoteInvoice, reference: str) -> RemoteInvoice | None:
    """An invoice of the account, other than ``reference``, that takes off ``deposit``.

    A line below zero of it has the number of the deposit. An invoice that was credited in full takes off
    nothing any more.
    """
    named = re.compile(rf"(?<!\w){re.escape(deposit.invoice_number)}(?!\w)")
    of_customer = state.of_customers.get(deposit.customer_id or 0, ())
    for row in of_customer:
        is_another = row.external_reference != reference and row.id != deposit.id
        is_credit_note = row.credited_invoice_id is not None or (row.currency_amount or 0) < 0
        if not is_another or is_credit_note or is_credited_in_full(row, of_customer):
            continue
        for line in row.lines:
            below_zero = (line.currency_amount_before_tax or _NOTHING) < 0
            if below_zero and named.search(line.label or ""):
                return row
    return None


def is_credited_in_full(invoice: RemoteInvoice, of_customer: Sequence[RemoteInvoice]) -> bool:
    """Whether final credit notes among ``of_customer`` take back everything that ``invoice`` charges."""
    taken_back = [
        -(row.currency_amount or _NOTHING)
        for row in of_customer
        if row.credited_invoice_id == invoice.id and not row.draft
    ]
    return bool(taken_back) and sum(taken_back, _NOTHING) >= (invoice.currency_amount or _NOTHING)


def hold_double_deductions(changes: Sequence[InvoiceChange], state: RemoteState) -> tuple[InvoiceChange, ...]:
    """``changes``, with a conflict in place of each that takes off a deposit for the second time.

    Two definitions, or two entries of one, may name a deposit in different ways: by its reference and by its
    number. Which invoice each means is known here only.

    Args:
        changes: what is planned, in the order in which invoices become final.
        state: what was looked up.
    """
    takers: dict[object, str] = {}
    final = [change for change in changes if _is_final(change)]
    for change in final:
        remote = change.remote
        of_customer = state.of_customers.get(remote.customer_id or 0, ()) if remote is not None else ()
        if remote is None or not is_credited_in_full(remote, of_customer):
            for deposit, _ in _deposits(change.desired, state):
                takers.setdefault(deposit, change.external_reference)
    held: list[InvoiceChange] = []
    for change in changes:
        blocked = change.action in _BLOCKED
        twice = "" if blocked or _is_final(change) else _taken_twice(change.desired, state, takers)
        if not blocked and not twice and not _is_final(change):
            for deposit, _ in _deposits(change.desired, state):
                takers.setdefault(deposit, change.external_reference)
        held.append(change.stopped(twice) if twice else change)
    return tuple(held)


def _taken_twice(invoice: DesiredInvoice, state: RemoteState, takers: dict[object, str]) -> str:
    """Why ``invoice`` takes off a deposit twice; empty when it does not."""
    names: dict[object, str] = {}
    for deposit, name in _deposits(invoice, state):
        if (other := takers.get(deposit)) is not None:
            return f"{other} takes off {name} already: take it out of `deduct` in one of the two"
        if (first := names.setdefault(deposit, name)) != name:
            return f"{first} and {name} are one deposit: take one of them out of `deduct`"
    return ""


def _deposits(invoice: DesiredInvoice, state: RemoteState) -> Iterator[tuple[object, str]]:
    """What identifies each deposit of ``invoice``, however it is named, and the name."""
    for deduction in invoice.deductions:
        key: Key = deduction.deposit
        id_ = state.identify(key)
        yield (key.field, key.value) if id_ is None else id_, str(key.value)


def _is_final(change: InvoiceChange) -> bool:
    return change.remote is not None and not change.remote.draft
