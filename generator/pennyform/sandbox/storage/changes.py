"""Changes of records: the rows behind the changelogs. The one module with SQL about changes."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.json_types import JsonObject

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
