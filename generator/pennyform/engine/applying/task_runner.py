"""Carrying out what comes after the content: one request per task, each journalled by itself.

A task that cannot be repeated is looked for in the account before it is sent again; a mail, which nobody can
look for, is never sent again. What needs a PDF that is still being made waits, all invoices together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import OutcomeError, RefusedError, UnknownOutcomeError
from pennyform.engine.applying.invoice_run import InvoiceRun
from pennyform.engine.applying.journalled_request import JournalledSender
from pennyform.engine.applying.worker_pool import run_for_each
from pennyform.engine.journal.journal import JournalError
from pennyform.engine.journal.records import Absent, Found, Subject
from pennyform.engine.planning.actions import Step, Task
from pennyform.engine.planning.post_finalize_tasks import APPENDICES, NEEDS_PDF, Identify, is_done, needed
from pennyform.engine.planning.resolve import with_ids
from pennyform.engine.runtime import Runtime
from pennyform.engine.runtime.clock import pause
from pennyform.engine.runtime.files import Storage
from pennyform.invoices.model import Attachment, Key
from pennyform.results.apply import Status

_CONFLICT = 409


@dataclass(eq=False, slots=True)
class TaskRunner:
    """Takes the tasks of invoices whose content is verified. ``root`` is where attached files lie."""

    remote: AccountClient
    sender: JournalledSender
    runtime: Runtime
    root: Path
    identify: Identify
    _waiting: list[InvoiceRun] = field(default_factory=list)

    def take(self, tracks: Sequence[InvoiceRun]) -> None:
        """Take the tasks of each track in order; what must wait for a PDF is kept for :meth:`wait`."""
        while tracks:
            run_for_each(self.go_on, tracks, self.runtime)
            doubtful = [track for track in tracks if track.uncertain]
            self.settle(doubtful)
            tracks = [track for track in doubtful if track.task]

    def wait(self) -> None:
        """Come back to what was waiting for a PDF, at longer and longer intervals, until patience ends."""
        for seconds in self.runtime.patience.pdf:
            tracks, self._waiting = self._waiting, []
            if not tracks or self.sender.must_stop():
                self._waiting = tracks
                break
            pause(self.runtime.clock, seconds, self.sender.interrupted)
            self.take(tracks)
        for track in self._waiting:
            track.end(Status.WAITING, "Pennylane is still making its PDF")

    def go_on(self, track: InvoiceRun) -> None:
        """Take the tasks of one track, up to one that must wait or whose answer is lost."""
        while track.task and not track.uncertain:
            if self.sender.must_stop():
                return
            try:
                if not self._done_meanwhile(track, track.task):
                    self._send(track, track.task)
            except UnknownOutcomeError as problem:
                track.uncertain = str(problem)
            except RefusedError as problem:
                if problem.status == _CONFLICT and track.task.step in NEEDS_PDF:
                    self._waiting.append(track)
                    return
                self._refused(track, track.task, problem)
            except (OutcomeError, JournalError) as problem:
                track.end(Status.FAILED, str(problem))
            else:
                track.tasks.popleft()

    def _send(self, track: InvoiceRun, task: Task) -> None:
        id_ = track.known_id
        request = self._request(id_, task)
        self.sender.send(Subject(task.key, track.change.external_reference), task.step, request, id_)

    def _request(self, id_: int, task: Task) -> Callable[[], object]:
        remote, file = self.remote, task.content
        if isinstance(file, Attachment):
            data = read_attachment(self.root, file, self.runtime.storage)
            return lambda: remote.add_appendix(id_, task.name, data, file.media_type)
        content = with_ids(task.content, self.identify)
        if isinstance(content, Key):
            raise RefusedError(f"{task.name} is not in the account", status=404)
        requests: dict[Step, Callable[[], object]] = {
            Step.LINK: lambda: remote.link_credit_note(content, id_),
            Step.CATEGORIZE: lambda: remote.set_categories(id_, content),
            Step.MATCH: lambda: remote.match_transaction(id_, content),
            Step.PAY: lambda: remote.mark_as_paid(id_),
            Step.SUBMIT: lambda: remote.send_to_pa(id_),
            Step.MAIL: lambda: remote.send_by_email(id_, content),
        }
        return requests[task.step]

    # --- doubts -----------------------------------------------------------------------------------------

    def _refused(self, track: InvoiceRun, task: Task, problem: RefusedError) -> None:
        """A refusal may mean that it was done before; the account says whether."""
        if self._is_done(track, task):
            track.tasks.popleft()
        else:
            track.end(Status.FAILED, str(problem))

    def settle(self, tracks: Sequence[InvoiceRun]) -> None:
        """Let every request that may be on its way arrive, then look; what was not done may be sent again."""
        if not tracks:
            return
        pause(self.runtime.clock, sum(self.runtime.patience.settle), self.sender.interrupted)
        for track in tracks:
            self._look(track)

    def _look(self, track: InvoiceRun) -> None:
        why, task = track.uncertain, track.task
        track.uncertain = ""
        done = self._is_done(track, task) if task else None
        track.attempts += 1
        if task is None or done is None or self.sender.interrupted():
            track.end(Status.UNKNOWN, why)
            return
        self.sender.note(
            (Found if done else Absent)(kind=task.key, reference=track.change.external_reference, id=track.id)
        )
        if done:
            track.tasks.popleft()
        elif track.attempts >= self.runtime.patience.attempts:
            track.end(Status.FAILED, why)

    def _done_meanwhile(self, track: InvoiceRun, task: Task) -> bool:
        """Whether another machine was faster; always asked of a file, which nobody can take away again."""
        if task.step is Step.ATTACH and track.there is not None:
            return bool(is_done(task, self.remote.with_extras(track.there, (APPENDICES,))))
        return track.shared and bool(self._is_done(track, task))

    def _is_done(self, track: InvoiceRun, task: Task) -> bool | None:
        id_ = track.known_id
        try:
            there = self.remote.invoices_by_id([id_]).get(id_)
            if there is None:
                return None
            there = self.remote.with_extras(there, needed(track.change.desired, draft=there.draft))
        except OutcomeError:
            return None
        return is_done(Task(task.step, task.name, with_ids(task.content, self.identify)), there)


def read_attachment(root: Path, file: Attachment, storage: Storage) -> bytes:
    """The bytes of ``file``, if they are still those that were planned.

    Raises:
        RefusedError: the file is gone or was changed.
    """
    try:
        data = storage.read(root / file.path)
    except OSError as problem:
        raise RefusedError(f"{file.path} cannot be read: {problem}", status=0) from problem
    if data is None or hashlib.sha256(data).hexdigest() != file.sha256:
        raise RefusedError(f"{file.path} was changed since it was planned", status=0)
    return data
