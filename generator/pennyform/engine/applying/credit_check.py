"""What remains of an invoice, asked once more right before a credit note gets its number.

Between the plan and this moment somebody may have credited the invoice by hand, or been paid. The credit note
could not be linked then, and its number would be spent.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from pennyform.engine.account.errors import OutcomeError
from pennyform.engine.applying.context import ApplyContext
from pennyform.engine.applying.invoice_run import InvoiceRun
from pennyform.engine.planning.actions import Step
from pennyform.invoices.money.scalars import canonical
from pennyform.results.apply import Status


def hold_credit_notes(runs: Sequence[InvoiceRun], context: ApplyContext) -> None:
    """End those of ``runs`` that are about to become final and take back more than remains: one request.

    Args:
        runs: invoices that were just read back.
        context: the account.
    """
    notes = {run: id_ for run in runs if _is_about_to_be_final(run) and (id_ := _credited_id(run, context))}
    if not notes or context.sender.must_stop():
        return
    try:
        remaining = context.account.remaining_amounts(notes.values())
    except OutcomeError as problem:
        for run in notes:
            run.end(Status.FAILED, f"what remains of the invoice it corrects could not be read: {problem}")
        return
    for run, id_ in notes.items():
        amount, available = -run.resolved.totals.amount, remaining.get(id_)
        if available is None:
            continue
        if amount > available:
            remain = f"of the invoice it corrects {canonical(available)} remain"
            why = f"{remain}, and it takes back {canonical(amount)}"
            run.end(Status.CONFLICT, f"{why}: that changed since the plan was made; plan again")
        else:
            remaining[id_] = available - amount


def _is_about_to_be_final(run: InvoiceRun) -> bool:
    before_reading = takewhile(lambda step: step is not Step.READ_BACK, run.remaining_steps)
    return run.status is None and not run.uncertain and Step.FINALIZE in before_reading


def _credited_id(run: InvoiceRun, context: ApplyContext) -> int | None:
    """The id of the invoice that a credit note is about to be linked to."""
    link = next((task for task in run.tasks if task.step is Step.LINK), None)
    id_ = link.with_ids(context.identify).other_id if link else None
    return id_ if isinstance(id_, int) else None
