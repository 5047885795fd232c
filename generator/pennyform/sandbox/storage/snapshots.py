"""The whole database as one value: taken at a moment, opened again to be asked, or put back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

# Bytes 18 and 19 of a database say which journal it keeps. In memory there is none but the plain one.
_PLAIN_JOURNAL = b"\x01\x01"


def take_snapshot(connection: sqlite3.Connection) -> bytes:
    """Everything that the connection's transaction sees."""
    with closing(sqlite3.connect(":memory:")) as copy:
        connection.backup(copy)
        image = copy.serialize()
    return image[:18] + _PLAIN_JOURNAL + image[20:]


class Snapshot:
    """A database that is asked once more, and thrown away with all that was written to it.

    Args:
        image: as :func:`take_snapshot` gave it.
    """

    def __init__(self, image: bytes) -> None:
        self._image = image

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection to the past."""
        with self.transaction(write=False) as connection:
            yield connection

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[sqlite3.Connection]:
        """A connection to the past. ``write`` changes nothing: nothing is kept either way."""
        del write
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            connection.deserialize(self._image)
            yield connection
