"""Creating the customers and products that invoices need, before the invoices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pennyform.engine.changes import Action, MasterChange
from pennyform.engine.journal import JournalError
from pennyform.engine.memory import Subject
from pennyform.engine.outcomes import OutcomeError, ReferenceTakenError, UnknownOutcomeError
from pennyform.engine.remote import Remote
from pennyform.engine.resolve import with_ids
from pennyform.engine.results import Result, Status
from pennyform.engine.sender import Sender
from pennyform.engine.settle import Settler
from pennyform.invoices.model import DesiredCustomer, Key


@dataclass(eq=False, slots=True)
class Masters:
    """Creates what is missing and remembers the ids."""

    remote: Remote
    sender: Sender
    settler: Settler
    attempts: int
    ids: dict[Subject, int] = field(default_factory=dict)

    def identify(self, key: Key) -> int | None:
        """The id of a customer or product of this plan; None when it has none."""
        return self.ids.get(Subject(key.kind, str(key.value)))

    def take(self, change: MasterChange) -> Result:
        """Carry ``change`` out."""
        result = self._create(change) if change.action is Action.CREATE else _unchanged(change)
        if result.id is not None:
            self.ids[Subject(change.kind, change.external_reference)] = result.id
        return result

    def _create(self, change: MasterChange) -> Result:
        """Send until it is there, or is known not to be; each attempt only after absence is proven."""
        result = Result(change, Status.NOT_STARTED, left=("create",))
        for _ in range(self.attempts):
            if self.sender.must_stop():
                return result
            result = self._attempt(change)
            if result.status is not Status.NOT_STARTED:
                return result
        return Result(change, Status.FAILED, left=("create",), detail=result.detail)

    def _attempt(self, change: MasterChange) -> Result:
        subject = Subject(change.kind, change.external_reference)
        try:
            row = self.sender.send(subject, "create", lambda: self._post(change))
            return Result(change, Status.DONE, id=int(row["id"]))
        except (UnknownOutcomeError, ReferenceTakenError) as problem:
            return self._look_up(change, subject, str(problem))
        except (OutcomeError, JournalError) as problem:
            return Result(change, Status.FAILED, left=("create",), detail=str(problem))

    def _look_up(self, change: MasterChange, subject: Subject, why: str) -> Result:
        try:
            settled = self.settler.settle([subject])
        except JournalError as problem:
            return Result(change, Status.UNKNOWN, detail=str(problem))
        if subject in settled.found:
            return Result(change, Status.DONE, id=settled.found[subject])
        status = Status.UNKNOWN if subject in settled.unknown else Status.NOT_STARTED
        return Result(change, status, left=("create",), detail=why)

    def _post(self, change: MasterChange) -> Mapping[str, Any]:
        desired = change.desired
        body = with_ids(desired.body, self.identify)
        if isinstance(desired, DesiredCustomer):
            return self.remote.create_customer(desired.customer_type, body)
        return self.remote.create_product(body)


def _unchanged(change: MasterChange) -> Result:
    return Result(change, Status.UNCHANGED, id=change.id)
