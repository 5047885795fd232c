"""Where the journal of one company is kept, who may write it, and how it is opened, replayed and set aside.

The place is the folder of a user here, and a database in :mod:`pennyform.fleet.journals`. A journal is the
same bytes in either.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Protocol

from pennyform.engine.journal import lock
from pennyform.engine.journal.history import History, read_history
from pennyform.engine.journal.journal import Journal, JournalError, dated
from pennyform.engine.journal.reading import START, read, sign, unreadable
from pennyform.engine.journal.records import Doubt
from pennyform.engine.journal.replayed_state import Replay, ReplayedState
from pennyform.engine.limits import COMPACT_BYTES
from pennyform.engine.runtime import JournalFiles, Runtime, Storage
from pennyform.engine.state_folder import StateFolder
from pennyform.findings import Failure, failure
from pennyform.safe_files import real_path

_WITHOUT = "leave the old one alone: look-ups find what it knew, except mails"


class JournalStore(ABC):
    """The journal of one company. ``path`` names it, and the files beside it that it goes on from."""

    path: Path
    files: JournalFiles
    runtime: Runtime

    @abstractmethod
    def key(self) -> bytes:
        """What the journal is signed with.

        Raises:
            Failure: the key cannot be used.
        """

    @abstractmethod
    def check_place(self, root: Path) -> None:
        """Refuse a journal that comes with the definitions in ``root``.

        Raises:
            Failure: it would.
        """

    @abstractmethod
    def hold(self, retry: lock.Retry) -> AbstractContextManager[None]:
        """Have the exclusive right to write for the company, for as long as the context lasts.

        Args:
            retry: asked when somebody else has it, whether to try again; it may wait before it answers.

        Raises:
            LockHeldError: somebody else has it.
            LockFileError: it cannot be asked for.
            Failure: the place of the journal cannot be used.
        """

    def open(self) -> Journal:
        """The journal, to be written; the caller holds the right to.

        Raises:
            Failure: ``journal-damaged``, or ``journal-unreadable``.
            JournalError: it cannot be written.
        """
        return open_journal(self.path, self.files, self.runtime.clock.now, self.key())

    def quarantine(self) -> Path | None:
        """Begin a damaged journal anew; see :func:`quarantine`."""
        return quarantine(self.path, self.files, self.runtime.clock.now, self.key())

    def replay(self) -> ReplayedState:
        """What the journal remembers, without the right to write it and without touching it.

        Raises:
            Failure: ``journal-damaged``, or ``journal-unreadable``.
        """
        return replay_file(self.path, self.files, self.key)

    def history(self) -> History:
        """All records, oldest first, with those of the files that the journal goes on from.

        Raises:
            Failure: ``journal-damaged``, or ``journal-unreadable``.
        """
        return read_history(self.path, self.files, self.key)


class Journals(Protocol):
    """Where the journals of all companies are kept.

    ``before_write`` is called right before each request that writes leaves, after every wait, and raises an
    :class:`~pennyform.engine.account.errors.OutcomeError` when it must not; None where a lock is enough. What
    it allows has left ``request_seconds`` later, or never does.
    """

    @property
    def before_write(self) -> Callable[[], None] | None:
        """See above."""

    @property
    def request_seconds(self) -> float:
        """See above."""

    def of(self, name: str) -> JournalStore:
        """The journal ``name``: the service and the id of a company."""

    def close(self) -> None:
        """Let go of what was opened."""


@dataclass(frozen=True, slots=True)
class FolderJournal(JournalStore):
    """A journal in the user's state folder, held by a lock beside it."""

    state: StateFolder
    name: str
    runtime: Runtime

    @property
    def path(self) -> Path:  # type: ignore[override]
        """The journal's file."""
        return self.state.path / "journal" / f"{self.name}.jsonl"

    @property
    def files(self) -> JournalFiles:  # type: ignore[override]
        """The disk."""
        return self.runtime.storage

    @property
    def lock_file(self) -> Path:
        """The lock's file."""
        return self.path.with_suffix(".lock")

    def key(self) -> bytes:
        """Made from the key of the folder."""
        return self.state.journal_key(self.name)

    def check_place(self, root: Path) -> None:
        """Refuse a folder inside the repository, unless its key lies elsewhere."""
        self.state.check_place(root)

    @contextmanager
    def hold(self, retry: lock.Retry) -> Iterator[None]:
        """Make the folder, and hold the lock."""
        self.state.prepare()
        with lock.hold(self.lock_file, retry, self.runtime.system_calls):
            yield


@dataclass(frozen=True, slots=True)
class FolderJournals:
    """The journals in the user's state folder."""

    state: StateFolder
    runtime: Runtime
    before_write: None = None
    request_seconds: float = inf

    def of(self, name: str) -> FolderJournal:
        """The journal ``name``."""
        return FolderJournal(self.state, name, self.runtime)

    def close(self) -> None:
        """Nothing is open."""


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
        doubt = dated(Doubt(why=f"the journal before this one was damaged: {keep.name}"), now)
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
