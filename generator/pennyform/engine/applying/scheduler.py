"""Taking invoices through their steps: which request comes next.

Finalizing goes first, one invoice after the other. What fills the time between are readings, tasks, and the
drafts of the invoices behind, some way ahead of what is finalized. A wave is read back in one request once
all of its invoices are written; one whose outcome is uncertain leaves its wave, so that none waits for it.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pennyform.engine.applying.context import ApplyContext
from pennyform.engine.applying.finalization import FinalizationQueue
from pennyform.engine.applying.invoice_run import CREATIONS, InvoiceRun
from pennyform.engine.applying.invoice_steps import InvoiceWriter, read_back
from pennyform.engine.applying.task_runner import TaskRunner
from pennyform.engine.journal.journal import JournalError
from pennyform.engine.journal.records import Subject
from pennyform.engine.limits import DRAFTS_AHEAD, SMALL_WAVE
from pennyform.engine.planning.actions import InvoiceChange, Step
from pennyform.engine.planning.dependencies import keys_in, prerequisites_of
from pennyform.engine.planning.plan import final_waves
from pennyform.engine.runtime import Job, run_jobs
from pennyform.results.apply import Status


@dataclass(eq=False, slots=True)
class _Wave:
    """``expected`` have something to be written before they are read, ``unread`` wait for the reading."""

    expected: set[InvoiceRun] = field(default_factory=set)
    unread: list[InvoiceRun] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Scheduler:
    """Takes the invoices of a plan through their steps and tasks.

    ``changes`` are in the order in which they become final, each after those that it depends on.
    ``number_order`` is the policy of that name.
    """

    changes: Sequence[InvoiceChange]
    context: ApplyContext
    tasks: TaskRunner
    number_order: str = "by-date"
    _writer: InvoiceWriter = field(init=False)
    _queue: FinalizationQueue = field(init=False)
    _runs: list[InvoiceRun] = field(default_factory=list)
    _by_reference: dict[str, InvoiceRun] = field(default_factory=dict)
    # The references of the invoices that this apply is about to make final.
    _not_final_yet: set[str] = field(default_factory=set)
    _draft_waves: dict[InvoiceRun, _Wave] = field(default_factory=dict)
    _final_waves: dict[InvoiceRun, _Wave] = field(default_factory=dict)
    # Not begun: free to be, and held back by what they depend on.
    _new: deque[InvoiceRun] = field(default_factory=deque)
    _held_back: list[InvoiceRun] = field(default_factory=list)
    # Begun: to be written on, to be read, to be given what comes after the content.
    _begun: deque[InvoiceRun] = field(default_factory=deque)
    _complete_waves: deque[_Wave] = field(default_factory=deque)
    _with_tasks: deque[InvoiceRun] = field(default_factory=deque)
    _uncertain: list[InvoiceRun] = field(default_factory=list)
    # With strict numbers, once one failed: what is dated later does not become final.
    _last_date: dt.date | None = None
    _why_held_back: str = ""
    _resolving: bool = False
    _writing: int = 0
    # To be finalized: begun, and how many are not.
    _ahead: set[InvoiceRun] = field(default_factory=set)
    _drafts_left: int = 0

    def __post_init__(self) -> None:
        self._writer = InvoiceWriter(self.context)
        for final_wave in final_waves(self.changes):
            after = _Wave()
            for changes in final_wave.drafts:
                runs = [self._start(change) for change in changes]
                before = _Wave(expected=set(runs))
                after.expected.update(run for run in runs if run.change.is_finalized)
                self._draft_waves.update(dict.fromkeys(runs, before))
                self._final_waves.update(dict.fromkeys(runs, after))
                self._runs += runs
        self._queue = FinalizationQueue.of(self._runs, any_order=self.number_order == "any")
        self._new.extend(self._runs)
        self._by_reference = {run.reference: run for run in self._runs}
        self._not_final_yet = {run.reference for run in self._runs if run.change.irreversible}
        self._drafts_left = sum(run.change.is_finalized for run in self._runs)

    def run(self) -> list[InvoiceRun]:
        """Carry the changes out; each run says how far it came, those that were never begun included."""
        run_jobs(self._next_job, self.context.runtime)
        while self._uncertain:
            runs, self._uncertain = self._uncertain, []
            self._resolve([run for run in runs if not run.next_task])
            self.tasks.resolve_uncertain([run for run in runs if run.next_task])
            self._resume(runs)
            run_jobs(self._next_job, self.context.runtime)
        return self._runs

    @staticmethod
    def _start(change: InvoiceChange) -> InvoiceRun:
        remote = change.remote
        return InvoiceRun(
            change, change.resolved, remote.id if remote else None, remote, deque(change.tasks), change.doubts
        )

    # --- which job comes next: always called by one thread, so that nothing here needs a lock ---------------

    def _next_job(self) -> Job | None:
        """The next request; None while everything waits for what is under way.

        Once nothing more may be written, what was written is still read back.
        """
        if self.context.sender.must_stop():
            return self._next_reading(stopped=True)
        if run := self._queue.take():
            return self._finalize_job(run)
        if self._queue.first in self._uncertain and not self._resolving:
            return self._resolve_job()
        if job := self._next_reading(stopped=False):
            return job
        if self._with_tasks:
            return self._task_job(self._with_tasks.popleft())
        return self._next_write()

    def _next_reading(self, *, stopped: bool) -> Job | None:
        if not self._complete_waves and stopped and not self._writing:
            waves = dict.fromkeys((*self._draft_waves.values(), *self._final_waves.values()))
            self._complete_waves.extend(wave for wave in waves if wave.unread)
        if not self._complete_waves:
            return None
        wave = self._complete_waves.popleft()
        runs, wave.unread = wave.unread, []

        def then() -> None:
            for run in runs:
                self._go_on(run)

        return Job(lambda: read_back(runs, self.context), then)

    def _next_write(self) -> Job | None:
        if self._begun:
            return self._steps_job(self._begun.popleft())
        while self._new and self._may_begin():
            run = self._new.popleft()
            if not self._begin(run):
                continue
            if run.remaining_steps and run.next_step is not Step.READ_BACK:
                return self._steps_job(run)
            self._go_on(run)
            if self._complete_waves or self._with_tasks:
                return self._next_job()
        return None

    def _may_begin(self) -> bool:
        """Whether one more draft may be written: not too far ahead of the queue, unless that waits."""
        ahead = max(min(DRAFTS_AHEAD, self._drafts_left), SMALL_WAVE)
        return len(self._ahead) < ahead or self._queue.idle

    def _begin(self, run: InvoiceRun) -> bool:
        """Begin with ``run`` and the ids that are known by now, if what it depends on is final."""
        if self._is_held_back(run):
            self._hold_back(run)
            return False
        needed = [name for name in run.change.depends_on if name in self._not_final_yet]
        failed = [name for name in needed if self._by_reference[name].status is not None]
        if needed and not failed:
            self._held_back.append(run)
            return False
        if run.change.is_finalized:
            self._ahead.add(run)
            self._drafts_left -= 1
        resolved = run.change.resolved.with_ids(self.context.identify)
        run.resolved = resolved.with_numbers(self.context.numbers.get)
        missing = next(keys_in(run.resolved.body), None)
        if missing is not None:
            run.end(Status.FAILED, f"the {missing.kind} {missing.value} was not created")
        if run.resolved.missing_numbers:
            run.end(Status.FAILED, f"the number of {run.resolved.missing_numbers[0]} is not known")
        for name in prerequisites_of(run.change.desired.body):
            if run.status is None and name in self.context.not_ready:
                run.end(Status.FAILED, self.context.not_ready[name])
        if failed:
            run.end(Status.FAILED, f"{failed[0]}, which must be final before it, did not become final")
        if run.status is not None:
            self._go_on(run)
        return run.status is None

    # --- jobs -----------------------------------------------------------------------------------------------

    def _finalize_job(self, run: InvoiceRun) -> Job:
        job = self._steps_job(run)

        def then() -> None:
            self._queue.done(run)
            job.then()

        return Job(job.work, then)

    def _steps_job(self, run: InvoiceRun) -> Job:
        """One invoice's writes up to its next reading, or up to finalizing it, which is a job of its own."""
        self._writing += 1

        def then() -> None:
            self._writing -= 1
            if run.status is None and run.uncertain:
                self._set_aside(run)
            else:
                self._go_on(run)

        return Job(lambda: self._writer.take_steps(run), then)

    def _task_job(self, run: InvoiceRun) -> Job:
        self._writing += 1

        def then() -> None:
            self._writing -= 1
            if run.status is None and run.uncertain:
                self._uncertain.append(run)

        return Job(lambda: self.tasks.run_tasks(run), then)

    def _resolve_job(self) -> Job:
        """Find out what became of the invoice that everything waits for, and of the others with it."""
        runs = [run for run in self._uncertain if not run.next_task]
        self._uncertain = [run for run in self._uncertain if run.next_task]
        self._resolving = True

        def then() -> None:
            self._resolving = False
            self._resume(runs)

        return Job(lambda: self._resolve(runs), then)

    # --- where an invoice goes from where it is -------------------------------------------------------------

    def _resume(self, runs: Iterable[InvoiceRun]) -> None:
        """Let ``runs``, of which it is known now how far they came, go on as a wave of their own."""
        wave = _Wave()
        for run in runs:
            self._draft_waves[run] = wave
            if run.status is None and run.next_step not in {None, Step.FINALIZE} and not run.past_number:
                wave.expected.add(run)
        for run in runs:
            self._go_on(run)

    def _set_aside(self, run: InvoiceRun) -> None:
        """Let nobody wait for ``run``, which is uncertain, but those that can only become final after it."""
        self._uncertain.append(run)
        if run.past_number:
            if not run.number_is_uncertain:
                self._leave(run, self._final_waves[run])
        else:
            self._leave(run, self._draft_waves[run])

    def _go_on(self, run: InvoiceRun) -> None:
        """Let ``run`` wait for what comes next for it."""
        if run.number_is_settled:
            self._ahead.discard(run)
        if run.status is not None:
            self._leave(run, self._draft_waves[run])
            self._leave(run, self._final_waves[run])
            self._hold_back_later(run)
            self._let_go()
            return
        wave = (self._final_waves if run.past_number else self._draft_waves)[run]
        if run.next_step is Step.READ_BACK:
            wave.unread.append(run)
            self._leave(run, wave)
        elif run.next_step in {None, Step.FINALIZE}:
            self._leave(run, wave)
            if run.next_step is None:
                self._finish_content(run)
            elif self._is_held_back(run):
                self._hold_back(run)
            else:
                self._queue.add_ready(run)
        else:
            wave.expected.add(run)
            self._begun.append(run)

    def _hold_back_later(self, failed: InvoiceRun) -> None:
        """Let nothing of a later date become final, where policies want that, once ``failed`` did not."""
        if self.number_order != "strict" or failed.has_number or self._is_held_back(failed):
            return
        self._last_date = failed.change.desired.body.date
        self._why_held_back = (
            f"{failed.reference} of {self._last_date} did not become final, and number_order is strict"
        )
        for run in self._queue.ready:
            if self._is_held_back(run):
                self._queue.remove(run)
                self._hold_back(run)

    def _is_held_back(self, run: InvoiceRun) -> bool:
        late = self._last_date is not None and run.change.desired.body.date > self._last_date
        return late and run.change.is_finalized

    def _hold_back(self, run: InvoiceRun) -> None:
        run.end(Status.PARTIAL if run.position else Status.NOT_STARTED, self._why_held_back)
        self._go_on(run)

    def _leave(self, run: InvoiceRun, wave: _Wave) -> None:
        wave.expected.discard(run)
        if wave.unread and not wave.expected and wave not in self._complete_waves:
            self._complete_waves.append(wave)

    def _finish_content(self, run: InvoiceRun) -> None:
        """Note that the content of ``run`` is as it should be, and let go what waited for that."""
        run.attempts = 0
        if run.id is not None:
            self.context.ids[Subject("customer_invoice", run.reference)] = run.id
        if run.remote is not None and run.remote.invoice_number and not run.remote.draft:
            self.context.numbers[run.reference] = run.remote.invoice_number
        self._not_final_yet.discard(run.reference)
        if run.next_task:
            self._with_tasks.append(run)
        self._let_go()

    def _let_go(self) -> None:
        """Look again at what waited for others to become final."""
        self._new.extendleft(reversed(self._held_back))
        self._held_back = []

    # --- look-ups -------------------------------------------------------------------------------------------

    def _resolve(self, runs: Sequence[InvoiceRun]) -> None:
        self._resolve_creations([run for run in runs if run.next_step in CREATIONS])
        read_back([run for run in runs if run.next_step is Step.READ_BACK and run.uncertain], self.context)

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
