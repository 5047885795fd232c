"""Carrying a plan out: every request journalled, nothing final before it was read back and found equal.

Customers and products come first. Invoices go in waves: each takes its writes one after the other, then
one request reads the whole wave back, and only those that equal their definition to the cent go on. What
became uncertain is looked up at the end, all of it together. What fails for one invoice does not stop the
others; what would fail for all of them does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from pennyform.engine.applying.context import ApplyContext
from pennyform.engine.applying.invoice_run import CREATIONS, InvoiceRun
from pennyform.engine.applying.invoice_writer import InvoiceWriter
from pennyform.engine.applying.prerequisites import PrerequisiteCreator
from pennyform.engine.applying.prune import delete_orphan
from pennyform.engine.applying.read_back import read_back
from pennyform.engine.applying.report import ApplyReport, Result
from pennyform.engine.applying.scheduler import Scheduler
from pennyform.engine.applying.task_runner import TaskRunner
from pennyform.engine.applying.worker_pool import run_jobs
from pennyform.engine.journal.journal import JournalError
from pennyform.engine.journal.records import Subject
from pennyform.engine.planning.actions import InvoiceChange, Step
from pennyform.engine.planning.plan import Plan, stages, waves
from pennyform.engine.planning.resolve import keys_in
from pennyform.results.apply import Status
from pennyform.results.plan import Action


@dataclass(eq=False, slots=True)
class Applier:
    """One apply of one plan."""

    plan: Plan
    context: ApplyContext
    _writer: InvoiceWriter = field(init=False)
    _tasks: TaskRunner = field(init=False)
    # References of invoices that this apply is about to make final.
    _not_final_yet: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self._writer, self._tasks = InvoiceWriter(self.context), TaskRunner(self.context)
        invoices = self.plan.invoices
        self._not_final_yet = {change.external_reference for change in invoices if change.irreversible}

    def apply(self) -> ApplyReport:
        """Carry the plan out.

        Returns:
            What became of every change. Nothing is raised for what the API or the journal does.
        """
        plan, sender = self.plan, self.context.sender
        results = PrerequisiteCreator(self.context).create_missing(plan.prerequisites)
        runs = [run for changes in stages(plan.invoices) for run in self._carry_out(changes)]
        self._tasks.wait_for_pdfs()
        results += [run.result(sender.stopped) for run in runs]
        results += [delete_orphan(orphan, self.context) for orphan in plan.orphans]
        results += [_unchanged(change) for change in plan.invoices if not change.busy]
        return ApplyReport(
            plan.environment,
            plan.company,
            tuple(results),
            stopped=sender.stopped,
            interrupted=sender.interrupted(),
            try_later=sender.try_later,
        )

    def _carry_out(self, changes: Sequence[InvoiceChange]) -> list[InvoiceRun]:
        """Take invoices that do not depend on each other through their steps and tasks."""
        scheduler = Scheduler(self, deque(waves(changes)))
        run_jobs(scheduler.next_job, self.context.runtime)
        while scheduler.uncertain:
            runs, scheduler.uncertain = scheduler.uncertain, []
            self._resolve_creations([run for run in runs if run.next_step in CREATIONS])
            self.read_back([run for run in runs if run.next_step is Step.READ_BACK and run.uncertain])
            self._tasks.resolve_uncertain([run for run in runs if run.next_task])
            scheduler.add_wave(runs)
            run_jobs(scheduler.next_job, self.context.runtime)
        # What was never begun is reported too.
        return [*scheduler.runs, *(self.start(change) for wave in scheduler.pending for change in wave)]

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
            run.resolve_creation(resolution.found.get(run.subject), unknown=run.subject in resolution.unknown)
            if run.attempts >= attempts and run.next_step in CREATIONS:
                run.end(Status.FAILED, f"it was not created in {run.attempts} attempts")

    # --- for the scheduler --------------------------------------------------------------------------------

    def must_stop(self) -> bool:
        """Whether nothing more may be sent."""
        return self.context.sender.must_stop()

    def start(self, change: InvoiceChange) -> InvoiceRun:
        """Begin to carry a change out, with the ids that are known by now."""
        remote = change.remote
        resolved = change.resolved.with_ids(self.context.identify)
        run = InvoiceRun(
            change, resolved, remote.id if remote else None, remote, deque(change.tasks), change.doubts
        )
        credited = change.desired.credit_note_of
        missing = next(keys_in(resolved.body), None)
        if self.must_stop():
            return run
        if missing is not None:
            run.end(Status.FAILED, f"the {missing.kind} {missing.value} was not created")
        if credited is not None and credited.value in self._not_final_yet:
            run.end(Status.FAILED, f"the invoice it corrects, {credited.value}, did not become final")
        return run

    def write(self, run: InvoiceRun) -> None:
        """Take its steps up to its next reading; with no step left, its tasks."""
        if run.remaining_steps:
            self._writer.take_steps(run)
        else:
            self._tasks.run_tasks(run)

    def read_back(self, runs: Sequence[InvoiceRun]) -> None:
        """Read invoices back; those that are what they should be go on, others end or repeat a step."""
        read_back(runs, self.context)

    def finish_steps(self, run: InvoiceRun) -> None:
        """From now on, credit notes of this apply can correct the invoice."""
        run.attempts = 0
        if run.id is not None:
            self.context.ids[Subject("customer_invoice", run.reference)] = run.id
            self._not_final_yet.discard(run.reference)


def count_writes(plan: Plan) -> int:
    """The writes that carrying ``plan`` out takes, when nothing goes wrong."""
    steps = [step for change in plan.invoices for step in change.steps if step is not Step.READ_BACK]
    tasks = sum(len(change.tasks) for change in plan.invoices)
    creations = sum(change.action is Action.CREATE for change in plan.prerequisites)
    return len(steps) + len(plan.orphans) + tasks + creations


def _unchanged(change: InvoiceChange) -> Result:
    """The result of an invoice for which nothing is sent."""
    statuses = {Action.CONFLICT: Status.CONFLICT, Action.UNSETTLED: Status.UNKNOWN}
    otherwise = Status.UNKNOWN if change.doubts else Status.UNCHANGED
    comparison, remote = change.comparison, change.remote
    return Result(
        change,
        statuses.get(change.action, otherwise),
        id=remote.id if remote else None,
        invoice_number=remote.invoice_number if remote else "",
        draft=remote.draft if remote else None,
        detail="; ".join((*change.ways_out, *change.doubts)),
        differences=comparison.all if comparison else (),
    )
