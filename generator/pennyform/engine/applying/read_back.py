"""Reading back what was written, a whole wave in one request, until it looks as it must or patience ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import OutcomeError
from pennyform.engine.account.records import RemoteInvoice
from pennyform.engine.applying.context import ApplyContext
from pennyform.engine.applying.invoice_run import InvoiceRun
from pennyform.engine.journal.records import Differs, Subject, Unknown, Verified
from pennyform.engine.planning.diff import concerns_lines
from pennyform.engine.planning.lookups import needs_sections
from pennyform.engine.runtime.clock import pause
from pennyform.results.apply import Status


class Mismatch(NamedTuple):
    """Why a reading was not accepted: it ``differs``, or what the account has is ``unknown``."""

    status: Status
    detail: str


def read_back(runs: Sequence[InvoiceRun], context: ApplyContext) -> None:
    """Read invoices back; those that are what they should be go on, others end or repeat a step.

    What came of each is written into the journal.
    """
    mismatches = find_mismatches(runs, context)
    attempts = context.runtime.patience.attempts
    for run in runs:
        mismatch = mismatches.get(run.subject)
        # An interruption also cuts short the wait for what may still be on its way.
        if mismatch and run.uncertain and (not run.may_repeat(attempts) or context.sender.must_stop()):
            mismatch = Mismatch(Status.UNKNOWN, run.uncertain)
        record: type[Verified | Differs | Unknown] = Verified
        if mismatch:
            record = Differs if mismatch.status is Status.DIFFERS else Unknown
        context.sender.note(record(kind="invoice", reference=run.reference, id=run.id))
        if mismatch is None:
            run.advance()
        elif run.uncertain and mismatch.status is Status.DIFFERS:
            run.repeat_step()
        else:
            run.end(*mismatch)
        run.uncertain = ""


def find_mismatches(runs: Sequence[InvoiceRun], context: ApplyContext) -> dict[Subject, Mismatch]:
    """Read the invoices of ``runs`` and let each decide whether it accepts what the account has.

    A reading that does not fit is repeated, since reads may lag behind writes; after a write whose answer was
    lost, for as long as that request may still be on its way.

    Returns:
        What is wrong, for each that could not be accepted.
    """
    clock, patience = context.runtime.clock, context.runtime.patience
    pauses = patience.lag
    uncertain_since = [run.uncertain_since for run in runs if run.uncertain]
    if uncertain_since and clock.monotonic() - max(uncertain_since) < sum(patience.settle):
        pauses = patience.settle
    mismatches: dict[Subject, Mismatch] = {}
    pending = list(runs)
    for seconds in (0.0, *pauses):
        if not pending:
            break
        pause(clock, seconds, context.interrupted)
        mismatches = _read(pending, context.account)
        pending = [run for run in pending if run.subject in mismatches]
    return mismatches


def _read(runs: Sequence[InvoiceRun], account: AccountClient) -> dict[Subject, Mismatch]:
    try:
        rows = account.invoices_by_id(run.id for run in runs if run.id is not None)
    except OutcomeError as problem:
        return {run.subject: _unreadable(problem) for run in runs}
    checked = {run.subject: _check(run, rows.get(run.id or 0), account) for run in runs}
    return {subject: mismatch for subject, mismatch in checked.items() if mismatch}


def _check(run: InvoiceRun, row: RemoteInvoice | None, account: AccountClient) -> Mismatch | None:
    """Accept ``row`` as it came in the list; when that does not do, as an exact reading shows it."""
    if row is None:
        return Mismatch(Status.UNKNOWN, "it was written, but the API does not show it")
    try:
        if needs_sections(run.change.desired, row):
            row = account.with_sections(row)
        accepted = run.accept(row)
        # A list shows lines in the order of creation, and no more than 20 of them.
        if not accepted and not row.exact and concerns_lines(run.differences):
            accepted = run.accept(account.exactly(row))
    except OutcomeError as problem:
        return _unreadable(problem)
    return None if accepted else Mismatch(Status.DIFFERS, "what was read back is not what was asked for")


def _unreadable(problem: OutcomeError) -> Mismatch:
    return Mismatch(Status.UNKNOWN, f"it could not be read back: {problem}")
