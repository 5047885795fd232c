"""The tables of a sandbox's database, and what another database has besides or instead of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache

from pennyform.sandbox.storage.link_key import ensure_link_key

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

# Foreign keys are enforced: a table that refers to another is dropped before it.
_DROP_ORDER = (
    "books",
    "secret",
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
# Databases of the first releases lack them; they are created when one is opened.
_ADDED_LATER = frozenset({"books", "secret"})


def create_tables(connection: sqlite3.Connection) -> None:
    """Create all tables, in a transaction of the caller's."""
    for statement in _TABLES.split(";"):
        connection.execute(statement)


def create_later_tables(connection: sqlite3.Connection) -> None:
    """Give a database an id and a key that has none yet."""
    connection.execute("CREATE TABLE IF NOT EXISTS books (id TEXT NOT NULL)")
    connection.execute(
        "INSERT INTO books SELECT lower(hex(randomblob(8))) WHERE NOT EXISTS (SELECT 1 FROM books)"
    )
    ensure_link_key(connection)


def drop_tables(connection: sqlite3.Connection) -> None:
    """Drop all tables, in a transaction of the caller's."""
    for table in _DROP_ORDER:
        connection.execute(f"DROP TABLE {table}")


def schema_difference(connection: sqlite3.Connection) -> str:
    """What a database has that no sandbox has, or lacks; empty when its schema is the sandbox's.

    A trigger or a view of somebody else would run with every request.
    """
    objects, expected = _objects(connection), _expected_objects()
    foreign = sorted(
        f"{type_} {name}" for (type_, name), sql in objects.items() if expected.get((type_, name)) != sql
    )
    if foreign:
        return f"its {foreign[0][:100]} is not the sandbox's"
    missing = sorted(name for _, name in expected.keys() - objects.keys() if name not in _ADDED_LATER)
    return f"it lacks {missing[0]}" if missing else ""


def _objects(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """The SQL of each table, index, trigger and view, by type and name."""
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
    return {(str(row[0]), str(row[1])): " ".join(f"{row[2]} {row[3]}".split()) for row in rows}


@cache
def _expected_objects() -> dict[tuple[str, str], str]:
    with closing(sqlite3.connect(":memory:")) as connection:
        create_tables(connection)
        create_later_tables(connection)
        return _objects(connection)
