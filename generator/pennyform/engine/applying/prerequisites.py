"""Creating the customers and products that invoices need, before the invoices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import OutcomeError, ReferenceTakenError, UnknownOutcomeError
from pennyform.engine.applying.journalled_request import JournalledSender
from pennyform.engine.applying.report import Result
from pennyform.engine.applying.worker_pool import run_for_each
from pennyform.engine.journal.journal import JournalError
from pennyform.engine.journal.records import Subject
from pennyform.engine.planning.actions import PrerequisiteChange
from pennyform.engine.planning.resolve import with_ids
from pennyform.engine.recovery.settle import UnknownOutcomeResolver
from pennyform.engine.runtime import Runtime
from pennyform.invoices.desired.json_bodies import to_json
from pennyform.invoices.model import DesiredCustomer, Key
from pennyform.results.apply import Status
from pennyform.results.plan import Action


@dataclass(eq=False, slots=True)
class PrerequisiteCreator:
    """Creates what is missing and remembers the ids."""

    remote: AccountClient
    sender: JournalledSender
    settler: UnknownOutcomeResolver
    runtime: Runtime
    ids: dict[Subject, int] = field(default_factory=dict)

    def identify(self, key: Key) -> int | None:
        """The id of a customer or product of this plan; None when it has none."""
        return self.ids.get(Subject(key.kind, str(key.value)))

    def take(self, changes: Sequence[PrerequisiteChange]) -> list[Result]:
        """Carry ``changes`` out, several at a time; what is doubtful is looked up all together.

        Each is sent again only after its absence is proven.
        """
        wanted = {Subject(change.kind, change.external_reference): change for change in changes}
        results = {subject: _begun(change) for subject, change in wanted.items()}
        for _ in range(self.runtime.patience.attempts):
            open_ = _with(Status.NOT_STARTED, results)
            if not open_ or self.sender.must_stop():
                break
            run_for_each(lambda one: self._attempt(one, wanted[one], results), open_, self.runtime)
            self._look_up(_with(Status.UNKNOWN, results), results)
        else:
            for subject in _with(Status.NOT_STARTED, results):
                results[subject] = replace(results[subject], status=Status.FAILED)
        self.ids |= {subject: result.id for subject, result in results.items() if result.id is not None}
        return list(results.values())

    def _attempt(self, subject: Subject, change: PrerequisiteChange, results: dict[Subject, Result]) -> None:
        """Send once; a result that stays unknown is to be looked up."""
        if self.sender.must_stop():
            return
        left = Result(change, Status.FAILED, left=("create",))
        try:
            row = self.sender.send(subject, "create", lambda: self._post(change))
            results[subject] = Result(change, Status.DONE, id=int(row["id"]))
        except (UnknownOutcomeError, ReferenceTakenError) as problem:
            results[subject] = replace(left, status=Status.UNKNOWN, detail=str(problem))
        except (OutcomeError, JournalError) as problem:
            results[subject] = replace(left, detail=str(problem))

    def _look_up(self, doubtful: Sequence[Subject], results: dict[Subject, Result]) -> None:
        if not doubtful:
            return
        try:
            settled = self.settler.settle(doubtful)
        except JournalError as problem:
            results |= {one: replace(results[one], detail=str(problem)) for one in doubtful}
            return
        for subject, id_ in settled.found.items():
            results[subject] = Result(results[subject].change, Status.DONE, id=id_)
        for subject in settled.absent:
            results[subject] = replace(results[subject], status=Status.NOT_STARTED)

    def _post(self, change: PrerequisiteChange) -> Mapping[str, Any]:
        desired = change.desired
        body = with_ids(to_json(desired.body), self.identify)
        if isinstance(desired, DesiredCustomer):
            return self.remote.create_customer(desired.customer_type, body)
        return self.remote.create_product(body)


def _begun(change: PrerequisiteChange) -> Result:
    if change.action is Action.CREATE:
        return Result(change, Status.NOT_STARTED, left=("create",))
    return Result(change, Status.UNCHANGED, id=change.id)


def _with(status: Status, results: Mapping[Subject, Result]) -> list[Subject]:
    return [subject for subject, result in results.items() if result.status is status]
