"""Where the journal of one company is kept, and who may write it: the interface, and the folder of a user.

The other place is a database (:mod:`pennyform.fleet.journals`). A journal is the same bytes in either.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Protocol

from pennyform.engine.files import JournalFiles
from pennyform.engine.journal import lock
from pennyform.engine.journal.history import History, read_history
from pennyform.engine.journal.journal import Journal, open_journal, quarantine, replay_file
from pennyform.engine.journal.replayed_state import ReplayedState
from pennyform.engine.runtime import Runtime
from pennyform.engine.state_folder import StateFolder


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
        """Begin a damaged journal anew; see :func:`pennyform.engine.journal.journal.quarantine`."""
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
