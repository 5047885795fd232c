"""What the journal's records add up to: what is open, what is known, and what must not be done twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from msgspec import UNSET

from pennyform.engine.journal.records import (
    Absent,
    Acknowledged,
    Deleted,
    Differs,
    Doubt,
    Found,
    Intent,
    PlanUsed,
    Record,
    Refused,
    RunBegun,
    SetAside,
    Settled,
    Subject,
    SubjectRecord,
    Summary,
    Verified,
    Waited,
)

T = TypeVar("T")

# Steps after which an invoice is final.
_FINAL = frozenset({"finalize", "import"})
# What has a record of its own in the account; every other kind is a task of an invoice.
_OBJECTS = frozenset({"invoice", "customer", "product"})
# After these the outcome of the last request is known.
_OUTCOMES = (Acknowledged, Refused, Found, Absent, Verified, Differs, Waited)


@dataclass(frozen=True, slots=True)
class ReplayedState:
    """What a journal remembers, in the form that planning and applying ask for.

    ``unsettled`` are those with a request whose outcome was never written down, and its step; ``ids`` maps
    each to the id it was last seen under; ``used`` are the saved plans that were begun; ``aside`` are drafts
    that were replaced and not deleted yet; ``done`` are those of which something was acknowledged, and
    ``finalized`` the references of invoices that became final under the eyes of this journal; ``doubtful``
    tells that records may be missing, so that everything about to be created must be looked up as if it were
    unsettled; ``doubted_at`` is when that was last so (ISO time), empty for never: a saved plan from before
    may have been used. ``cards`` are digests of the customers' cards with which invoices became final, by
    the references of the invoices.
    """

    unsettled: Mapping[Subject, str] = field(default_factory=dict)
    ids: Mapping[Subject, int] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    aside: Mapping[Subject, int] = field(default_factory=dict)
    done: frozenset[Subject] = frozenset()
    finalized: frozenset[str] = frozenset()
    doubtful: bool = False
    doubted_at: str = ""
    cards: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Replay:
    """The state while it is being put together, one record after the other."""

    unsettled: dict[Subject, str] = field(default_factory=dict)
    ids: dict[Subject, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    aside: dict[Subject, int] = field(default_factory=dict)
    done: set[Subject] = field(default_factory=set)
    finalized: set[str] = field(default_factory=set)
    doubtful: bool = False
    doubted_at: str = ""
    cards: dict[str, str] = field(default_factory=dict)
    # The tasks of each invoice that anything is remembered of, by its reference.
    _tasks: dict[str, set[Subject]] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Add one record, the next in time."""
        match record:
            case PlanUsed():
                self.used.add(record.plan)
            case RunBegun():
                pass  # for people: nothing is decided by it
            case Settled():
                self.doubtful = False
            case Doubt():
                self.doubtful, self.doubted_at = True, record.at
                # What was mailed before may be among what is missing.
                self.finalized.clear()
            case Summary():
                self.unsettled = _by_subject(record.unsettled)
                self.ids = _by_subject(record.ids)
                self.used = set(record.used)
                self.aside = _by_subject(record.aside)
                self.done = {Subject(kind, name) for kind, names in record.done.items() for name in names}
                self.finalized = set(record.finalized)
                self.doubtful, self.doubted_at = record.doubtful, record.doubted_at
                self.cards = {} if record.cards is UNSET else dict(record.cards)
                self._tasks.clear()
                for subject in (*self.unsettled, *self.ids, *self.done):
                    self._note_task(subject)
            case _:
                self._add_outcome(record)
                self._add_identity(record)

    def state(self) -> ReplayedState:
        """What the records so far add up to."""
        return ReplayedState(
            dict(self.unsettled),
            dict(self.ids),
            frozenset(self.used),
            dict(self.aside),
            frozenset(self.done),
            frozenset(self.finalized),
            self.doubtful,
            self.doubted_at,
            dict(self.cards),
        )

    def _add_outcome(self, record: SubjectRecord) -> None:
        subject = Subject(record.kind, record.reference)
        self._note_task(subject)
        if isinstance(record, _OUTCOMES):
            self.unsettled.pop(subject, None)
        match record:
            case Intent():
                self.unsettled[subject] = record.step
                # At the intent already: the answer may be lost and the finalization carried out.
                if record.step in _FINAL:
                    self.finalized.add(subject.reference)
                if record.card is not UNSET:
                    self.cards[subject.reference] = record.card
            case Differs():
                # Perhaps it became final with another card.
                self.cards.pop(subject.reference, None)
            case Refused() if record.step in _FINAL:
                # Somebody else may have made it final, and mailed it.
                self.finalized.discard(subject.reference)
            case Acknowledged() | Found():
                self.done.add(subject)
            case Absent():
                self._add_absence(record, subject)

    def _add_absence(self, record: Absent, subject: Subject) -> None:
        self.done.discard(subject)
        if record.confirmed_by_user is True:
            self.finalized.add(subject.reference)
        elif subject.kind == "invoice":
            self._forget_tasks(subject.reference)

    def _note_task(self, subject: Subject) -> None:
        if subject.kind not in _OBJECTS:
            self._tasks.setdefault(subject.reference, set()).add(subject)

    def _forget_tasks(self, reference: str) -> None:
        """The invoice is gone, as after a reset: what was done to it was not done to the next of its name."""
        self.finalized.discard(reference)
        self.cards.pop(reference, None)
        for subject in self._tasks.pop(reference, ()):
            self.done.discard(subject)
            self.ids.pop(subject, None)
            self.unsettled.pop(subject, None)

    def _add_identity(self, record: SubjectRecord) -> None:
        subject = Subject(record.kind, record.reference)
        match record:
            case SetAside():
                self.aside[subject] = record.old
                self.ids.pop(subject, None)
            case Deleted():
                self.aside.pop(subject, None)
            case Refused() | Waited():
                pass
            case _:
                if isinstance(record, Absent):
                    self.ids.pop(subject, None)
                if record.id is not None and record.id is not UNSET:
                    self.ids[subject] = record.id

    # --- as one record --------------------------------------------------------------------------------

    def summary(self) -> Summary:
        """Everything remembered, as one record that replaces all records so far."""
        return Summary(
            unsettled=_by_kind(self.unsettled),
            ids=_by_kind(self.ids),
            used=sorted(self.used),
            aside=_by_kind(self.aside),
            done={kind: sorted(rows) for kind, rows in _by_kind(dict.fromkeys(self.done)).items()},
            finalized=sorted(self.finalized),
            doubtful=self.doubtful,
            doubted_at=self.doubted_at,
            cards=dict(sorted(self.cards.items())) or UNSET,
        )


def _by_kind(values: Mapping[Subject, T]) -> dict[str, dict[str, T]]:
    kinds: dict[str, dict[str, T]] = {}
    for subject, value in values.items():
        kinds.setdefault(subject.kind, {})[subject.reference] = value
    return kinds


def _by_subject(kinds: Mapping[str, Mapping[str, T]]) -> dict[Subject, T]:
    return {
        Subject(kind, reference): value
        for kind, values in kinds.items()
        for reference, value in values.items()
    }


def replay(records: Iterable[Record]) -> ReplayedState:
    """What records add up to, oldest first."""
    so_far = Replay()
    for record in records:
        so_far.add(record)
    return so_far.state()
