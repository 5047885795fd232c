"""Updating the customers and products of the account to what is declared, before any invoice is written.

What was updated is read back and compared. An update whose answer was lost is read back for as long as it may
still be on its way, and only then sent again: the same fields with the same values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import OutcomeError, UnknownOutcomeError
from pennyform.engine.account.records import RemoteCustomer, RemoteProduct
from pennyform.engine.applying.context import ApplyContext
from pennyform.engine.applying.report import Result
from pennyform.engine.applying.worker_pool import run_for_each
from pennyform.engine.journal.journal import JournalError
from pennyform.engine.journal.records import Differs, Subject, Unknown, Verified, Waited
from pennyform.engine.planning.actions import PrerequisiteChange
from pennyform.engine.planning.declared.comparison import compare
from pennyform.engine.planning.diff import Difference
from pennyform.engine.runtime import pause
from pennyform.invoices.model import UNSET, DesiredCustomer
from pennyform.results.apply import Status

_STEP = "update"
_DIFFERS = "what was read back is not what was asked for"


@dataclass(eq=False, slots=True)
class _Update:
    """One update under way. ``uncertain`` is why its outcome is unknown."""

    change: PrerequisiteChange
    attempts: int = 0
    uncertain: str = ""
    status: Status = Status.NOT_STARTED
    detail: str = ""
    differences: tuple[Difference, ...] = field(default=())

    @property
    def subject(self) -> Subject:
        return Subject(self.change.kind, self.change.external_reference)

    @property
    def id(self) -> int:
        if self.change.id is None:
            raise ValueError(f"{self.change.external_reference} has no id: it can only be created")
        return self.change.id

    def end(self, status: Status, detail: str = "") -> None:
        self.status, self.detail = status, detail

    def result(self) -> Result:
        is_done = self.status is Status.DONE
        return Result(
            self.change,
            self.status,
            id=self.id,
            remaining_steps=() if is_done else (_STEP,),
            detail=self.detail,
            differences=() if is_done else self.differences,
        )


@dataclass(frozen=True, slots=True)
class DeclaredUpdater:
    """Sends updates, several at a time, and reads them back, all together."""

    context: ApplyContext

    def update(self, changes: Sequence[PrerequisiteChange]) -> list[Result]:
        """Carry out ``changes``, all of them updates."""
        updates = [_Update(change) for change in changes]
        sender, runtime = self.context.sender, self.context.runtime
        for _ in range(runtime.patience.attempts):
            waiting = [update for update in updates if update.status is Status.NOT_STARTED]
            if not waiting or sender.must_stop():
                break
            run_for_each(self._send, waiting, runtime)
            self._read_back([update for update in waiting if update.status is Status.UNKNOWN])
        for update in updates:
            if update.status is Status.NOT_STARTED and update.attempts:
                update.end(Status.FAILED, f"it was not updated in {update.attempts} attempts")
        return [update.result() for update in updates]

    def _send(self, update: _Update) -> None:
        """Send once; until it is read back, its outcome is unknown."""
        sender = self.context.sender
        if sender.must_stop():
            return
        update.attempts += 1
        update.uncertain = ""
        try:
            sender.send(update.subject, _STEP, lambda: _put(update, self.context.account), update.id)
        except UnknownOutcomeError as problem:
            update.uncertain = str(problem)
        except (OutcomeError, JournalError) as problem:
            update.end(Status.FAILED, str(problem))
            return
        update.end(Status.UNKNOWN, update.uncertain)

    def _read_back(self, updates: Sequence[_Update]) -> None:
        """Compare what was sent with what the account shows, until it fits or patience ends."""
        sender, runtime = self.context.sender, self.context.runtime
        is_uncertain = any(update.uncertain for update in updates)
        pending = list(updates)
        for seconds in (0.0, *(runtime.patience.settle if is_uncertain else runtime.patience.lag)):
            if not pending:
                break
            pause(runtime.clock, seconds, sender.interrupted)
            self._check(pending)
            pending = [update for update in pending if update.status is not Status.DONE]
        for update in pending:
            kind, reference = update.subject
            if update.status is Status.DIFFERS and update.uncertain and not sender.interrupted():
                # It cannot arrive any more: the same may be sent again.
                sender.note(Waited(kind=kind, reference=reference))
                update.end(Status.NOT_STARTED)
            elif update.uncertain:
                update.end(Status.UNKNOWN, update.uncertain)
            elif update.status is Status.DIFFERS:
                sender.note(Differs(kind=kind, reference=reference, id=update.id))
            else:
                sender.note(Unknown(kind=kind, reference=reference, id=update.id))

    def _check(self, updates: Sequence[_Update]) -> None:
        """Read each of ``updates`` once, all of a kind in one request, and say how it stands."""
        account = self.context.account
        for kind, read in (("customer", account.customers_by_id), ("product", account.products_by_id)):
            of_kind = [update for update in updates if update.change.kind == kind]
            try:
                rows: Mapping[int, RemoteCustomer | RemoteProduct] = (
                    read(update.id for update in of_kind) if of_kind else {}
                )
            except OutcomeError as problem:
                for update in of_kind:
                    update.end(Status.UNKNOWN, f"it could not be read back: {problem}")
                continue
            for update in of_kind:
                self._compare(update, rows.get(update.id))

    def _compare(self, update: _Update, row: RemoteCustomer | RemoteProduct | None) -> None:
        if row is None:
            update.end(Status.UNKNOWN, "it was written, but the API does not show it")
            return
        body = update.change.body
        if isinstance(update.change.desired, DesiredCustomer):
            # What no update can change was compared before, and is not what was sent.
            body = body._replace(ledger_account=UNSET)  # type: ignore[call-arg]
        update.differences = compare(body, row.body).differences
        if update.differences:
            update.end(Status.DIFFERS, _DIFFERS)
            return
        update.end(Status.DONE)
        kind, reference = update.subject
        self.context.sender.note(Verified(kind=kind, reference=reference, id=update.id))


def _put(update: _Update, account: AccountClient) -> None:
    desired, body = update.change.desired, update.change.update
    if isinstance(desired, DesiredCustomer):
        account.update_customer(desired.customer_type, update.id, body)
    else:
        account.update_product(update.id, body)
