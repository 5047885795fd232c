"""One SQLite file that holds everything: companies, tokens, records, their changes, files, counters.

WAL mode, so that readers never wait for the writer and what was answered survives the end of the process,
however sudden. ``synchronous=NORMAL``: if the power fails, the last writes may be lost, never the books; to
wait for the disk after each write would cost every test milliseconds and protect nobody's money. Every
write is one ``BEGIN IMMEDIATE`` transaction, and uniqueness is an index, not a look-up: several processes
may open the same file.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import RLock

from pennyform.findings import Failure, failure

_SQLITE = b"SQLite format 3\0"
_APPLICATION = 0x50464D53  # "PFMS": tells our file from any other SQLite file
_VERSION = 3
_WAIT_FOR_LOCK = 30.0
# Two processes that turn one new file to WAL mode at the same moment are not made to wait, but refused.
_PAUSE_TO_OPEN = 0.02
_FIRST_ID = 10_000_000_000_000  # the real service's ids have 14 digits; none may fit in 32 bits by chance

_TABLES = f"""
CREATE TABLE company (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, reg_no TEXT NOT NULL, accounting_logic TEXT NOT NULL
);
CREATE TABLE token (
  digest TEXT PRIMARY KEY, company INTEGER NOT NULL REFERENCES company, name TEXT NOT NULL,
  scopes TEXT NOT NULL, expires_at TEXT
);
CREATE TABLE record (
  id INTEGER PRIMARY KEY AUTOINCREMENT, company INTEGER NOT NULL REFERENCES company, kind TEXT NOT NULL,
  parent INTEGER, reference TEXT, body TEXT NOT NULL,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT
);
CREATE UNIQUE INDEX record_reference ON record (company, kind, reference) WHERE reference IS NOT NULL;
CREATE INDEX record_kind ON record (company, kind, id) WHERE deleted_at IS NULL;
CREATE INDEX record_parent ON record (parent, kind, id) WHERE parent IS NOT NULL AND deleted_at IS NULL;
CREATE TABLE change (
  id INTEGER PRIMARY KEY AUTOINCREMENT, company INTEGER NOT NULL REFERENCES company, kind TEXT NOT NULL,
  record INTEGER NOT NULL, operation TEXT NOT NULL, detail TEXT NOT NULL,
  occurred_at TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE INDEX change_kind ON change (company, kind, id);
CREATE TABLE content (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE application (client TEXT PRIMARY KEY, secret TEXT NOT NULL, redirects TEXT NOT NULL);
CREATE TABLE grants (
  id INTEGER PRIMARY KEY, client TEXT NOT NULL, company INTEGER NOT NULL REFERENCES company,
  scopes TEXT NOT NULL, redirect TEXT NOT NULL, challenge TEXT NOT NULL, code TEXT NOT NULL UNIQUE,
  expires_at TEXT NOT NULL, used INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE pair (
  refresh TEXT PRIMARY KEY, access TEXT NOT NULL UNIQUE, granted INTEGER NOT NULL REFERENCES grants,
  expires_at TEXT NOT NULL, used INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE counter (
  company INTEGER NOT NULL REFERENCES company, name TEXT NOT NULL, value INTEGER NOT NULL,
  PRIMARY KEY (company, name)
);
INSERT INTO sqlite_sequence (name, seq) VALUES ('record', {_FIRST_ID});
"""  # noqa: S608

# Whoever refers to another comes first.
_IN_ORDER = (
    "change",
    "content",
    "record",
    "pair",
    "grants",
    "application",
    "token",
    "counter",
    "company",
)


class Database:
    """An open database. One connection behind one lock: SQLite has one writer anyway.

    Args:
        database: a path, created with its folder when absent, or ``":memory:"``.
        plant: fills a database that was just created, in the same transaction.

    Raises:
        Failure: when the file cannot be opened or is not a sandbox's.
    """

    def __init__(self, database: Path | str, plant: Callable[[sqlite3.Connection], None]) -> None:
        self._name = str(database)
        self._plant = plant
        self._lock = RLock()
        try:
            self._connection = self._opened()
        except (sqlite3.DatabaseError, OSError) as problem:
            raise _unusable(self._name, str(problem)) from problem

    def _opened(self) -> sqlite3.Connection:
        if self._name != ":memory:":
            Path(self._name).parent.mkdir(parents=True, exist_ok=True)
        until = time.monotonic() + _WAIT_FOR_LOCK
        while True:
            try:
                return self._connected()
            except sqlite3.OperationalError as problem:
                if "locked" not in str(problem) or time.monotonic() > until:
                    raise
                time.sleep(_PAUSE_TO_OPEN)

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._name, timeout=_WAIT_FOR_LOCK, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # Whose file it is comes first: nothing is written into somebody else's.
        with _transaction(connection, write=False):
            self._check(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        with _transaction(connection, write=True):
            if not _pragma(connection, "application_id"):
                self._create(connection)

    def _check(self, connection: sqlite3.Connection) -> None:
        """In one snapshot: another process may be creating the tables at this moment."""
        owner, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
        foreign = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if owner != _APPLICATION and (owner or foreign):
            raise _unusable(self._name, "it is a database of another program")
        if owner and version != _VERSION:
            raise _unusable(self._name, f"it was written by another version ({version})")

    def _create(self, connection: sqlite3.Connection) -> None:
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        self._plant(connection)
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {_VERSION}")

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[sqlite3.Connection]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Args:
            write: takes the write lock at once, so that what was read cannot change before the write;
                otherwise the block sees one snapshot.
        """
        with self._lock, _transaction(self._connection, write=write) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection for single look-ups, each of which sees what is there by then."""
        with self._lock:
            yield self._connection

    def reset(self) -> None:
        """Empty everything and plant again, in one transaction: others who have the file open see it."""
        with self.transaction(write=True) as connection:
            for table in _IN_ORDER:
                connection.execute(f"DROP TABLE {table}")
            self._create(connection)

    def restore(self, image: bytes) -> None:
        """Put a copy in the place of everything, in one transaction: others who have the file open see it.

        Raises:
            Failure: when it is no copy of a sandbox, or one of another version.
        """
        if not image.startswith(_SQLITE):
            raise _unusable(self._name, "what is to be put back is no copy of a sandbox")
        with self._lock, closing(sqlite3.connect(":memory:", isolation_level=None)) as source:
            try:
                source.deserialize(image)
                self._check(source)
                if not _pragma(source, "application_id"):
                    raise _unusable(self._name, "what is to be put back is empty")
                source.backup(self._connection)
            except sqlite3.DatabaseError as problem:
                raise _unusable(self._name, f"the copy cannot be put back: {problem}") from problem

    def close(self) -> None:
        """Let go of the file. Closing twice is harmless."""
        with self._lock:
            self._connection.close()


@contextmanager
def _transaction(connection: sqlite3.Connection, *, write: bool) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # A full disk ends the transaction by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _unusable(name: str, reason: str) -> Failure:
    return failure(
        "sandbox-database",
        f"the sandbox cannot use this database: {reason}",
        file=name,
        fix="name another file, or remove this one if nobody needs it",
    )
