"""Creating and updating the customers and products that are declared, before the invoices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from pennyform.engine.account.errors import OutcomeError, ReferenceTakenError, UnknownOutcomeError
from pennyform.engine.applying.context import ApplyContext
from pennyform.engine.applying.declared_updates import DeclaredUpdater
from pennyform.engine.applying.report import Result
from pennyform.engine.applying.worker_pool import run_for_each
from pennyform.engine.journal.journal import JournalError
from pennyform.engine.journal.records import Subject
from pennyform.engine.planning.actions import DraftDeletion, InvoiceChange, PrerequisiteChange
from pennyform.invoices.desired.json_bodies import to_json
from pennyform.invoices.model import DesiredCustomer
from pennyform.results.apply import Status
from pennyform.results.plan import Action

_NOT_READY = "the {} {} did not become what is declared"


@dataclass(eq=False, slots=True)
class PrerequisiteWriter:
    """Creates what is missing and updates what differs.

    A creation is sent again only after its absence is proven. What does not become what is declared stops the
    invoices that name it.
    """

    context: ApplyContext
    _results: dict[Subject, Result] = field(default_factory=dict)

    def carry_out(self, changes: Sequence[PrerequisiteChange]) -> list[Result]:
        """Carry ``changes`` out, several at a time; what is uncertain is looked up all together."""
        self._create_missing(changes)
        updates = [change for change in changes if change.action is Action.UPDATE]
        for result in DeclaredUpdater(self.context).update(updates):
            self._results[_subject(result.change)] = result
        for subject, result in self._results.items():
            if result.id is not None:
                self.context.ids[subject] = result.id
            if result.status not in {Status.DONE, Status.UNCHANGED}:
                why = _NOT_READY.format(subject.kind, subject.reference)
                names = (subject.reference, result.id or 0)
                self.context.not_ready.update({(subject.kind, name): why for name in names})
        return [self._results[_subject(change)] for change in changes]

    def _create_missing(self, changes: Sequence[PrerequisiteChange]) -> None:
        results = self._results
        by_subject = {_subject(change): change for change in changes}
        for subject, change in by_subject.items():
            if change.action is Action.CREATE:
                results[subject] = Result(change, Status.NOT_STARTED, remaining_steps=("create",))
            elif change.action is Action.CONFLICT:
                detail = "; ".join(change.ways_out)
                results[subject] = Result(
                    change, Status.CONFLICT, id=change.id, detail=detail, differences=change.differences
                )
            elif change.action is Action.NO_OP:
                results[subject] = Result(change, Status.UNCHANGED, id=change.id)
        # The API has no idempotency key: only a look-up tells whether a create that got no answer was done.
        for _ in range(self.context.runtime.patience.attempts):
            missing = self._with(Status.NOT_STARTED)
            if not missing or self.context.sender.must_stop():
                break
            runtime = self.context.runtime
            run_for_each(lambda subject: self._create(subject, by_subject[subject]), missing, runtime)
            self._look_up(self._with(Status.UNKNOWN))
        else:
            for subject in self._with(Status.NOT_STARTED):
                results[subject] = replace(results[subject], status=Status.FAILED)

    def _create(self, subject: Subject, change: PrerequisiteChange) -> None:
        """Send once; a result that stays unknown is to be looked up."""
        if self.context.sender.must_stop():
            return
        failed = Result(change, Status.FAILED, remaining_steps=("create",))
        account, desired, body = self.context.account, change.desired, to_json(change.body)
        request = partial(account.create_product, body)
        if isinstance(desired, DesiredCustomer):
            request = partial(account.create_customer, desired.customer_type, body)
        try:
            id_ = self.context.sender.send(subject, "create", request)
            self._results[subject] = Result(change, Status.DONE, id=id_)
        except (UnknownOutcomeError, ReferenceTakenError) as problem:
            # Who took the reference may have been an earlier request of ours that arrived after all.
            self._results[subject] = replace(failed, status=Status.UNKNOWN, detail=str(problem))
        except (OutcomeError, JournalError) as problem:
            self._results[subject] = replace(failed, detail=str(problem))

    def _look_up(self, uncertain: Sequence[Subject]) -> None:
        if not uncertain:
            return
        results = self._results
        try:
            resolution = self.context.resolver.resolve(uncertain)
        except JournalError as problem:
            results.update({subject: replace(results[subject], detail=str(problem)) for subject in uncertain})
            return
        for subject, id_ in resolution.ids.items():
            results[subject] = Result(results[subject].change, Status.DONE, id=id_)
        for subject in resolution.absent:
            results[subject] = replace(results[subject], status=Status.NOT_STARTED)

    def _with(self, status: Status) -> list[Subject]:
        return [subject for subject, result in self._results.items() if result.status is status]


def _subject(change: PrerequisiteChange | InvoiceChange | DraftDeletion) -> Subject:
    return Subject(change.kind, change.external_reference)
