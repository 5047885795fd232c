"""Journals in a database: the same bytes as in a folder, a row for each line, written by the lease's holder.

The key that they are signed with is not in the database: whoever can write its rows cannot make up a record.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from pennyform.engine.account.errors import NotSentError
from pennyform.engine.journal.lock import Retry
from pennyform.engine.journal.store import JournalStore
from pennyform.engine.limits import FILE_BYTES
from pennyform.engine.runtime import JournalFiles, Runtime
from pennyform.engine.state_folder import KEY_VARIABLE, StateFolder
from pennyform.findings import failure
from pennyform.fleet.database import (
    Connection,
    Database,
    DatabaseError,
    Link,
    over_after,
    seconds_since_boot,
    unusable,
)
from pennyform.fleet.leases import Lease, acquire
from pennyform.safe_files import UnsafeFileError

_READ_SECONDS = 15.0

# One statement, so one transaction: the lease is locked, and the record is added only behind the record that
# its writer knows. Whoever gets the lease next waits for it.
_APPEND = """
    WITH held AS (
        SELECT FROM lease
        WHERE company = %(company)s AND fence = %(fence)s AND holder = %(holder)s
        FOR UPDATE
    ), last AS (
        SELECT seq, ends FROM journal
        WHERE company = %(company)s AND file = %(file)s ORDER BY seq DESC LIMIT 1
    )
    INSERT INTO journal (company, file, seq, ends, record, fence)
    SELECT %(company)s, %(file)s, coalesce((SELECT seq FROM last), 0) + 1, %(ends)s, %(record)s, %(fence)s
    FROM held WHERE coalesce((SELECT ends FROM last), 0) = %(size)s
"""
_IS_THERE = """
    SELECT FROM journal
    WHERE company = %(company)s AND file = %(file)s AND ends = %(ends)s
      AND record = %(record)s AND fence = %(fence)s
"""
_HELD = (
    "SELECT FROM lease WHERE company = %(company)s AND fence = %(fence)s AND holder = %(holder)s FOR UPDATE"
)
_SIZE = "SELECT coalesce(sum(length(record)), 0) FROM journal WHERE company = %s AND file = %s"
_LINES = "SELECT record FROM journal WHERE company = %s AND file = %s ORDER BY seq"


class LeaseLostError(DatabaseError):
    """Somebody else has the lease: nothing was written."""


class DatabaseFiles:
    """The journal of one company, and what it goes on from, by file name. Written under ``lease()`` only."""

    def __init__(self, link: Link, company: str, lease: Callable[[], Lease | None]) -> None:
        self._link, self._company, self._lease = link, company, lease

    def read(self, path: Path) -> bytes | None:
        """All lines, None when there are none.

        Raises:
            Failure: the database cannot be reached, or they are too many to be held in memory.
        """
        place = [self._company, path.name]

        def read(connection: Connection) -> bytes | None:
            (size,) = connection.execute(_SIZE, place).fetchone() or (0,)
            if size > FILE_BYTES:
                raise DatabaseError(f"it is larger than {FILE_BYTES:,} bytes")
            rows = connection.execute(_LINES, place, binary=True).fetchall()
            return b"".join(row[0] for row in rows) if rows else None

        try:
            return self._link.run(read, over_after(_READ_SECONDS))
        except DatabaseError as problem:
            raise unusable(f"the journal {path} cannot be read: {problem}") from None

    def append(self, path: Path, data: bytes, size: int) -> None:
        """Add a line behind the ``size`` bytes that are there.

        Raises:
            OSError: it was not added, or whether it was is not known.
        """

        def append(connection: Connection, values: dict[str, Any]) -> None:
            try:
                done = connection.execute(_APPEND, values).rowcount == 1
            except psycopg.errors.UniqueViolation:
                done = False
            # A connection that was lost may have committed it, and this is the second attempt.
            if not done and not connection.execute(_IS_THERE, values).rowcount:
                self._require_lease(connection, values)
                raise UnsafeFileError("somebody else wrote into it, or removed it")

        self._write(append, path, record=data, size=size, ends=size + len(data))

    def truncate(self, path: Path, size: int) -> None:
        """Remove the lines behind the first ``size`` bytes.

        Raises:
            OSError: they were not removed, or whether they were is not known.
        """

        def truncate(connection: Connection, values: dict[str, Any]) -> None:
            with connection.transaction():
                self._require_lease(connection, values)
                connection.execute(
                    "DELETE FROM journal WHERE company = %(company)s AND file = %(file)s AND ends > %(size)s",
                    values,
                )

        self._write(truncate, path, size=size)

    def replace(self, path: Path, data: bytes, keep: Path) -> None:
        """Rename what is there to ``keep``, and begin anew with ``data``.

        Raises:
            OSError: that was not done, or whether it was is not known.
        """

        def replace(connection: Connection, values: dict[str, Any]) -> None:
            with connection.transaction():
                self._require_lease(connection, values)
                if connection.execute(_IS_THERE, values).rowcount:
                    return
                connection.execute(
                    "UPDATE journal SET file = %(keep)s WHERE company = %(company)s AND file = %(file)s",
                    values,
                )
                connection.execute(_APPEND, values)

        self._write(replace, path, record=data, size=0, ends=len(data), keep=keep.name)

    def _write(self, write: Callable[[Connection, dict[str, Any]], None], path: Path, **values: Any) -> None:
        lease = self._lease()
        if lease is None:
            raise LeaseLostError("nobody here has the right to write for this company")
        values |= {**lease.parameters, "file": path.name}
        self._link.run(lambda connection: write(connection, values), lambda: bool(lease.lost))

    @staticmethod
    def _require_lease(connection: Connection, values: dict[str, Any]) -> None:
        if not connection.execute(_HELD, values).rowcount:
            raise LeaseLostError("somebody else has the right to write for this company")


class DatabaseJournals:
    """The journals in one database. One of them is written at a time.

    Args:
        database: its tables are there.
        state: has the key.
        runtime: the machine.
        clock: seconds that never go back, for leases.

    Raises:
        Failure: there is no key that other machines have too, or the tables are not those of this program.
    """

    def __init__(
        self,
        database: Database,
        state: StateFolder,
        runtime: Runtime,
        clock: Callable[[], float] = seconds_since_boot,
    ) -> None:
        if not state.secret:
            raise failure(
                "state-key",
                f"journals in a database need {KEY_VARIABLE}",
                detail="Several machines write them, and who can write into the database must not be able to "
                "make up records.",
                fix="make one with: openssl rand -hex 32, and give it to all machines",
            )
        database.check()
        self.state, self.runtime, self.clock = state, runtime, clock
        self.link = Link(database)
        self.lease: Lease | None = None
        # Of the stall time, half may pass before a write begins, and a quarter until it has left.
        self.request_seconds = database.stall_seconds / 4

    def of(self, name: str) -> DatabaseJournal:
        """The journal ``name``."""
        return DatabaseJournal(self, name)

    def before_write(self) -> None:
        """Check the lease, as the very last thing before a request that writes.

        Raises:
            NotSentError: it is lost, or there is none.
        """
        if self.lease is None:
            raise NotSentError("nobody here has the right to write for this company")
        self.lease.check()

    def close(self) -> None:
        """Close the connection."""
        self.link.close()


@dataclass(frozen=True, slots=True)
class DatabaseJournal(JournalStore):
    """The journal of one company in a database."""

    journals: DatabaseJournals
    name: str

    @property
    def runtime(self) -> Runtime:  # type: ignore[override]
        """The machine."""
        return self.journals.runtime

    @property
    def path(self) -> Path:  # type: ignore[override]
        """What messages call it."""
        return Path("postgresql", f"{self.name}.jsonl")

    @property
    def files(self) -> JournalFiles:  # type: ignore[override]
        """The rows of this company."""
        return DatabaseFiles(self.journals.link, self.name, lambda: self.journals.lease)

    def key(self) -> bytes:
        """Made from the key that all machines share."""
        return self.journals.state.journal_key(self.name)

    def check_place(self, root: Path) -> None:
        """No repository brings a database along: the user's environment names it."""

    @contextmanager
    def hold(self, retry: Retry) -> Iterator[None]:
        """Hold the lease, and send heartbeats."""
        journals = self.journals
        if journals.lease is not None:
            raise RuntimeError("one journal is written at a time")
        lease = acquire(journals.link, self.name, retry, journals.clock)
        heart = threading.Thread(target=lease.keep, name="heartbeat", daemon=True)
        journals.lease = lease
        heart.start()
        try:
            yield
        finally:
            journals.lease = None
            lease.release()
            heart.join()
