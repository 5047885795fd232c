"""The key that signs the links of one database. It stays there: no copy of the database has it."""

from __future__ import annotations

import sqlite3

_BYTES = 32


def ensure_link_key(connection: sqlite3.Connection) -> None:
    """Give a database a key that has none yet."""
    connection.execute("CREATE TABLE IF NOT EXISTS secret (link_key BLOB NOT NULL)")
    connection.execute(
        f"INSERT INTO secret SELECT randomblob({_BYTES}) WHERE NOT EXISTS (SELECT 1 FROM secret)"  # noqa: S608
    )


def link_key(connection: sqlite3.Connection) -> bytes:
    """The key, which never leaves the computer: links carry signatures made with it."""
    return bytes(connection.execute("SELECT link_key FROM secret").fetchone()[0])


def replace_link_key(connection: sqlite3.Connection, key: bytes | None) -> None:
    """Put another key in the place of the one there is, or none; nothing of the old one is left behind."""
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("DELETE FROM secret")
    if key is not None:
        connection.execute("INSERT INTO secret VALUES (?)", (key,))
