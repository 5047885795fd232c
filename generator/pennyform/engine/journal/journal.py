"""The write-ahead journal: what is about to be done, and what came of it, before and after each request.

One file per company, one record per line: a checksum, a space, a JSON object. Each checksum covers the
record and the checksum before it, and is made with a key that only the user has (HMAC, RFC 2104), so that a
record can be neither changed, left out nor made up unnoticed. A record is durable when :meth:`Journal.write`
returns. The journal is a witness, not the truth: without it, look-ups find everything again, only slower.

A file that has grown is compacted when it is opened: one record says what all of them add up to, and the file
as it was is kept beside it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from pennyform.engine.files import Storage
from pennyform.engine.journal.records import Doubt, Record, Summary, decode, encode
from pennyform.engine.journal.replayed_state import Replay, ReplayedState
from pennyform.engine.limits import COMPACT_BYTES, JOURNAL_BYTES
from pennyform.findings import Failure, failure

# What the first record's checksum covers in place of a checksum before it.
_START = "pennyform journal 1"
_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a journal file can be trusted.

    ``size`` is the length in bytes of what is sound; ``torn`` tells that something behind it was left half
    written; ``doubtful`` tells that what is behind it looks like a whole record, so that something which was
    once durable may be missing. ``base`` is the length of the summary that the file begins with.
    """

    last_sum: str
    size: int
    torn: bool = False
    doubtful: bool = False
    base: int = 0


def read(data: bytes, add: Callable[[Record], object], key: bytes | None, *, name: str) -> Reading:
    """Check and parse the bytes of a journal.

    Args:
        data: the whole file.
        add: called with each sound record: those of a long run would not fit into memory all at once.
        key: what its checksums were made with; None for a journal of version 0.1, which had no key.
        name: what to call the file in messages.

    Raises:
        Failure: ``journal-damaged``: a record but the last fails its checksum, or one is not known.
    """
    last_sum, size, base, number = _START, 0, 0, 0
    while (end := data.find(b"\n", size)) >= 0:
        line, number = data[size:end], number + 1
        text = _text(line, last_sum, key)
        if text is None:
            if end + 1 < len(data):
                broken = f"record {number} of the journal fails its checksum (at byte {size})"
                raise _damaged(name, f"{broken}, and others follow it")
            return Reading(last_sum, size, torn=True, doubtful=True, base=base)
        try:
            record = decode(text)
        except msgspec.MsgspecError as problem:
            # Sound, but unknown to this version: to pass over it could mean to send something twice.
            summary = f"record {number} of the journal is not understood (at byte {size}): {problem}"
            raise _damaged(name, summary) from None
        add(record)
        last_sum, size = line[:_DIGITS].decode("ascii"), end + 1
        if number == 1 and isinstance(record, Summary):
            base = size
    # What follows the last line feed is either nothing or a record that was never finished; a whole record
    # with something else than a line feed behind it was durable once.
    tail = data[size:]
    doubtful = _text(tail[:-1], last_sum, key) is not None
    return Reading(last_sum, size, torn=bool(tail), doubtful=doubtful, base=base)


def _text(line: bytes, previous: str, key: bytes | None) -> bytes | None:
    """What of ``line`` is behind its checksum; None when that is not the one behind ``previous``."""
    checksum, _, text = line.partition(b" ")
    return text if hmac.compare_digest(checksum, _checksum(previous, text, key).encode()) else None


def _checksum(previous: str, text: bytes, key: bytes | None) -> str:
    covered = previous.encode() + b"\n" + text
    code = hashlib.sha256(covered) if key is None else hmac.new(key, covered, "sha256")
    return code.hexdigest()[:_DIGITS]


def _line(previous: str, record: Record, key: bytes) -> tuple[str, bytes]:
    """The checksum of ``record`` behind ``previous``, and the line to write."""
    text = encode(record)
    checksum = _checksum(previous, text, key)
    return checksum, checksum.encode() + b" " + text + b"\n"


def _damaged(name: str, summary: str) -> Failure:
    return failure(
        "journal-damaged",
        summary,
        file=name,
        detail="The journal is the witness of what was sent. Nothing is sent while it contradicts itself, or "
        "while its checksums were made with another key than yours.",
        fix="run 'pennyform apply --repair-journal …': it sets the file aside and looks every invoice up "
        "again before anything is created",
    )


class JournalError(Exception):
    """The journal cannot be written: nothing more may be sent."""


@dataclass(eq=False)
class Journal:
    """An open journal. Made by :func:`open_journal`, which also repairs a torn end.

    ``size`` is that of the file in bytes, ``most_bytes`` what it may grow to.
    """

    path: Path
    storage: Storage
    now: Callable[[], datetime]
    key: bytes = field(repr=False)
    last_sum: str = _START
    size: int = 0
    most_bytes: int = JOURNAL_BYTES
    replay: Replay = field(default_factory=Replay)
    _broken: bool = field(default=False, init=False)

    @property
    def state(self) -> ReplayedState:
        """What the records add up to by now."""
        return self.replay.state()

    def write(self, record: Record) -> None:
        """Add one record, with the time; durable on return.

        Raises:
            JournalError: it could not be written. Nothing more is accepted: half a record may be in the file.
        """
        if self._broken:
            raise JournalError("the journal could not be written before")
        record = _dated(record, self.now)
        checksum, line = _line(self.last_sum, record, self.key)
        if self.size + len(line) > self.most_bytes:
            raise JournalError(
                f"the journal {self.path} has reached its limit of {self.most_bytes:,} bytes; "
                "the next apply compacts it"
            )
        try:
            self.storage.append(self.path, line)
        except OSError as problem:
            self._broken = True
            raise JournalError(f"the journal {self.path} cannot be written: {problem}") from problem
        self.last_sum = checksum
        self.size += len(line)
        self.replay.add(record)

    def compact(self) -> None:
        """Put what the records add up to in their place; they are kept in a file beside this one.

        A journal that cannot be compacted goes on as it is.
        """
        checksum, line = _line(_START, _dated(self.replay.summary(), self.now), self.key)
        # Named by its last checksum: no two copies ever have the same name.
        keep = self.path.with_name(f"{self.path.name}.until-{self.last_sum[:8]}")
        try:
            self.storage.replace(self.path, line, keep)
        except OSError:
            return
        self.last_sum, self.size = checksum, len(line)


def _dated(record: Record, now: Callable[[], datetime]) -> Record:
    return msgspec.structs.replace(record, at=now().isoformat(timespec="milliseconds"))


def open_journal(path: Path, storage: Storage, now: Callable[[], datetime], key: bytes) -> Journal:
    """Open the journal of one company for writing; the caller holds the lock.

    A torn end is cut off: its writer died before anything was sent on the strength of it.

    Raises:
        Failure: ``journal-damaged``.
        JournalError: the file cannot be read or written.
    """
    replay = Replay()
    try:
        reading = read(storage.read(path) or b"", replay.add, key, name=str(path))
        if reading.torn:
            storage.truncate(path, reading.size)
    except OSError as problem:
        raise JournalError(f"the journal {path} cannot be opened: {problem}") from problem
    journal = Journal(path, storage, now, key, reading.last_sum, reading.size, replay=replay)
    if reading.doubtful:
        journal.write(Doubt(why="the last record failed its checksum and was cut off"))
    # Compacting costs as much as what is remembered is long: it must have grown by that much to be worth it.
    if journal.size - reading.base > max(COMPACT_BYTES, reading.base):
        journal.compact()
    return journal


def quarantine(path: Path, storage: Storage, now: Callable[[], datetime], key: bytes) -> Path | None:
    """Begin a damaged journal anew, with ``doubt`` as its first record, and keep it under another name.

    Returns:
        The name it is kept under; None when the journal is sound or there is none.

    Raises:
        JournalError: the file cannot be read or written.
    """
    try:
        data = storage.read(path)
        if data is None:
            return None
        try:
            read(data, lambda _: None, key, name=str(path))
        except Failure:
            pass
        else:
            return None
        keep = path.with_name(f"{path.name}.damaged-{hashlib.sha256(data).hexdigest()[:8]}")
        doubt = _dated(Doubt(why=f"the journal before this one was damaged: {keep.name}"), now)
        storage.replace(path, _line(_START, doubt, key)[1], keep)
    except OSError as problem:
        raise JournalError(f"the journal {path} cannot be set aside: {problem}") from problem
    return keep


def replay_file(path: Path, storage: Storage, key: Callable[[], bytes]) -> ReplayedState:
    """What the journal at ``path`` remembers, without a lock and without touching it.

    ``key`` is only called when there is a journal.

    Raises:
        Failure: ``journal-damaged``.
    """
    data = storage.read(path)
    if data is None:
        return ReplayedState()
    replay = Replay()
    read(data, replay.add, key(), name=str(path))
    return replay.state()


def import_journal(source: Path, journal: Journal) -> None:
    """Take over what a journal of version 0.1 remembers, which lay in a repository and had no key.

    Args:
        source: that journal, which a person says is theirs.
        journal: the one that gets its content; empty.

    Raises:
        Failure: ``journal-damaged``, or ``journal-exists``.
        JournalError: one of them cannot be read or written.
    """
    if journal.size:
        raise failure(
            "journal-exists",
            "there is a journal of this company already",
            file=str(journal.path),
            detail="What two journals say cannot be put together.",
            fix="leave the old one alone: look-ups find what it knew",
        )
    replay = Replay()
    try:
        data = journal.storage.read_inside(source.parent.resolve(), source.parent.resolve() / source.name)
    except OSError as problem:
        raise JournalError(f"the journal {source} cannot be read: {problem}") from problem
    if data is None:
        raise failure("path-missing", "there is no such journal", file=str(source))
    read(data, replay.add, None, name=str(source))
    journal.write(replay.summary())
