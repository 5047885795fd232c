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
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from pennyform.engine.files import JournalFiles, Storage
from pennyform.engine.journal.reading import START, read, sign, unreadable
from pennyform.engine.journal.records import Doubt, Record, decode
from pennyform.engine.journal.replayed_state import Replay, ReplayedState
from pennyform.engine.limits import COMPACT_BYTES, JOURNAL_BYTES
from pennyform.findings import Failure, failure
from pennyform.safe_files import real_path

_WITHOUT = "leave the old one alone: look-ups find what it knew, except mails"


class JournalError(Exception):
    """The journal cannot be written: nothing more may be sent."""


@dataclass(eq=False)
class Journal:
    """An open journal. Made by :func:`open_journal`, which also repairs a torn end.

    ``size`` is that of the file in bytes, ``most_bytes`` what it may grow to.
    """

    path: Path
    storage: JournalFiles
    now: Callable[[], datetime]
    key: bytes = field(repr=False)
    last_sum: str = START
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
        try:
            checksum, line = sign(self.last_sum, record, self.key)
            # What could not be read again would stop every later run.
            decode(line.partition(b" ")[2])
        except ValueError as problem:
            raise JournalError(f"the journal cannot hold this: {problem}") from problem
        if self.size + len(line) > self.most_bytes:
            raise JournalError(
                f"the journal {self.path} has reached its limit of {self.most_bytes:,} bytes; "
                "the next apply compacts it"
            )
        try:
            self.storage.append(self.path, line, self.size)
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
        summary = msgspec.structs.replace(self.replay.summary(), follows=self.last_sum)
        checksum, line = sign(START, _dated(summary, self.now), self.key)
        # Named by its last checksum: no two copies ever have the same name.
        keep = kept_as(self.path, self.last_sum)
        try:
            self.storage.replace(self.path, line, keep)
        except OSError:
            return
        self.last_sum, self.size = checksum, len(line)


def kept_as(path: Path, last_sum: str) -> Path:
    """Where the records that a summary took the place of are kept; ``last_sum`` is their last checksum."""
    return path.with_name(f"{path.name}.until-{last_sum[:8]}")


def _dated(record: Record, now: Callable[[], datetime]) -> Record:
    return msgspec.structs.replace(record, at=now().isoformat(timespec="milliseconds"))


def open_journal(path: Path, storage: JournalFiles, now: Callable[[], datetime], key: bytes) -> Journal:
    """Open the journal of one company for writing; the caller holds the lock.

    A torn end is cut off: its writer died before anything was sent on the strength of it.

    Raises:
        Failure: ``journal-damaged``, or ``journal-unreadable``.
        JournalError: the file cannot be written.
    """
    replay = Replay()
    reading = read(_bytes_of(path, storage) or b"", replay.add, key, name=str(path))
    try:
        if reading.torn:
            storage.truncate(path, reading.size)
    except OSError as problem:
        raise JournalError(f"the journal {path} cannot be repaired: {problem}") from problem
    journal = Journal(path, storage, now, key, reading.last_sum, reading.size, replay=replay)
    if reading.doubtful:
        journal.write(Doubt(why="the last record failed its checksum and was cut off"))
    # Compacting costs as much as what is remembered is long: it must have grown by that much to be worth it.
    if journal.size - reading.base > max(COMPACT_BYTES, reading.base):
        journal.compact()
    return journal


def _bytes_of(path: Path, storage: JournalFiles) -> bytes | None:
    """All bytes of a journal; None when there is none.

    Raises:
        Failure: ``journal-unreadable``.
    """
    try:
        return storage.read(path)
    except OSError as problem:
        raise unreadable(path, problem) from problem


def quarantine(path: Path, storage: JournalFiles, now: Callable[[], datetime], key: bytes) -> Path | None:
    """Begin a damaged journal anew, with ``doubt`` as its first record, and keep it under another name.

    Returns:
        The name it is kept under; None when the journal is sound or there is none.

    Raises:
        JournalError: the file cannot be written.
    """
    data = None
    try:
        data = _bytes_of(path, storage)
        if data is None:
            return None
        read(data, lambda _: None, key, name=str(path))
    except Failure:
        # Named by what it holds: no two copies that differ ever have the same name.
        content = f"{path.name} {now().isoformat()}".encode() if data is None else data
        keep = path.with_name(f"{path.name}.damaged-{hashlib.sha256(content).hexdigest()[:8]}")
        doubt = _dated(Doubt(why=f"the journal before this one was damaged: {keep.name}"), now)
        try:
            storage.replace(path, sign(START, doubt, key)[1], keep)
        except OSError as problem:
            raise JournalError(f"the journal {path} cannot be set aside: {problem}") from problem
        return keep
    return None


def replay_file(path: Path, storage: JournalFiles, key: Callable[[], bytes]) -> ReplayedState:
    """What the journal at ``path`` remembers, without a lock and without touching it.

    ``key`` is only called when there is a journal.

    Raises:
        Failure: ``journal-damaged``, or ``journal-unreadable``.
    """
    data = _bytes_of(path, storage)
    if data is None:
        return ReplayedState()
    replay = Replay()
    read(data, replay.add, key(), name=str(path))
    return replay.state()


def import_journal(source: Path, journal: Journal, storage: Storage) -> None:
    """Take over what a journal of version 0.1 remembers, which lay in a repository and had no key.

    Args:
        source: that journal, which a person says is theirs.
        journal: the one that gets its content; empty.
        storage: reads ``source``.

    Raises:
        Failure: ``journal-damaged``, ``journal-unreadable`` or ``journal-exists``.
        JournalError: the journal cannot be written.
    """
    if journal.size:
        raise failure(
            "journal-exists",
            "there is a journal of this company already",
            file=str(journal.path),
            detail="What two journals say cannot be put together.",
            fix=_WITHOUT,
        )
    replay = Replay()
    folder = real_path(source.parent)
    try:
        data = storage.read_inside(folder, folder / source.name)
        if data is None:
            raise failure("path-missing", "there is no such journal", file=str(source))
        read(data, replay.add, None, name=str(source))
    except OSError as problem:
        finding = unreadable(source, problem).findings[0]
        raise Failure([finding._replace(fix=_WITHOUT)]) from problem
    except Failure as problem:
        # The repair that it names is of our own journal.
        raise Failure([finding._replace(fix=_WITHOUT) for finding in problem.findings]) from None
    journal.write(replay.summary())
