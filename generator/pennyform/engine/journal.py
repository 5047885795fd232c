"""The journal: what was about to be done, and what came of it, written down before and after each step.

One file per company, one record per line: a checksum, a space, a JSON object. Each checksum covers the
record and the checksum before it, so a record can be neither changed nor left out unnoticed. A record is
durable when :meth:`Journal.write` returns. The journal is a witness, not the truth: without it, look-ups find
everything again, only slower.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from pennyform.engine.storage import Storage
from pennyform.findings import Failure, failure

_START = "pennyform journal 1"
_DIGITS = 32
# Steps after which an invoice is final.
_FINAL = frozenset({"finalize", "import"})

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """The records of a journal file, and how far it can be trusted.

    ``size`` is the length in bytes of what is sound; ``torn`` tells that something behind it was left half
    written; ``doubtful`` tells that what is behind it looks like a whole record, so that something which was
    once durable may be missing.
    """

    records: tuple[Record, ...]
    last_sum: str
    size: int
    torn: bool = False
    doubtful: bool = False


def read(data: bytes, *, name: str) -> Reading:
    """Check and parse the bytes of a journal.

    Args:
        data: the whole file.
        name: what to call the file in messages.

    Raises:
        Failure: ``journal-damaged``: a record that is not the last one fails its checksum.
    """
    records: list[Record] = []
    last_sum, size = _START, 0
    lines = data.split(b"\n")
    # What follows the last line feed is either nothing or a record that was never finished.
    whole, tail = lines[:-1], lines[-1]
    for index, line in enumerate(whole):
        parsed = _parse(line, last_sum)
        if parsed is None:
            if index + 1 < len(whole) or tail:
                raise _damaged(name, number=index + 1, offset=size)
            return Reading(tuple(records), last_sum, size, torn=True, doubtful=True)
        last_sum, record = parsed
        records.append(record)
        size += len(line) + 1
    # A whole record with something else than a line feed behind it was durable once.
    doubtful = _parse(tail[:-1], last_sum) is not None
    return Reading(tuple(records), last_sum, size, torn=bool(tail), doubtful=doubtful)


def _parse(line: bytes, previous: str) -> tuple[str, Record] | None:
    stated, _, text = line.partition(b" ")
    if stated.decode("ascii", "replace") != _sum(previous, text):
        return None
    record: Record = json.loads(text)
    return stated.decode("ascii"), record


def _sum(previous: str, text: bytes) -> str:
    return hashlib.sha256(previous.encode() + b"\n" + text).hexdigest()[:_DIGITS]


def _damaged(name: str, *, number: int, offset: int) -> Failure:
    return failure(
        "journal-damaged",
        f"record {number} of the journal fails its checksum (at byte {offset}), and others follow it",
        file=name,
        detail="The journal is the witness of what was sent. Nothing is sent while it contradicts itself.",
        fix="run 'pennyform apply --repair-journal …': it sets the file aside and looks every invoice up "
        "again before anything is created",
    )


class JournalError(Exception):
    """The journal cannot be written: nothing more may be sent."""


@dataclass(eq=False)
class Journal:
    """An open journal. Made by :func:`open_journal`, which also repairs a torn end."""

    path: Path
    storage: Storage
    now: Callable[[], datetime]
    records: list[Record]
    last_sum: str
    _broken: bool = field(default=False, init=False)

    def write(self, event: str, **data: Any) -> None:
        """Add one record; durable on return.

        Raises:
            JournalError: it could not be written. Nothing more is accepted: half a record may be in the file.
        """
        if self._broken:
            raise JournalError("the journal could not be written before")
        record = {"at": self.now().isoformat(timespec="milliseconds"), "event": event, **data}
        text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        checksum = _sum(self.last_sum, text)
        try:
            self.storage.append(self.path, checksum.encode() + b" " + text + b"\n")
        except OSError as problem:
            self._broken = True
            raise JournalError(f"the journal {self.path} cannot be written: {problem}") from problem
        self.last_sum = checksum
        self.records.append(record)


def open_journal(path: Path, storage: Storage, now: Callable[[], datetime]) -> Journal:
    """Open the journal of one company for writing; the caller holds the lock.

    A torn end is cut off: its writer died before anything was sent on the strength of it.

    Raises:
        Failure: ``journal-damaged``.
        JournalError: the file cannot be read or written.
    """
    try:
        reading = read(storage.read(path) or b"", name=str(path))
        if reading.torn:
            storage.truncate(path, reading.size)
    except OSError as problem:
        raise JournalError(f"the journal {path} cannot be opened: {problem}") from problem
    journal = Journal(path, storage, now, list(reading.records), reading.last_sum)
    if reading.doubtful:
        journal.write("doubt", why="the last record failed its checksum and was cut off")
    return journal


def set_aside(path: Path, storage: Storage) -> Path | None:
    """Give a damaged journal another name; whoever starts the next one writes ``doubt`` into it first.

    Returns:
        The new name; None when the journal is sound or there is none.
    """
    data = storage.read(path)
    if data is None or _is_sound(data, path):
        return None
    digest = hashlib.sha256(data).hexdigest()[:8]
    target = path.with_name(f"{path.name}.damaged-{digest}")
    storage.rename(path, target)
    return target


def _is_sound(data: bytes, path: Path) -> bool:
    try:
        read(data, name=str(path))
    except Failure:
        return False
    return True


class Subject(NamedTuple):
    """What a record is about: ``kind`` is ``invoice``, ``customer`` or ``product``."""

    kind: str
    reference: str


@dataclass(frozen=True, slots=True)
class Memory:
    """What a journal remembers, in the form that planning and applying ask for.

    ``unsettled`` are those with a request whose outcome was never written down, and its step; ``ids`` maps
    each to the id it was last seen under; ``used`` are the saved plans that were begun; ``aside`` are drafts
    that were replaced and not deleted yet; ``done`` are those of which something was acknowledged, and
    ``finalized`` the references of invoices that became final under the eyes of this journal; ``doubtful``
    tells that records may be missing, so that everything about to be created must be looked up as if it were
    unsettled.
    """

    unsettled: Mapping[Subject, str] = field(default_factory=dict)
    ids: Mapping[Subject, int] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    aside: Mapping[Subject, int] = field(default_factory=dict)
    done: frozenset[Subject] = frozenset()
    finalized: frozenset[str] = frozenset()
    doubtful: bool = False


_ANSWERS = frozenset({"acknowledged", "refused", "found", "absent", "verified", "differs", "waited"})


@dataclass(slots=True)
class _Recollection:
    """A memory while it is being put together."""

    unsettled: dict[Subject, str] = field(default_factory=dict)
    ids: dict[Subject, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    aside: dict[Subject, int] = field(default_factory=dict)
    done: set[Subject] = field(default_factory=set)
    finalized: set[str] = field(default_factory=set)
    doubtful: bool = False

    def take(self, record: Record) -> None:
        """Add one record, the next in time."""
        event = record["event"]
        if "reference" in record:
            self._about(Subject(record["kind"], record["reference"]), event, record)
        elif event == "plan_used":
            self.used.add(record["plan"])
        elif event in {"doubt", "settled"}:
            self.doubtful = event == "doubt"
            if self.doubtful:
                # What was mailed before may be among what is missing.
                self.finalized.clear()

    def _about(self, subject: Subject, event: str, record: Record) -> None:
        if event == "intent":
            self.unsettled[subject] = record["step"]
            if record["step"] in _FINAL:
                self.finalized.add(subject.reference)
        elif event in _ANSWERS:
            self.unsettled.pop(subject, None)
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
        if event == "set_aside":
            self.aside[subject] = record["old"]
            self.ids.pop(subject, None)
        elif record.get("id") is not None:
            self.ids[subject] = record["id"]


def recall(records: Iterable[Record]) -> Memory:
    """Fold records, oldest first, into what they add up to."""
    so_far = _Recollection()
    for record in records:
        so_far.take(record)
    return Memory(
        so_far.unsettled,
        so_far.ids,
        frozenset(so_far.used),
        so_far.aside,
        frozenset(so_far.done),
        frozenset(so_far.finalized),
        so_far.doubtful,
    )


def peek(path: Path, storage: Storage) -> Memory:
    """What the journal at ``path`` remembers, without a lock and without touching it.

    Raises:
        Failure: ``journal-damaged``.
    """
    return recall(read(storage.read(path) or b"", name=str(path)).records)
