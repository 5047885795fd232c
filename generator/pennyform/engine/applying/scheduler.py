"""Taking invoices through their steps: which request comes next, the next wave begun while one is read back.

A wave is read back in one request, so its invoices wait for each other before each reading; what fills that
wait are the writes of the wave behind it. What became uncertain leaves its wave, so that none waits for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pennyform.engine.applying.context import ApplyContext
from pennyform.engine.applying.invoice_run import CREATIONS, InvoiceRun
from pennyform.engine.applying.invoice_steps import InvoiceWriter, read_back
from pennyform.engine.applying.task_runner import TaskRunner
from pennyform.engine.applying.worker_pool import Job, run_jobs
from pennyform.engine.journal.journal import JournalError
from pennyform.engine.journal.records import Subject
from pennyform.engine.limits import WAVES
from pennyform.engine.planning.actions import InvoiceChange, Step
from pennyform.engine.planning.plan import waves
from pennyform.engine.planning.resolve import keys_in
from pennyform.results.apply import Status


@dataclass(eq=False, slots=True)
class _Wave:
    """``ready`` can be written, ``unread`` wait for the reading; ``under_way`` counts jobs."""

    ready: deque[InvoiceRun] = field(default_factory=deque)
    unread: list[InvoiceRun] = field(default_factory=list)
    under_way: int = 0


@dataclass(eq=False, slots=True)
class Scheduler:
    """Takes invoices that do not depend on each other through their steps and tasks, the first wave first.

    ``not_final_yet`` are the references of invoices that this apply is about to make final, those of other
    stages of the plan included.
    """

    changes: Sequence[InvoiceChange]
    context: ApplyContext
    tasks: TaskRunner
    not_final_yet: set[str]
    _writer: InvoiceWriter = field(init=False)
    _pending: deque[Sequence[InvoiceChange]] = field(init=False)
    _runs: list[InvoiceRun] = field(default_factory=list)
    _uncertain: list[InvoiceRun] = field(default_factory=list)
    _open: list[_Wave] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._writer, self._pending = InvoiceWriter(self.context), deque(waves(self.changes))

    def run(self) -> list[InvoiceRun]:
        """Carry the changes out; each run says how far it came, those that were never begun included."""
        run_jobs(self._next_job, self.context.runtime)
        while self._uncertain:
            runs, self._uncertain = self._uncertain, []
            self._resolve_creations([run for run in runs if run.next_step in CREATIONS])
            read_back(
                [run for run in runs if run.next_step is Step.READ_BACK and run.uncertain], self.context
            )
            self.tasks.resolve_uncertain([run for run in runs if run.next_task])
            self._add_wave(runs)
            run_jobs(self._next_job, self.context.runtime)
        return [*self._runs, *(self._start(change) for wave in self._pending for change in wave)]

    def _next_job(self) -> Job | None:
        """The next request; None while everything waits for what is under way.

        Once nothing more may be written, what was written is still read back.
        """
        stopped = self.context.sender.must_stop()
        self._open = [
            wave for wave in self._open if wave.unread or wave.under_way or (wave.ready and not stopped)
        ]
        # The first wave goes first: the sooner it is read back, the sooner its invoices are final.
        for wave in self._open:
            if wave.ready and not stopped:
                return self._write_job(wave)
            if wave.unread and not wave.under_way:
                return self._read_job(wave)
        if stopped or not self._pending or len(self._open) >= WAVES:
            return None
        runs = [self._start(change) for change in self._pending.popleft()]
        self._runs += runs
        self._add_wave(runs)
        return self._next_job()

    def _start(self, change: InvoiceChange) -> InvoiceRun:
        """Begin to carry a change out, with the ids that are known by now."""
        remote = change.remote
        resolved = change.resolved.with_ids(self.context.identify)
        run = InvoiceRun(
            change, resolved, remote.id if remote else None, remote, deque(change.tasks), change.doubts
        )
        credited = change.desired.credit_note_of
        missing = next(keys_in(resolved.body), None)
        if self.context.sender.must_stop():
            return run
        if missing is not None:
            run.end(Status.FAILED, f"the {missing.kind} {missing.value} was not created")
        if credited is not None and credited.value in self.not_final_yet:
            run.end(Status.FAILED, f"the invoice it corrects, {credited.value}, did not become final")
        return run

    def _write_job(self, wave: _Wave) -> Job:
        """One invoice's writes up to its next reading; with no step left, its tasks."""
        run = wave.ready.popleft()
        wave.under_way += 1

        # Called in the thread that hands out jobs, so that waves need no lock.
        def then() -> None:
            wave.under_way -= 1
            if run.uncertain and run.status is None:
                self._uncertain.append(run)
            elif run.next_step is Step.READ_BACK:
                wave.unread.append(run)

        write = self._writer.take_steps if run.remaining_steps else self.tasks.run_tasks
        return Job(lambda: write(run), then)

    def _read_job(self, wave: _Wave) -> Job:
        runs, wave.unread = wave.unread, []
        wave.under_way += 1

        def then() -> None:
            wave.under_way -= 1
            for run in runs:
                self._enqueue(run, wave)

        return Job(lambda: read_back(runs, self.context), then)

    def _add_wave(self, runs: Iterable[InvoiceRun]) -> None:
        """Let ``runs`` go on from where they are, as a wave of their own."""
        wave = _Wave()
        self._open.append(wave)
        for run in runs:
            self._enqueue(run, wave)

    def _enqueue(self, run: InvoiceRun, wave: _Wave) -> None:
        if run.status is None and not run.remaining_steps:
            # From now on, credit notes of this apply can correct the invoice.
            run.attempts = 0
            if run.id is not None:
                self.context.ids[Subject("customer_invoice", run.reference)] = run.id
                self.not_final_yet.discard(run.reference)
        if run.next_step is Step.READ_BACK:
            wave.unread.append(run)
        elif run.next_step or run.next_task:
            wave.ready.append(run)

    def _resolve_creations(self, runs: Sequence[InvoiceRun]) -> None:
        """Find drafts whose creation was not answered; one that is proven absent may be sent again."""
        if not runs:
            return
        try:
            resolution = self.context.resolver.resolve([run.subject for run in runs])
        except JournalError as problem:
            self.context.sender.stop(str(problem))
            for run in runs:
                run.end(Status.UNKNOWN, str(problem))
            return
        attempts = self.context.runtime.patience.attempts
        for run in runs:
            run.resolve_creation(resolution.ids.get(run.subject), unknown=run.subject in resolution.unknown)
            if run.attempts >= attempts and run.next_step in CREATIONS:
                run.end(Status.FAILED, f"it was not created in {run.attempts} attempts")
