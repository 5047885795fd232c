"""The requests of an invoice's steps: create, upload, import, update, finalize, replace."""

from __future__ import annotations

from dataclasses import dataclass

from pennyform.engine.account.errors import (
    OutcomeError,
    ReferenceTakenError,
    RefusedError,
    UnknownOutcomeError,
)
from pennyform.engine.applying.context import ApplyContext
from pennyform.engine.applying.invoice_run import InvoiceRun
from pennyform.engine.journal.journal import JournalError
from pennyform.engine.journal.records import Deleted, SetAside
from pennyform.engine.planning.actions import Step
from pennyform.engine.planning.patch import finalized_update_body, update_body
from pennyform.invoices.desired.json_bodies import e_invoice_options, first_request
from pennyform.results.apply import Status


@dataclass(frozen=True, slots=True)
class InvoiceWriter:
    """Takes the steps of invoices, each as one journalled request."""

    context: ApplyContext

    def take_steps(self, run: InvoiceRun) -> None:
        """Take the steps of ``run`` up to its next reading, or up to one whose outcome is unknown."""
        sender = self.context.sender
        while (step := run.next_step) and step is not Step.READ_BACK and not run.uncertain:
            if sender.must_stop():
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
                self._delete_set_aside(run)

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

    def _delete_set_aside(self, run: InvoiceRun) -> None:
        if run.change.remote is None:
            raise ValueError(f"{run.reference} replaces nothing")
        account, sender, old = self.context.account, self.context.sender, run.change.remote.id
        sender.send(run.subject, Step.DELETE, lambda: account.delete_draft(old), run.id)
        sender.note(Deleted(kind="invoice", reference=run.reference, old=old))

    def _finalize(self, run: InvoiceRun) -> None:
        """Only ever reached through a reading that was found equal, to the cent."""
        if run.remote is None:
            raise ValueError("an invoice is only finalized as it was last read")
        account, id_ = self.context.account, run.known_id
        try:
            if run.remote.draft:
                self.context.sender.send(run.subject, Step.FINALIZE, lambda: account.finalize(id_), id_)
                return
        except RefusedError:
            # Another machine may have been faster: then the account shows it as final.
            row = account.invoices_by_id([id_]).get(id_)
            if row is None or row.draft:
                raise
        run.mark_shared(final=True)
