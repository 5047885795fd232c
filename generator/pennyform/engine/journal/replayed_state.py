"""What the journal's records add up to: what is open, what is known, and what must not be done twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

# Steps after which an invoice is final.
_FINAL = frozenset({"finalize", "import"})
_ANSWERS = frozenset({"acknowledged", "refused", "found", "absent", "verified", "differs", "waited"})

Record = Mapping[str, Any]


class Subject(NamedTuple):
    """What a record is about: ``kind`` is ``invoice``, ``customer``, ``product``, or the key of a task."""

    kind: str
    reference: str


@dataclass(frozen=True, slots=True)
class ReplayedState:
    """What a journal remembers, in the form that planning and applying ask for.

    ``unsettled`` are those with a request whose outcome was never written down, and its step; ``ids`` maps
    each to the id it was last seen under; ``used`` are the saved plans that were begun; ``aside`` are drafts
    that were replaced and not deleted yet; ``done`` are those of which something was acknowledged, and
    ``finalized`` the references of invoices that became final under the eyes of this journal; ``doubtful``
    tells that records may be missing, so that everything about to be created must be looked up as if it were
    unsettled; ``doubted_at`` is when that was last so (ISO time), empty for never: a saved plan from before
    may have been used.
    """

    unsettled: Mapping[Subject, str] = field(default_factory=dict)
    ids: Mapping[Subject, int] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    aside: Mapping[Subject, int] = field(default_factory=dict)
    done: frozenset[Subject] = frozenset()
    finalized: frozenset[str] = frozenset()
    doubtful: bool = False
    doubted_at: str = ""


@dataclass(slots=True)
class Recollection:
    """A memory while it is being put together, one record after the other."""

    unsettled: dict[Subject, str] = field(default_factory=dict)
    ids: dict[Subject, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    aside: dict[Subject, int] = field(default_factory=dict)
    done: set[Subject] = field(default_factory=set)
    finalized: set[str] = field(default_factory=set)
    doubtful: bool = False
    doubted_at: str = ""

    def take(self, record: Record) -> None:
        """Add one record, the next in time."""
        event = record["event"]
        if "reference" in record:
            self._about(Subject(record["kind"], record["reference"]), event, record)
        elif event == "plan_used":
            self.used.add(record["plan"])
        elif event == "settled":
            self.doubtful = False
        elif event == "doubt":
            self.doubtful, self.doubted_at = True, record.get("at", "")
            # What was mailed before may be among what is missing.
            self.finalized.clear()
        elif event == "memory":
            self._restore(record)

    def memory(self) -> ReplayedState:
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
        )

    def _about(self, subject: Subject, event: str, record: Record) -> None:
        if event == "intent":
            self.unsettled[subject] = record["step"]
            if record["step"] in _FINAL:
                self.finalized.add(subject.reference)
        elif event in _ANSWERS:
            self.unsettled.pop(subject, None)
        if event == "refused" and record.get("step") in _FINAL:
            # Somebody else may have made it final, and mailed it.
            self.finalized.discard(subject.reference)
        if event in {"acknowledged", "found"}:
            self.done.add(subject)
        elif event == "absent":
            self.done.discard(subject)
            if record.get("told"):
                self.finalized.add(subject.reference)
        self._identify(subject, event, record)

    def _identify(self, subject: Subject, event: str, record: Record) -> None:
        if event == "deleted":
            self.aside.pop(subject, None)
        if event == "absent":
            self.ids.pop(subject, None)
        if event == "set_aside":
            self.aside[subject] = record["old"]
            self.ids.pop(subject, None)
        elif record.get("id") is not None:
            self.ids[subject] = record["id"]

    # --- as one record --------------------------------------------------------------------------------

    def summary(self) -> dict[str, Any]:
        """Everything remembered, as the data of one ``memory`` record that replaces all records so far."""
        return {
            "unsettled": _by_kind(self.unsettled),
            "ids": _by_kind(self.ids),
            "used": sorted(self.used),
            "aside": _by_kind(self.aside),
            "done": {kind: sorted(values) for kind, values in _by_kind(dict.fromkeys(self.done)).items()},
            "finalized": sorted(self.finalized),
            "doubtful": self.doubtful,
            "doubted_at": self.doubted_at,
        }

    def _restore(self, record: Record) -> None:
        self.unsettled = dict(_subjects(record["unsettled"]))
        self.ids = dict(_subjects(record["ids"]))
        self.used = set(record["used"])
        self.aside = dict(_subjects(record["aside"]))
        self.done = {Subject(kind, one) for kind, references in record["done"].items() for one in references}
        self.finalized = set(record["finalized"])
        self.doubtful, self.doubted_at = record["doubtful"], record["doubted_at"]


def _by_kind(values: Mapping[Subject, Any]) -> dict[str, dict[str, Any]]:
    kinds: dict[str, dict[str, Any]] = {}
    for subject, value in values.items():
        kinds.setdefault(subject.kind, {})[subject.reference] = value
    return kinds


def _subjects(kinds: Mapping[str, Mapping[str, Any]]) -> Iterable[tuple[Subject, Any]]:
    for kind, values in kinds.items():
        for reference, value in values.items():
            yield Subject(kind, reference), value


def recall(records: Iterable[Record]) -> ReplayedState:
    """Fold records, oldest first, into what they add up to."""
    so_far = Recollection()
    for record in records:
        so_far.take(record)
    return so_far.memory()
