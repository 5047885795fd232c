"""Carrying a plan out: every step journalled, nothing final before it was read back and found equal.

Customers and products come first. Invoices go in waves: each takes its writes one after the other, then
one request reads the whole wave back, and only those that equal their definition to the cent go on. What
became doubtful is cleared up at the end, all of it together. What fails for one invoice does not stop the
others; what would fail for all of them does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import (
    OutcomeError,
    ReferenceTakenError,
    RefusedError,
    UnknownOutcomeError,
)
from pennyform.engine.applying import prune
from pennyform.engine.applying.invoice_run import InvoiceRun
from pennyform.engine.applying.journalled_request import JournalledSender, Progress
from pennyform.engine.applying.prerequisites import PrerequisiteCreator
from pennyform.engine.applying.read_back import Trouble, read_back
from pennyform.engine.applying.report import ApplyReport, Result
from pennyform.engine.applying.scheduler import Scheduler
from pennyform.engine.applying.task_runner import TaskRunner, read_attachment
from pennyform.engine.applying.worker_pool import run_jobs
from pennyform.engine.journal.journal import Journal, JournalError
from pennyform.engine.journal.records import Deleted, Differs, SetAside, Subject, Unknown, Verified
from pennyform.engine.planning.actions import InvoiceChange, Step
from pennyform.engine.planning.plan import Plan, stages, waves
from pennyform.engine.planning.resolve import Resolved, draft_body, keys_in, with_ids
from pennyform.engine.recovery.settle import UnknownOutcomeResolver, numbers
from pennyform.engine.runtime import Runtime
from pennyform.invoices.desired.json_bodies import e_invoice_options
from pennyform.invoices.model import DesiredInvoice
from pennyform.results.apply import Status
from pennyform.results.plan import Action

_CREATIONS = frozenset({Step.CREATE, Step.IMPORT})


def _never() -> bool:
    return False


def _silent(_done: int, _total: int) -> None:
    pass


@dataclass(eq=False, slots=True)
class Applier:
    """One apply. Everything it depends on is passed in.

    ``interrupted`` is asked before each write: once it says yes, nothing new is sent, and what was written is
    still read back.
    """

    remote: AccountClient
    journal: Journal
    runtime: Runtime
    root: Path
    interrupted: Callable[[], bool] = _never
    progress: Progress = _silent
    _sender: JournalledSender = field(init=False)
    _settler: UnknownOutcomeResolver = field(init=False)
    _masters: PrerequisiteCreator = field(init=False)
    _finisher: TaskRunner = field(init=False)
    # Invoices that this apply is about to make final.
    _expected: set[str] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        runtime = self.runtime
        until = runtime.clock.monotonic() + runtime.patience.run
        self._sender = JournalledSender(
            self.journal, self.interrupted, self.progress, lambda: runtime.clock.monotonic() >= until
        )
        self._settler = UnknownOutcomeResolver(self.remote, self.journal, runtime, self.interrupted)
        self._masters = PrerequisiteCreator(self.remote, self._sender, self._settler, runtime)
        self._finisher = TaskRunner(self.remote, self._sender, runtime, self.root, self._masters.identify)

    def apply(self, plan: Plan) -> ApplyReport:
        """Carry ``plan`` out.

        Returns:
            What became of every change. Nothing is raised for what the API or the journal does.
        """
        self._sender.total = _writes(plan)
        self._settler = replace(self._settler, numbers=numbers(change.desired for change in plan.invoices))
        self._expected = {change.external_reference for change in plan.invoices if change.irreversible}
        results = self._masters.take(plan.masters)
        tracks: list[InvoiceRun] = []
        for some in stages(plan.invoices):
            tracks += self._carry_out(some)
        self._finisher.wait()
        results += [track.result(self._sender.stopped) for track in tracks]
        results += [prune.delete(orphan, self.remote, self._sender) for orphan in plan.orphans]
        results += [_idle(change) for change in plan.invoices if not change.busy]
        return ApplyReport(
            plan.environment,
            plan.company,
            tuple(results),
            stopped=self._sender.stopped,
            interrupted=self.interrupted(),
            try_later=self._sender.try_later,
        )

    def _carry_out(self, changes: Sequence[InvoiceChange]) -> list[InvoiceRun]:
        """Take invoices that do not depend on each other through their steps and tasks."""
        flow = Scheduler(self, deque(waves(changes)))
        run_jobs(flow.take, self.runtime)
        while flow.doubtful:
            doubtful, flow.doubtful = flow.doubtful, []
            self._clear_up(doubtful)
            flow.go_on(doubtful)
            run_jobs(flow.take, self.runtime)
        # What was never begun is reported too.
        return [*flow.tracks, *(self.track(change) for wave in flow.pending for change in wave)]

    def _clear_up(self, doubtful: Sequence[InvoiceRun]) -> None:
        """Find out what became of writes whose answers were lost."""
        self._settle([track for track in doubtful if track.next in _CREATIONS])
        self.read_back([track for track in doubtful if track.next is Step.READ_BACK and track.uncertain])
        self._finisher.settle([track for track in doubtful if track.task])

    def must_stop(self) -> bool:
        """Whether nothing more may be sent."""
        return self._sender.must_stop()

    def track(self, change: InvoiceChange) -> InvoiceRun:
        """Set an invoice on its way, with the ids that are known by now."""
        identify = self._masters.identify
        body = with_ids(change.resolved.body, identify)
        resolved = Resolved(body, with_ids(change.resolved.lines, identify), change.resolved.totals)
        track = InvoiceRun(change, resolved, change.there.id if change.there else None, change.there)
        track.tasks, track.doubts = deque(change.tasks), change.doubts
        missing = next(keys_in(body), None)
        if missing is not None and not self._sender.must_stop():
            track.end(Status.FAILED, f"the {missing.kind} {missing.value} was not created")
        credited = change.desired.credit_note_of
        if credited is not None and credited.value in self._expected and not self._sender.must_stop():
            track.end(Status.FAILED, f"the invoice it corrects, {credited.value}, did not become final")
        return track

    def arrived(self, track: InvoiceRun) -> None:
        """What became final here can be corrected here."""
        track.attempts = 0
        if track.id is not None:
            reference = track.change.external_reference
            self._masters.ids[Subject("customer_invoice", reference)] = track.id
            self._expected.discard(reference)

    # --- writes -----------------------------------------------------------------------------------------

    def write(self, track: InvoiceRun) -> None:
        """Take the track's steps up to its next reading; with no step left, its tasks."""
        if not track.left:
            self._finisher.go_on(track)
            return
        while track.next and track.next is not Step.READ_BACK and not track.uncertain:
            if self.must_stop():
                return
            try:
                self._take(track, track.next)
            except OutcomeError as problem:
                self._failed(track, problem)
            except JournalError as problem:
                track.end(Status.FAILED, _reason(problem, track))
            else:
                track.advance()

    def _failed(self, track: InvoiceRun, problem: OutcomeError) -> None:
        taken = isinstance(problem, ReferenceTakenError)
        if taken or isinstance(problem, UnknownOutcomeError) or track.repeats:
            # Of a write that was repeated, a refusal may mean that the first one arrived after all.
            track.doubt(str(problem), taken=taken, at=self.runtime.clock.monotonic())
        else:
            track.end(Status.FAILED, _reason(problem, track))

    def _take(self, track: InvoiceRun, step: Step) -> None:
        match step:
            case Step.CREATE:
                self._create(track)
            case Step.UPLOAD:
                self._upload(track)
            case Step.IMPORT:
                self._import(track)
            case Step.UPDATE:
                self._update(track)
            case Step.FINALIZE:
                self._finalize(track)
            case Step.COMPLETE:
                self._complete(track)
            case Step.SET_ASIDE:
                self._set_aside(track)
            case Step.DELETE:
                self._delete_set_aside(track)

    def _create(self, track: InvoiceRun) -> None:
        body = {**draft_body(track.resolved.body), "draft": True}
        track.attempts += 1
        row = self._sender.send(track.subject, Step.CREATE, lambda: self.remote.create_draft(body))
        track.id = int(row["id"])

    def _upload(self, track: InvoiceRun) -> None:
        """A file that no invoice uses shows nowhere, so it is sent again when the answer is lost."""
        name, data, media_type = self._file(track.change.desired)
        for attempt in range(1, self.runtime.patience.attempts + 1):
            try:
                row = self._sender.send(
                    track.subject, Step.UPLOAD, lambda: self.remote.upload(name, data, media_type)
                )
            except UnknownOutcomeError as problem:
                if attempt == self.runtime.patience.attempts or self._sender.must_stop():
                    raise RefusedError(f"its file was not uploaded: {problem}", status=0) from problem
            else:
                track.file_id = int(row["id"])
                return

    def _import(self, track: InvoiceRun) -> None:
        if track.change.desired.e_invoice_lines:
            self._import_e_invoice(track)
            return
        body = {**track.resolved.body, "file_attachment_id": track.file_id}
        track.attempts += 1
        row = self._sender.send(track.subject, Step.IMPORT, lambda: self.remote.import_invoice(body))
        track.id = int(row["id"])

    def _import_e_invoice(self, track: InvoiceRun) -> None:
        """The file goes with the request, which has no place for a reference: that is set once it is read."""
        invoice = track.change.desired
        name, data, media_type = self._file(invoice)
        options = e_invoice_options(track.resolved.body, invoice.e_invoice_lines)
        track.attempts += 1
        row = self._sender.send(
            track.subject,
            Step.IMPORT,
            lambda: self.remote.import_e_invoice(name, data, media_type, options),
        )
        track.id = int(row["id"])

    def _file(self, invoice: DesiredInvoice) -> tuple[str, bytes, str]:
        """The name, the bytes and the type of what is imported, if it is still what was planned."""
        file = invoice.file
        if file is None:
            raise ValueError("only an imported invoice has a file")
        data = read_attachment(self.root, file, self.runtime.storage)
        return file.path.rpartition("/")[2], data, file.media_type

    def _update(self, track: InvoiceRun) -> None:
        id_, body = track.known_id, with_ids(track.change.update, self._masters.identify)
        self._sender.send(track.subject, Step.UPDATE, lambda: self.remote.update_draft(id_, body), id_)

    def _complete(self, track: InvoiceRun) -> None:
        id_, body = track.known_id, track.completion()
        if body:
            self._sender.send(
                track.subject, Step.COMPLETE, lambda: self.remote.update_finalized(id_, body), id_
            )

    def _finalize(self, track: InvoiceRun) -> None:
        """Only ever reached through a reading that was found equal, to the cent."""
        if track.there is None:
            raise ValueError("an invoice is only finalized as it was last read")
        id_ = track.known_id
        try:
            if track.there.draft:
                self._sender.send(track.subject, Step.FINALIZE, lambda: self.remote.finalize(id_), id_)
                return
        except RefusedError:
            if not self._is_final(id_):
                raise
        track.share(final=True)

    def _is_final(self, id_: int) -> bool:
        """Whether the account says so, when finalizing was refused: another machine may have been faster."""
        row = self.remote.invoices_by_id([id_]).get(id_)
        return row is not None and not row.draft

    def _set_aside(self, track: InvoiceRun) -> None:
        """Let the old draft give up its reference; from then on the track is about the new one."""
        id_ = track.known_id
        body = {"external_reference": f"{track.change.external_reference}~{id_}"}
        self._sender.send(track.subject, Step.SET_ASIDE, lambda: self.remote.update_draft(id_, body), id_)
        self._sender.note(SetAside(kind="invoice", reference=track.change.external_reference, old=id_))
        track.id = None

    def _delete_set_aside(self, track: InvoiceRun) -> None:
        old = track.replaced_id
        self._sender.send(track.subject, Step.DELETE, lambda: self.remote.delete_draft(old), track.id)
        self._sender.note(Deleted(kind="invoice", reference=track.change.external_reference, old=old))

    # --- look-ups ---------------------------------------------------------------------------------------

    def _settle(self, tracks: Sequence[InvoiceRun]) -> None:
        """Find drafts whose creation was not answered; one that is proven absent may be sent again."""
        if not tracks:
            return
        try:
            settled = self._settler.settle([track.subject for track in tracks])
        except JournalError as problem:
            self._sender.stop(str(problem))
            for track in tracks:
                track.end(Status.UNKNOWN, str(problem))
            return
        for track in tracks:
            track.settle(settled.found.get(track.subject), unknown=track.subject in settled.unknown)
            if track.attempts >= self.runtime.patience.attempts and track.next in _CREATIONS:
                track.end(Status.FAILED, f"it was not created in {track.attempts} attempts")

    def read_back(self, tracks: Sequence[InvoiceRun]) -> None:
        """Read invoices back; those that are what they should be go on, others end or step back."""
        troubles = read_back(tracks, self.remote, self.runtime, self.interrupted)
        for track in tracks:
            trouble = troubles.get(track.subject)
            if trouble and track.uncertain and not self._may_repeat(track):
                trouble = Trouble(Status.UNKNOWN, track.uncertain)
            self._sender.note(
                _record_of(trouble)(kind="invoice", reference=track.change.external_reference, id=track.id)
            )
            if trouble is None:
                track.advance()
            elif track.uncertain and trouble.status is Status.DIFFERS:
                track.step_back()
            else:
                track.end(*trouble)
            track.uncertain = ""

    def _may_repeat(self, track: InvoiceRun) -> bool:
        # An interruption also cuts short the wait for what may still be on its way.
        return track.may_repeat(self.runtime.patience.attempts) and not self.must_stop()


def _record_of(trouble: Trouble | None) -> type[Verified | Differs | Unknown]:
    if trouble is None:
        return Verified
    return Differs if trouble.status is Status.DIFFERS else Unknown


def _reason(problem: OutcomeError | JournalError, track: InvoiceRun) -> str:
    if isinstance(problem, RefusedError) and problem.status == 404 and track.id is not None:
        return f"invoice {track.id} is gone, deleted or replaced meanwhile; the next apply looks again"
    return str(problem)


def _idle(change: InvoiceChange) -> Result:
    statuses = {Action.CONFLICT: Status.CONFLICT, Action.UNSETTLED: Status.UNKNOWN}
    otherwise = Status.UNKNOWN if change.doubts else Status.UNCHANGED
    comparison, there = change.comparison, change.there
    return Result(
        change,
        statuses.get(change.action, otherwise),
        id=there.id if there else None,
        invoice_number=there.invoice_number if there else "",
        draft=there.draft if there else None,
        detail="; ".join((*change.ways_out, *change.doubts)),
        differences=comparison.all if comparison else (),
    )


def _writes(plan: Plan) -> int:
    steps = [step for change in plan.invoices for step in change.steps if step is not Step.READ_BACK]
    tasks = sum(len(change.tasks) for change in plan.invoices)
    return (
        len(steps)
        + len(plan.orphans)
        + tasks
        + sum(change.action is Action.CREATE for change in plan.masters)
    )
