"""How the invoices of a repository stand: draft, open, late, paid, refused; from few requests.

Those whose ids the journal knows are read by the hundred; the unseen are looked for among the invoices of
their dates, by the hundred as well. Without a journal, all are looked for so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from msgspec import structs

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.records import RemoteInvoice
from pennyform.engine.journal.records import Subject
from pennyform.engine.journal.replayed_state import ReplayedState
from pennyform.engine.planning.post_finalize_tasks import REFUSED, platform_note
from pennyform.invoices.model import DesiredInvoice, Key, Repository
from pennyform.invoices.money.scalars import canonical
from pennyform.results.status import InvoiceState, InvoiceStatus, StateTotal


def read_statuses(
    repository: Repository, account: AccountClient, replayed: ReplayedState, today: dt.date
) -> tuple[InvoiceStatus, ...]:
    """How each invoice of ``repository`` stands on the day ``today``, by reference.

    Raises:
        OutcomeError: the account could not be read.
    """
    desired = {invoice.external_reference: invoice for invoice in repository.invoices}
    ids = {
        replayed.ids[subject]
        for subject in (Subject("invoice", reference) for reference in desired)
        if subject in replayed.ids
    }
    rows = {
        row.external_reference: row
        for row in account.headers_by_id(ids).values()
        if row.external_reference in desired
    }
    unseen = [invoice for reference, invoice in desired.items() if reference not in rows]
    if unseen:
        days = sorted(str(invoice.body.date) for invoice in unseen)
        references = {invoice.external_reference for invoice in unseen}
        for page in account.headers_dated(days[0], days[-1]):
            rows |= {row.external_reference: row for row in page if row.external_reference in references}
            if references <= rows.keys():
                break
    return tuple(
        structs.replace(_status(invoice, rows.get(reference), today), customer=_customer(invoice, repository))
        for reference, invoice in sorted(desired.items())
    )


def _customer(invoice: DesiredInvoice, repository: Repository) -> str:
    """Who it is for: the declared customer's name, or what the definition calls it."""
    key = invoice.body.customer_id
    declared = repository.customer(key)
    return declared.full_name if declared else str(key.value if isinstance(key, Key) else key)


def _status(invoice: DesiredInvoice, row: RemoteInvoice | None, today: dt.date) -> InvoiceStatus:
    if row is None:
        date, deadline = str(invoice.body.date), str(invoice.body.deadline)
        reference = invoice.external_reference
        return InvoiceStatus(reference, InvoiceState.MISSING, None, "", date, deadline, "", "", "", "")
    return InvoiceStatus(
        external_reference=row.external_reference,
        state=state_of(row, today),
        id=row.id,
        invoice_number=row.invoice_number,
        date=row.date.isoformat() if row.date else "",
        deadline=row.deadline.isoformat() if row.deadline else "",
        currency=row.currency or "",
        currency_amount=_amount(row.currency_amount),
        remaining_amount=_amount(row.remaining_amount_with_tax),
        platform=row.e_invoicing_status or "",
        platform_note=platform_note(row),
    )


def state_of(row: RemoteInvoice, today: dt.date) -> InvoiceState:
    """How an invoice of the account stands on the day ``today``."""
    if row.draft:
        return InvoiceState.DRAFT
    if row.e_invoicing_status in REFUSED:
        return InvoiceState.REFUSED
    if row.paid or row.remaining_amount_with_tax == 0:
        return InvoiceState.PAID
    # What is left of a credit note is owed to the customer: nobody is late with it.
    is_owed = row.currency_amount is None or row.currency_amount > 0
    return InvoiceState.LATE if is_owed and row.deadline and row.deadline < today else InvoiceState.OPEN


def _amount(amount: Decimal | None) -> str:
    return "" if amount is None else canonical(amount)


def total_statuses(rows: Iterable[InvoiceStatus]) -> tuple[StateTotal, ...]:
    """How many invoices are in each state and currency, and what they come to, in the order of states."""
    sums: dict[tuple[InvoiceState, str], list[str]] = {}
    for row in rows:
        sums.setdefault((row.state, row.currency), []).append(row.currency_amount or "0")
    order = list(InvoiceState)
    return tuple(
        StateTotal(state, currency, len(amounts), canonical(sum(map(Decimal, amounts), Decimal(0))))
        for (state, currency), amounts in sorted(
            sums.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
        )
    )
