"""Creating and updating the customers and products that are declared, before any invoice is written.

What was updated is read back and compared. An update whose answer was lost is read back for as long as it may
still be on its way, and only then sent again: the same fields with the same values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import OutcomeError, ReferenceTakenError, UnknownOutcomeError
from pennyform.engine.account.records import RemoteCustomer, RemoteProduct
from pennyform.engine.applying.context import ApplyContext
from pennyform.engine.applying.report import Result
from pennyform.engine.journal.journal import JournalError
from pennyform.engine.journal.records import Differs, Subject, Unknown, Verified, Waited
from pennyform.engine.planning.actions import DraftDeletion, InvoiceChange, PrerequisiteChange
from pennyform.engine.planning.diff import Difference
from pennyform.engine.planning.prerequisites.declared import compare_bodies
from pennyform.engine.runtime import pause, run_for_each
from pennyform.invoices.desired.json_bodies import to_json
from pennyform.invoices.model import UNSET, DesiredCustomer
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
        update.differences = compare_bodies(body, row.body).differences
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
