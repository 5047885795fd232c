"""Carrying a plan out: every request journalled, nothing final before it was read back and found equal.

Customers and products come first. Drafts are written in waves, several at once; one request reads a whole
wave back, and only those that equal their definition to the cent go on. Invoices become final one after the
other, in the order of the plan. What became uncertain is looked up before anything that must come after it.
What fails for one invoice does not stop the others; what would fail for all of them does.
"""

from __future__ import annotations

from dataclasses import replace

from pennyform.engine.account.errors import OutcomeError, UnknownOutcomeError
from pennyform.engine.applying.context import ApplyContext
from pennyform.engine.applying.prerequisites import PrerequisiteWriter
from pennyform.engine.applying.report import ApplyReport, Result
from pennyform.engine.applying.scheduler import Scheduler
from pennyform.engine.applying.task_runner import TaskRunner
from pennyform.engine.journal.journal import JournalError
from pennyform.engine.journal.records import Differs, Subject
from pennyform.engine.planning.actions import DraftDeletion, InvoiceChange, Step, remote_content
from pennyform.engine.planning.plan import Plan
from pennyform.results.apply import Status
from pennyform.results.plan import Action


def apply_plan(plan: Plan, context: ApplyContext) -> ApplyReport:
    """Carry a plan out.

    Returns:
        What became of every change. Nothing is raised for what the API or the journal does.
    """
    sender, tasks = context.sender, TaskRunner(context)
    results = PrerequisiteWriter(context).carry_out(plan.prerequisites)
    changes = [change for change in plan.invoices if change.busy]
    runs = Scheduler(changes, context, tasks, plan.number_order).run()
    tasks.wait_for_pdfs()
    context.buyers.look_again()
    for reference in (*context.buyers.moved, *context.buyers.unsure):
        # From now on, the journal does not claim to know the card that the invoice has.
        sender.note(Differs(kind="invoice", reference=reference))
    results += [context.buyers.revise(run.result(sender.stopped)) for run in runs]
    results += [_delete(orphan, context) for orphan in plan.deletions]
    results += [_unchanged(change) for change in plan.invoices if not change.busy]
    return ApplyReport(
        plan.environment,
        plan.company,
        tuple(results),
        stopped=sender.stopped,
        interrupted=sender.interrupted(),
        try_later=sender.try_later,
    )


def count_writes(plan: Plan) -> int:
    """The writes that carrying ``plan`` out takes, when nothing goes wrong."""
    steps = [step for change in plan.invoices for step in change.steps if step is not Step.READ_BACK]
    tasks = sum(len(change.tasks) for change in plan.invoices)
    prerequisites = sum(change.busy for change in plan.prerequisites)
    return len(steps) + len(plan.deletions) + tasks + prerequisites


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


def _delete(orphan: DraftDeletion, context: ApplyContext) -> Result:
    """Delete a draft, if it still is what was planned."""
    account, sender = context.account, context.sender
    remaining, id_ = (str(Step.PRUNE),), orphan.remote.id
    if sender.must_stop():
        return Result(orphan, Status.NOT_STARTED, id=id_, remaining_steps=remaining, detail=sender.stopped)
    failed = Result(orphan, Status.FAILED, id=id_, remaining_steps=remaining)
    try:
        current = account.invoices_by_id([id_]).get(id_)
        # Somebody else deleted it: there is nothing left to do.
        if current is None:
            return Result(orphan, Status.DONE, id=id_)
        # Somebody may have made the draft theirs since the plan was shown.
        if remote_content(current) != remote_content(orphan.remote):
            return replace(failed, detail="it was changed meanwhile")
        subject = Subject("invoice", orphan.external_reference)
        sender.send(subject, Step.PRUNE, lambda: account.delete_draft(id_), id_)
    except UnknownOutcomeError as problem:
        return replace(failed, status=Status.UNKNOWN, detail=str(problem))
    except (OutcomeError, JournalError) as problem:
        return replace(failed, detail=str(problem))
    return Result(orphan, Status.DONE, id=id_)
