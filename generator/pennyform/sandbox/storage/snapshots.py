"""The whole database as one value: taken at a moment, read again, or restored."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

# Bytes 18 and 19 of a database file are 2 for WAL and 1 for a rollback journal; a database in memory cannot
# be opened in WAL mode (https://sqlite.org/fileformat.html#file_format_version_numbers).
_ROLLBACK_JOURNAL = b"\x01\x01"


def take_snapshot(connection: sqlite3.Connection) -> bytes:
    """Everything that the connection's transaction sees."""
    with closing(sqlite3.connect(":memory:")) as copy:
        connection.backup(copy)
        image = copy.serialize()
    return image[:18] + _ROLLBACK_JOURNAL + image[20:]


class Snapshot:
    """An earlier state of a database: every connection gets a copy, which is dropped with all writes to it.

    Args:
        image: as :func:`take_snapshot` gave it.
    """

    def __init__(self, image: bytes) -> None:
        self._image = image

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
            yield connection
