"""The SQLite file: schema, connections, transactions, and changes by day.

WAL mode, so that readers never wait for the writer and what was answered survives the end of the process,
however sudden. ``synchronous=NORMAL``: a power failure may lose the last writes, but cannot corrupt the file
(https://sqlite.org/wal.html); to wait for the disk after each write would cost every test milliseconds and
protect nobody's money. Every write is one ``BEGIN IMMEDIATE`` transaction, and uniqueness is an index, not a
look-up: several processes may open the same file.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import Literal

import msgspec

from pennyform.findings import Failure, failure
from pennyform.safe_files import UnsafeFileError, make_place
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.storage.link_key import link_key, replace_link_key
from pennyform.sandbox.storage.schema import (
    create_later_tables,
    create_tables,
    drop_tables,
    schema_difference,
)

Operation = Literal["insert", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a record. ``detail`` is what a changelog shows besides the record's id."""

    id: int
    record: int
    operation: Operation
    detail: JsonObject
    occurred_at: str
    created_at: str


class Changes:
    """Changes of one company's records inside one transaction."""

    def __init__(self, connection: sqlite3.Connection, company: int, now: datetime) -> None:
        self._connection = connection
        self._company = company
        self._stamp = timestamp(now)

    def add(
        self,
        kind: str,
        record: int,
        operation: Operation,
        *,
        created_at: str,
        detail: JsonObject | None = None,
    ) -> None:
        """Add a change of a record of some kind."""
        text = msgspec.json.encode(detail or {}).decode()
        self._connection.execute(
            "INSERT INTO change (company, kind, record, operation, detail, occurred_at, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self._company, kind, record, operation, text, self._stamp, created_at),
        )

    def select(self, kind: str, *, after: int, since: datetime, until: datetime, limit: int) -> list[Change]:
        """At most ``limit`` changes of a kind of record from ``since`` to ``until``, oldest first.

        ``after`` is the id of the last change already known; 0 for none.
        """
        rows = self._connection.execute(
            "SELECT id, record, operation, detail, occurred_at, created_at FROM change WHERE company = ?"
            " AND kind = ? AND id > ? AND occurred_at BETWEEN ? AND ? ORDER BY id LIMIT ?",
            (self._company, kind, after, timestamp(since), timestamp(until), limit),
        )
        return [
            Change(identifier, record, operation, msgspec.json.decode(detail), occurred_at, created_at)
            for identifier, record, operation, detail, occurred_at, created_at in rows
        ]


_FILE_HEADER = b"SQLite format 3\0"
_APPLICATION_ID = 0x50464D53  # "PFMS": tells our file from any other SQLite file
_VERSION = 3
_LOCK_TIMEOUT = 30.0
# SQLite's busy timeout does not cover the switch to WAL mode: of two processes that create one file at the
# same moment, one gets "database is locked" at once and must try again.
_OPEN_RETRY_DELAY = 0.02

# Bytes 18 and 19 of a database file are 2 for WAL and 1 for a rollback journal; a database in memory cannot
# be opened in WAL mode (https://sqlite.org/fileformat.html#file_format_version_numbers).
_ROLLBACK_JOURNAL = b"\x01\x01"
_NO_JSON = (
    "SELECT 1 FROM record WHERE NOT json_valid(body)"
    " UNION ALL SELECT 1 FROM change WHERE NOT json_valid(detail)"
    " UNION ALL SELECT 1 FROM token WHERE NOT json_valid(scopes)"
)
_OTHER_FILE = "name another file, or remove this one if nobody needs it"
# What to do by the cause (https://sqlite.org/rescode.html): sound books are not to be removed.
_WAIT = "wait for the program that has it open, or end that one, and run the command again"
_MAKE_ROOM = "make room on the disk, or see whether it is damaged, and run the command again"
_ALLOW = "let the file and its folder be read and written, or name another file"
_FIXES = {
    sqlite3.SQLITE_BUSY: _WAIT,
    sqlite3.SQLITE_LOCKED: _WAIT,
    sqlite3.SQLITE_FULL: _MAKE_ROOM,
    sqlite3.SQLITE_IOERR: _MAKE_ROOM,
    sqlite3.SQLITE_READONLY: _ALLOW,
    sqlite3.SQLITE_CANTOPEN: _ALLOW,
    sqlite3.SQLITE_PERM: _ALLOW,
}
_NO_LINK = (
    "let its folder be a folder of the repository, not a link, and the books a regular file in it; to keep "
    "them on another volume, mount the volume at that folder"
)


class Database:
    """An open database: one connection that writes, as SQLite has one writer anyway, and one that reads.

    Args:
        database: a path, created with its folder when absent, or ``":memory:"``.
        seed: fills a database that was just created, in the same transaction.

    Raises:
        Failure: when the file cannot be opened or is not a sandbox's.
    """

    def __init__(self, database: Path | str, seed: Callable[[sqlite3.Connection], None]) -> None:
        self._name = str(database)
        self._seed = seed
        self._lock = RLock()
        try:
            self._connection = self._open()
            # A second connection, as readers never wait for a writer: not in SQLite, and not here.
            in_memory = self._name == ":memory:"
            self._read_lock = self._lock if in_memory else RLock()
            with _closed_on_error(self._connection):
                self._reader = self._connection if in_memory else _connect(self._name)
        except UnsafeFileError as error:
            # Whoever moved the books to another disk must not be told to remove anything.
            raise _database_failure(self._name, str(error), _NO_LINK) from error
        except sqlite3.DatabaseError as error:
            # The lowest byte of an extended code is the primary one.
            fix = _FIXES.get(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF, _OTHER_FILE)
            raise _database_failure(self._name, str(error), fix) from error
        except OSError as error:
            fix = "let the folder be written, make room on its disk, or name another file"
            raise _database_failure(self._name, str(error), fix) from error

    def _open(self) -> sqlite3.Connection:
        if self._name != ":memory:":
            make_place(self._name)
        until = time.monotonic() + _LOCK_TIMEOUT
        while True:
            try:
                return self._connect()
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(_OPEN_RETRY_DELAY)

    def _connect(self) -> sqlite3.Connection:
        connection = _connect(self._name)
        with _closed_on_error(connection):
            # Checked before anything is written: the file may belong to another program.
            with _transaction(connection, write=False):
                self._check(connection)
            connection.execute("PRAGMA journal_mode = WAL")
            with _transaction(connection, write=True):
                if not _pragma(connection, "application_id"):
                    self._create(connection)
                create_later_tables(connection)
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        """In one snapshot: another process may be creating the tables at this moment."""
        owner, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
        foreign = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if owner != _APPLICATION_ID and (owner or foreign):
            raise _database_failure(self._name, "it is a database of another program")
        if owner and version != _VERSION:
            raise _database_failure(self._name, f"it was written by another version ({version})")
        difference = schema_difference(connection) if owner else ""
        if difference:
            raise _database_failure(self._name, difference)

    def _create(self, connection: sqlite3.Connection) -> None:
        create_tables(connection)
        self._seed(connection)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {_VERSION}")

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[sqlite3.Connection]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Args:
            write: takes the write lock at once, so that what was read cannot change before the write;
                otherwise the block sees one snapshot.
        """
        lock, connection = (self._lock, self._connection) if write else (self._read_lock, self._reader)
        with lock, _transaction(connection, write=write):
            yield connection

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection for single queries, each of which sees the latest commit."""
        with self._read_lock:
            yield self._reader

    def reset(self) -> None:
        """Drop everything and seed again, in one transaction: others who have the file open see it."""
        with self.transaction(write=True) as connection:
            drop_tables(connection)
            self._create(connection)
            create_later_tables(connection)

    def books_id(self) -> str:
        """Tells these books from all others: it is new in a new file and after every reset."""
        with self.read() as connection:
            return str(connection.execute("SELECT id FROM books").fetchone()[0])

    def link_key(self) -> bytes:
        """The key that links to files are signed with."""
        with self.read() as connection:
            return link_key(connection)

    def restore(self, image: bytes) -> None:
        """Replace everything by a snapshot, in one transaction: others who have the file open see it.

        Raises:
            Failure: when it is no copy of a sandbox, or one of another version.
        """
        if not image.startswith(_FILE_HEADER):
            raise _database_failure(self._name, "what is to be put back is no copy of a sandbox")
        with self._lock, closing(sqlite3.connect(":memory:", isolation_level=None)) as source:
            try:
                source.deserialize(image)
                source.execute("PRAGMA trusted_schema = OFF")
                self._check(source)
                if not _pragma(source, "application_id"):
                    raise _database_failure(self._name, "what is to be put back is empty")
                # All of it: a copy that was cut short may have a whole first page.
                problem = str(source.execute("PRAGMA quick_check(1)").fetchone()[0])
                if problem != "ok":
                    raise _database_failure(self._name, f"the copy is damaged: {problem}")
                if source.execute(_NO_JSON).fetchone():
                    raise _database_failure(self._name, "the copy holds records that are no JSON")
                # The id and the key go with all the rest: nobody ever sees these books without them.
                key = link_key(self._connection)
                create_later_tables(source)
                replace_link_key(source, key)
                source.backup(self._connection, progress=_stop_at(time.monotonic() + _LOCK_TIMEOUT))
            except sqlite3.DatabaseError as error:
                raise _database_failure(self._name, f"the copy cannot be put back: {error}") from error

    def close(self) -> None:
        """Close the file. Closing twice is harmless."""
        with self._lock, self._read_lock:
            self._reader.close()
            self._connection.close()


def _connect(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(name, timeout=_LOCK_TIMEOUT, isolation_level=None, check_same_thread=False)
    with _closed_on_error(connection):
        # The schema may be somebody else's until it is compared: no function of it may have an effect.
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
    return connection


@contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    """Close ``connection`` where the block, which opens something with it, raises."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _stop_at(deadline: float) -> Callable[[int, int, int], None]:
    """Ends a backup that waits for a locked file; by itself it waits without end."""

    def check(status: int, remaining: int, pages: int) -> None:
        del remaining, pages
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > deadline:
            raise sqlite3.OperationalError("database is locked")

    return check


@contextmanager
def _transaction(connection: sqlite3.Connection, *, write: bool) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has rolled it back by itself (https://sqlite.org/lang_transaction.html).
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _database_failure(name: str, reason: str, fix: str = _OTHER_FILE) -> Failure:
    return failure(
        "sandbox-database",
        f"the sandbox cannot use this database: {reason}",
        file=name,
        fix=fix,
    )


def take_snapshot(connection: sqlite3.Connection) -> bytes:
    """Everything that the connection's transaction sees, except the key of its links."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        connection.backup(copy)
        replace_link_key(copy, None)
        image = copy.serialize()
    return image[:18] + _ROLLBACK_JOURNAL + image[20:]


class Snapshot:
    """An earlier state of a database, as :func:`take_snapshot` gave it.

    Every connection gets a copy, which is dropped with all writes to it. ``key`` signs its links.
    """

    def __init__(self, image: bytes, key: bytes) -> None:
        self._image = image
        self._key = key

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection to a copy."""
        with self.transaction(write=False) as connection:
            yield connection

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[sqlite3.Connection]:
        """A connection to a copy. ``write`` makes no difference: nothing is kept either way."""
        del write
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            connection.deserialize(self._image)
            replace_link_key(connection, self._key)
            yield connection
