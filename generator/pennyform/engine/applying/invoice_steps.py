"""The steps of an invoice: requests that create, import, update, finalize or replace it, and reading it back.

What was written is read back, a whole wave in one request, until it looks as it must or patience ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import (
    OutcomeError,
    ReferenceTakenError,
    RefusedError,
    UnknownOutcomeError,
)
from pennyform.engine.account.records import RemoteInvoice
from pennyform.engine.applying.context import ApplyContext
from pennyform.engine.applying.invoice_run import InvoiceRun
from pennyform.engine.journal.journal import JournalError
from pennyform.engine.journal.records import Deleted, Differs, SetAside, Subject, Unknown, Verified
from pennyform.engine.planning.actions import FINAL, Step
from pennyform.engine.planning.diff import concerns_lines
from pennyform.engine.planning.lookups import needs_sections
from pennyform.engine.planning.patch import finalized_update_body, update_body
from pennyform.engine.runtime import pause
from pennyform.invoices.desired.json_bodies import e_invoice_options, first_request
from pennyform.invoices.money.scalars import canonical
from pennyform.results.apply import Status


@dataclass(frozen=True, slots=True)
class InvoiceWriter:
    """Takes the steps of invoices, each as one journalled request."""

    context: ApplyContext

    def take_steps(self, run: InvoiceRun) -> None:
        """Take the steps of ``run`` up to its next reading, or up to one whose outcome is unknown.

        Finalizing ends them as well: it is only taken when ``run`` is at it already, as it has its turn.
        """
        sender, first = self.context.sender, run.position
        while (step := run.next_step) and step is not Step.READ_BACK and not run.uncertain:
            if sender.must_stop() or (step is Step.FINALIZE and run.position > first):
                return
            if step in FINAL and not self.context.buyers.allow(run):
                return
            try:
                self._take(run, step)
            except OutcomeError as problem:
                reference_taken = isinstance(problem, ReferenceTakenError)
                if reference_taken or isinstance(problem, UnknownOutcomeError) or run.repeats:
                    # Of a write that was repeated, a refusal may mean that the first one arrived after all.
                    now = self.context.runtime.clock.monotonic()
                    run.mark_uncertain(str(problem), reference_taken=reference_taken, at=now)
                elif isinstance(problem, RefusedError) and problem.status == 404 and run.id is not None:
                    gone = f"invoice {run.id} is gone, deleted or replaced meanwhile"
                    run.end(Status.FAILED, f"{gone}; the next apply looks again")
                else:
                    run.end(Status.FAILED, str(problem))
            except JournalError as problem:
                run.end(Status.FAILED, str(problem))
            else:
                run.answered_final = run.answered_final or step in FINAL
                run.advance()

    def _take(self, run: InvoiceRun, step: Step) -> None:
        account, send, subject = self.context.account, self.context.sender.send, run.subject
        match step:
            case Step.CREATE:
                body = {**first_request(run.resolved.body), "draft": True}
                run.attempts += 1
                run.id = send(subject, step, lambda: account.create_draft(body))
            case Step.UPLOAD:
                self._upload(run)
            case Step.IMPORT:
                self._import(run)
            case Step.UPDATE:
                self._update(run)
            case Step.FINALIZE:
                self._finalize(run)
            case Step.COMPLETE:
                # What a draft could not carry, on the invoice as it was last read.
                id_ = run.known_id
                completion = finalized_update_body(run.resolved, run.remote) if run.remote else None
                if completion:
                    send(subject, step, lambda: account.update_finalized(id_, completion), id_)
            case Step.SET_ASIDE:
                # The old draft gives up its reference; from then on the run is about the new one.
                id_ = run.known_id
                aside = {"external_reference": f"{run.reference}~{id_}"}
                send(subject, step, lambda: account.update_draft(id_, aside), id_)
                self.context.sender.note(SetAside(kind="invoice", reference=run.reference, old=id_))
                run.id = None
            case Step.DELETE:
                old = run.replaced_id
                send(subject, step, lambda: account.delete_draft(old), run.id)
                self.context.sender.note(Deleted(kind="invoice", reference=run.reference, old=old))

    def _update(self, run: InvoiceRun) -> None:
        account, id_ = self.context.account, run.known_id
        body = update_body(run.resolved, run.remote) if run.remote else None
        if body is None:
            raise ValueError("only a draft that a PUT can change is updated")
        self.context.sender.send(run.subject, Step.UPDATE, lambda: account.update_draft(id_, body), id_)

    def _upload(self, run: InvoiceRun) -> None:
        """A file that no invoice uses shows nowhere, so it is sent again when the answer is lost."""
        account, sender = self.context.account, self.context.sender
        attempts = self.context.runtime.patience.attempts
        name, data, media_type = self._read_file(run)
        for attempt in range(1, attempts + 1):
            try:
                run.file_id = sender.send(
                    run.subject, Step.UPLOAD, lambda: account.upload(name, data, media_type)
                )
            except UnknownOutcomeError as problem:
                if attempt == attempts or sender.must_stop():
                    raise RefusedError(f"its file was not uploaded: {problem}", status=0) from problem
            else:
                return

    def _import(self, run: InvoiceRun) -> None:
        account, send, line_ids = (
            self.context.account,
            self.context.sender.send,
            run.change.desired.e_invoice_lines,
        )
        if line_ids:
            # The file goes with the request, which has no place for a reference: that is set once it is read.
            name, data, media_type = self._read_file(run)
            options = e_invoice_options(first_request(run.resolved.body), line_ids)
            run.attempts += 1
            run.id = send(
                run.subject,
                Step.IMPORT,
                lambda: account.import_e_invoice(name, data, media_type, options),
            )
        else:
            body = {**first_request(run.resolved.body), "file_attachment_id": run.file_id}
            run.attempts += 1
            run.id = send(run.subject, Step.IMPORT, lambda: account.import_invoice(body))

    def _read_file(self, run: InvoiceRun) -> tuple[str, bytes, str]:
        """The name, the bytes and the media type of what is imported, if it is still what was planned."""
        file = run.change.desired.file
        if file is None:
            raise ValueError("only an imported invoice has a file")
        return file.path.rpartition("/")[2], self.context.read_attachment(file), file.media_type

    def _finalize(self, run: InvoiceRun) -> None:
        """Only ever reached through a reading that was found equal, to the cent."""
        if run.remote is None:
            raise ValueError("an invoice is only finalized as it was last read")
        account, id_ = self.context.account, run.known_id
        reference = run.remote.external_reference
        try:
            if run.remote.draft:
                self.context.sender.send(
                    run.subject, Step.FINALIZE, lambda: account.finalize(id_, reference), id_, card=run.card
                )
                return
        except RefusedError:
            # Another machine may have been faster: then the account shows it as final.
            row = account.invoices_by_id([id_]).get(id_)
            if row is None or row.draft:
                raise
            if run.repeats:
                # The request before this one arrived late.
                return
        run.mark_shared(final=True)


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
            context.sender.company.doubt()
            record = Differs if mismatch.status is Status.DIFFERS else Unknown
        final = _final_fields(run) if record is not Unknown else {}
        context.sender.note(record(kind="invoice", reference=run.reference, id=run.id, **final))
        if mismatch is None:
            run.advance()
        elif run.uncertain and mismatch.status is Status.DIFFERS:
            run.repeat_step()
        else:
            run.end(*mismatch)
        run.uncertain = ""
    hold_credit_notes(runs, context)


def _final_fields(run: InvoiceRun) -> dict[str, str]:
    """What the journal keeps of an invoice that was read back and is final, for an audit."""
    row = run.remote
    if row is None or row.draft or not row.invoice_number:
        return {}
    return {
        "number": row.invoice_number,
        "date": row.date.isoformat() if row.date else "",
        "currency": row.currency or "",
        "amount": "" if row.currency_amount is None else canonical(row.currency_amount),
    }


def find_mismatches(runs: Sequence[InvoiceRun], context: ApplyContext) -> dict[Subject, Mismatch]:
    """Read the invoices of ``runs`` and let each decide whether it accepts what the account has.

    A reading that does not fit is repeated, since reads may lag behind writes; after a write whose answer was
    lost, for as long as that request may still be on its way.

    Returns:
        What is wrong, for each that could not be accepted.
    """
    clock, patience = context.runtime.clock, context.runtime.patience
    pauses = patience.lag
    uncertain = [run for run in runs if run.uncertain]
    latest = max((run.uncertain_since for run in uncertain), default=0.0)
    if uncertain and clock.monotonic() - latest < sum(patience.settle):
        # Finalizing twice does no harm, so the first time it is not waited for a request still on its way.
        soon = all(run.number_is_uncertain and not run.repeats for run in uncertain)
        pauses = patience.settle[:1] if soon else patience.settle
    mismatches: dict[Subject, Mismatch] = {}
    pending = list(runs)
    for seconds in (0.0, *pauses):
        if not pending:
            break
        pause(clock, seconds, context.sender.interrupted)
        try:
            rows = context.account.invoices_by_id(run.id for run in pending if run.id is not None)
        except OutcomeError as problem:
            mismatches = {run.subject: _unreadable(problem) for run in pending}
            continue
        checked = {run.subject: _check(run, rows.get(run.id or 0), context.account) for run in pending}
        mismatches = {subject: mismatch for subject, mismatch in checked.items() if mismatch}
        pending = [run for run in pending if run.subject in mismatches]
    return mismatches


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


def hold_credit_notes(runs: Sequence[InvoiceRun], context: ApplyContext) -> None:
    """End those of ``runs`` that are about to become final and take back more than remains: one request.

    Between the plan and this moment somebody may have credited the invoice by hand, or been paid. The credit
    note could not be linked then, and its number would be spent.

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
