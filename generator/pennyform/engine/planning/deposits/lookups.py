"""What is looked up about deposits that are to be taken off: their lines, and what became of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.records import RemoteInvoice, RemoteState
from pennyform.engine.planning.credits.conflicts import charged_by_code
from pennyform.invoices.model import Repository


def with_deposits(repository: Repository, state: RemoteState, account: AccountClient) -> RemoteState:
    """``state`` with all lines of the final deposits of ``repository``, and what their customers got since.

    The invoices of a customer show which credit notes took back a part of a deposit, and whether another
    invoice takes it off. They are only read where the balance invoice is still to be written, or where the
    deposit is neither unpaid nor untouched.
    """
    since: dict[int, dt.date] = {}
    for invoice in repository.invoices:
        own_rows = state.invoices.get(invoice.external_reference, ())
        to_be_written = not own_rows or own_rows[0].draft
        for deduction in invoice.deductions:
            rows = state.invoices_of(deduction.deposit)
            if len(rows) != 1 or rows[0].draft:
                continue
            deposit = rows[0]
            untouched = deposit.remaining_amount_with_tax == deposit.currency_amount
            if (to_be_written or not untouched) and deposit.customer_id and deposit.date:
                first = since.get(deposit.customer_id, deposit.date)
                since[deposit.customer_id] = min(first, deposit.date)
    of_customers = {id_: account.invoices_of_customer(id_, day) for id_, day in sorted(since.items())}
    return replace(
        state,
        invoices=_with_all_lines(repository, state.invoices, account),
        credited=_with_all_lines(repository, state.credited, account),
        deposits_by_number=_with_all_lines(repository, state.deposits_by_number, account),
        of_customers=of_customers,
    )


def _with_all_lines(
    repository: Repository, rows: Mapping[str, Sequence[RemoteInvoice]], account: AccountClient
) -> dict[str, Sequence[RemoteInvoice]]:
    """``rows``, with all lines of those deposits whose first lines do not add up to what they came to."""
    names = {
        str(deduction.deposit.value) for invoice in repository.invoices for deduction in invoice.deductions
    }
    return {
        name: [
            account.exactly(row) if name in names and not row.draft and charged_by_code(row) is None else row
            for row in group
        ]
        for name, group in rows.items()
    }
