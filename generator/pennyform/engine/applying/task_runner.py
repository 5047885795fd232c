"""Carrying out what comes after the content: one request per task, each journalled by itself.

A task that is not idempotent is looked for in the account before it is sent again; a mail, which nobody can
look for, is never sent again. What needs a PDF that is still being made waits, all invoices together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pennyform.engine.account.errors import OutcomeError, RefusedError, UnknownOutcomeError
from pennyform.engine.applying.context import ApplyContext
from pennyform.engine.applying.invoice_run import InvoiceRun
from pennyform.engine.issued import Issued, check_document
from pennyform.engine.journal.journal import JournalError
from pennyform.engine.journal.records import Absent, Found, Subject
from pennyform.engine.planning.actions import Step, Task
from pennyform.engine.planning.post_finalize_tasks import APPENDICES, NEEDS_PDF, is_done, needed
from pennyform.engine.runtime import pause, run_for_each
from pennyform.invoices.model import Key
from pennyform.invoices.money.scalars import canonical
from pennyform.results.apply import Status

# What mail and submission are refused with while the PDF is still being made.
_CONFLICT = 409
_DOCUMENT_DIFFERS = (
    "it is final, and its document is not what was asked for: look at it with 'pennyform verify --document', "
    "and correct it with a credit note if it is wrong"
)
_KEPT_BACK = "it was neither mailed nor given to the platform, and the next apply looks again"


@dataclass(frozen=True, slots=True)
class TaskRunner:
    """Does the tasks of invoices whose content is verified."""

    context: ApplyContext
    _waiting_for_pdf: list[InvoiceRun] = field(default_factory=list)

    def run_tasks(self, run: InvoiceRun) -> None:
        """Do the tasks of one invoice in order, up to one that must wait or whose outcome is unknown."""
        while (task := run.next_task) and not run.uncertain:
            if self.context.sender.must_stop() or not self._may_leave(run, task):
                return
            try:
                if not self._was_done_meanwhile(run, task):
                    request = self._request(run.known_id, task)
                    subject = Subject(task.key, run.reference)
                    self.context.sender.send(subject, task.step, request, run.known_id)
            except UnknownOutcomeError as problem:
                run.uncertain = str(problem)
            except RefusedError as problem:
                if problem.status == _CONFLICT and task.step in NEEDS_PDF:
                    self._waiting_for_pdf.append(run)
                    return
                # A refusal may mean that it was done before; the account says whether.
                if self._is_done(run, task):
                    run.tasks.popleft()
                else:
                    run.end(Status.FAILED, str(problem))
            except (OutcomeError, JournalError) as problem:
                run.end(Status.FAILED, str(problem))
            else:
                run.tasks.popleft()

    def wait_for_pdfs(self) -> None:
        """Come back to what waits for a PDF, with longer and longer backoff, until patience ends."""
        sender, waiting = self.context.sender, self._waiting_for_pdf
        for seconds in self.context.runtime.patience.pdf:
            if not waiting or sender.must_stop():
                break
            runs: Sequence[InvoiceRun] = tuple(waiting)
            waiting.clear()
            pause(self.context.runtime.clock, seconds, sender.interrupted)
            while runs:
                run_for_each(self.run_tasks, runs, self.context.runtime)
                uncertain = [run for run in runs if run.uncertain]
                self.resolve_uncertain(uncertain)
                runs = [run for run in uncertain if run.next_task]
        for run in waiting:
            run.end(Status.WAITING, "Pennylane is still making its PDF")

    def _may_leave(self, run: InvoiceRun, task: Task) -> bool:
        """Whether ``task`` may be done: what goes out is what was asked for, or nobody asked to look."""
        context = self.context
        if task.step not in NEEDS_PDF or context.check_document is None or run.document_checked:
            return True
        if run.remote is None:
            raise ValueError(f"{run.reference} was never read")
        issued = Issued(run.change.desired, run.resolved, run.remote)
        try:
            file = context.account.files([run.known_id]).get(run.known_id)
            document = check_document(issued, file, context.account, context.check_document)
        except OutcomeError as problem:
            run.end(Status.FAILED, f"its document cannot be read ({problem}); {_KEPT_BACK}")
            return False
        if not document.is_ready:
            self._waiting_for_pdf.append(run)
            return False
        if document.differences:
            run.differences = document.differences
            run.end(Status.DIFFERS, f"{_DOCUMENT_DIFFERS}; {_KEPT_BACK}")
            return False
        if document.verdict.source == "nothing":
            run.end(Status.FAILED, f"nothing of its document can be compared; {_KEPT_BACK}")
            return False
        run.document_checked = True
        return True

    def _request(self, id_: int, task: Task) -> Callable[[], object]:
        account, task = self.context.account, task.with_ids(self.context.identify)
        if task.file:
            file, data = task.file, self.context.read_attachment(task.file)
            return lambda: account.add_appendix(id_, task.name, data, file.media_type)
        other = task.other_id
        if isinstance(other, Key):
            raise RefusedError(f"{task.name} is not in the account", status=404)
        shares: list[dict[str, Any]] = [
            {"id": share.category_id, "weight": canonical(share.weight)} for share in task.shares
        ]
        mail = {"recipients": list(task.recipients)} if task.recipients else None
        requests: dict[Step, Callable[[], object]] = {
            Step.LINK: lambda: account.link_credit_note(other or 0, id_),
            Step.CATEGORIZE: lambda: account.set_categories(id_, shares),
            Step.MATCH: lambda: account.match_transaction(id_, other or 0),
            Step.PAY: lambda: account.mark_as_paid(id_),
            Step.SUBMIT: lambda: account.send_to_pa(id_),
            Step.MAIL: lambda: account.send_by_email(id_, mail),
        }
        return requests[task.step]

    # --- look-ups ---------------------------------------------------------------------------------------

    def resolve_uncertain(self, runs: Sequence[InvoiceRun]) -> None:
        """Let every request that may be on its way arrive, then look; what was not done may be sent again."""
        if not runs:
            return
        sender, patience = self.context.sender, self.context.runtime.patience
        pause(self.context.runtime.clock, sum(patience.settle), sender.interrupted)
        for run in runs:
            why, task = run.uncertain, run.next_task
            run.uncertain = ""
            done = self._is_done(run, task) if task else None
            run.attempts += 1
            if task is None or done is None or sender.interrupted():
                run.end(Status.UNKNOWN, why)
                continue
            record = Found if done else Absent
            sender.note(record(kind=task.key, reference=run.reference, id=run.id))
            if done:
                run.tasks.popleft()
            elif run.attempts >= patience.attempts:
                run.end(Status.FAILED, why)

    def _was_done_meanwhile(self, run: InvoiceRun, task: Task) -> bool:
        """Whether another machine was faster; always asked of a file, which nobody can take away again."""
        if task.step is Step.ATTACH and run.remote is not None:
            return bool(is_done(task, self.context.account.with_lists(run.remote, (APPENDICES,))))
        return run.shared and bool(self._is_done(run, task))

    def _is_done(self, run: InvoiceRun, task: Task) -> bool | None:
        """Whether the account shows ``task`` as done; None when it shows nothing, or cannot be read."""
        account, id_ = self.context.account, run.known_id
        try:
            remote = account.invoices_by_id([id_]).get(id_)
            if remote is None:
                return None
            remote = account.with_lists(remote, needed(run.change.desired, draft=remote.draft))
        except OutcomeError:
            return None
        return is_done(task.with_ids(self.context.identify), remote)
