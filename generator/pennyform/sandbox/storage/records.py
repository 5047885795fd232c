"""The records of one company: every resource is a record of some kind, stored as JSON.

The one module with SQL about records. Kinds are the contract's resources (``customer``, ``product``,
``customer_invoice``, ``invoice_line``, …); ``parent`` ties lines to their invoice; ``reference`` is the
``external_reference``, unique per kind.
"""

from __future__ import annotations

import hashlib
import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache, cached_property
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

import msgspec

from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.storage.database import Changes, Operation
from pennyform.sandbox.storage.link_key import link_key

_COLUMNS = "id, kind, parent, reference, body, created_at, updated_at"
_GET = f"SELECT {_COLUMNS} FROM record WHERE id = ? AND company = ? AND kind = ? AND deleted_at IS NULL"  # noqa: S608
_CHILDREN = """
SELECT {columns} FROM (
  SELECT *, row_number() OVER (PARTITION BY parent ORDER BY id {direction}) AS place FROM record
  WHERE company = ? AND kind = ? AND deleted_at IS NULL AND parent IN (SELECT value FROM json_each(?)))
WHERE place <= ? ORDER BY parent, id {direction}
"""
_NEWEST_CHILDREN = _CHILDREN.format(columns=_COLUMNS, direction="DESC")
_OLDEST_CHILDREN = _CHILDREN.format(columns=_COLUMNS, direction="ASC")
_LARGEST_ID = 2**63 - 1  # SQLite's; sqlite3 raises OverflowError for anything larger
# Kinds whose every insertion, update and deletion shows in a changelog.
_IN_CHANGELOGS = frozenset(
    {"customer", "customer_invoice", "ledger_entry_line", "product"}
    | {"quote", "supplier", "supplier_invoice", "transaction"}
)


class FileContents:
    """Contents by their SHA-256, inside one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def store(self, content: bytes) -> str:
        """Store a content; returns its digest."""
        digest = hashlib.sha256(content).hexdigest()
        self._connection.execute(
            "INSERT INTO content (digest, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING", (digest, content)
        )
        return digest

    def read(self, digest: str) -> bytes:
        """A content that was stored."""
        row = self._connection.execute("SELECT bytes FROM content WHERE digest = ?", (digest,)).fetchone()
        return bytes(row[0])


class DuplicateReferenceError(Exception):
    """Another record of the kind has the reference."""


class RecordBody(msgspec.Struct, kw_only=True):
    """What is stored of one kind of record, typed as far as rules read it.

    Fields are those of the stored JSON object. ``extra`` holds every stored field that has no attribute, so
    that a record which is read, changed and written back loses nothing.
    """

    KIND: ClassVar[str]

    extra: JsonObject = {}

    @classmethod
    def from_fields(cls, fields: JsonObject) -> Self:
        """Read a JSON object; a field that is missing takes its default.

        Raises:
            msgspec.ValidationError: for a field of another type, or one without a default that is missing.
        """
        names = _field_names(cls)
        # A hundred records are one answer, and few have more than their type: that is asked for first.
        if not fields.keys() <= names:
            extra = {name: value for name, value in fields.items() if name not in names}
            fields = {**fields, "extra": extra}
        return msgspec.convert(fields, cls)

    def fields(self) -> JsonObject:
        """The JSON object that is stored. Decimals in ``extra`` stay decimals."""
        fields: JsonObject = msgspec.to_builtins(self, builtin_types=(Decimal,))
        fields.update(fields.pop("extra", {}))
        return fields

    def updated(self, fields: JsonObject) -> Self:
        """A copy in which these fields have other values."""
        return self.from_fields({**self.fields(), **fields})


@cache
def _field_names(body: type[RecordBody]) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(body)) - {"extra"}


Body = TypeVar("Body", bound=JsonObject | RecordBody)
TypedBody = TypeVar("TypedBody", bound=RecordBody)


@dataclass(slots=True)
class Record(Generic[Body]):
    """One row.

    ``body`` is a :class:`RecordBody`, or a plain JSON object for a record that was asked for by the name of
    its kind. Money and quantities are text, as the API writes them.
    """

    id: int
    kind: str
    parent: int | None
    reference: str | None
    body: Body
    created_at: str
    updated_at: str

    @property
    def timestamps(self) -> dict[str, str]:
        """Both times by their names, as answers end with them."""
        return {"created_at": self.created_at, "updated_at": self.updated_at}


JsonRecord = Record[JsonObject]
AnyRecord = Record[Any]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records, in which order: SQL fragments that this package wrote, and the values they bind."""

    conditions: Sequence[str] = ()
    values: Sequence[Any] = ()
    order: str = "id DESC"
    limit: int = -1


class Records:
    """Records of one company inside one transaction; its writes carry the time ``now``.

    Nothing of another company is ever seen.
    """

    def __init__(self, connection: sqlite3.Connection, company: int, now: datetime) -> None:
        self._connection = connection
        self._company = company
        self.now = now
        self._stamp = timestamp(now)
        self.changes = Changes(connection, company, now)
        self.files = FileContents(connection)

    @cached_property
    def link_key(self) -> bytes:
        """The key that links to files are signed with."""
        return link_key(self._connection)

    @overload
    def get(self, kind: str, identifier: int) -> JsonRecord | None: ...
    @overload
    def get(self, kind: type[TypedBody], identifier: int) -> Record[TypedBody] | None: ...
    def get(self, kind: str | type[RecordBody], identifier: int) -> AnyRecord | None:
        """The record, unless it is absent, deleted, of another kind or of another company.

        ``kind`` is the name of a kind, or the type that its bodies are read as.
        """
        if not 0 < identifier <= _LARGEST_ID:
            return None
        row = self._connection.execute(_GET, (identifier, self._company, kind_name(kind))).fetchone()
        return _record(row, kind) if row else None

    @overload
    def select(self, kind: str, selection: Selection, *, parent: int | None = None) -> list[JsonRecord]: ...
    @overload
    def select(
        self, kind: type[TypedBody], selection: Selection, *, parent: int | None = None
    ) -> list[Record[TypedBody]]: ...
    def select(
        self, kind: str | type[RecordBody], selection: Selection, *, parent: int | None = None
    ) -> list[AnyRecord]:
        """Records of a kind, of one parent when given; ``kind`` as in :meth:`get`."""
        conditions = ["company = ?", "kind = ?", "deleted_at IS NULL", *selection.conditions]
        values = [self._company, kind_name(kind), *selection.values]
        if parent is not None:
            conditions.append("parent = ?")
            values.append(parent)
        # Only SQL that this package wrote gets here; what a caller sent is bound.
        where = " AND ".join(conditions)
        statement = f"SELECT {_COLUMNS} FROM record WHERE {where} ORDER BY {selection.order} LIMIT ?"  # noqa: S608
        rows = self._connection.execute(statement, (*values, selection.limit))
        return [_record(row, kind) for row in rows]

    @overload
    def children(
        self, kind: str, parents: Sequence[int], limit: int, *, newest: bool = True
    ) -> dict[int, list[JsonRecord]]: ...
    @overload
    def children(
        self, kind: type[TypedBody], parents: Sequence[int], limit: int, *, newest: bool = True
    ) -> dict[int, list[Record[TypedBody]]]: ...
    def children(
        self, kind: str | type[RecordBody], parents: Sequence[int], limit: int, *, newest: bool = True
    ) -> dict[int, list[AnyRecord]]:
        """Up to ``limit`` records per parent, newest or oldest first; a parent without any is left out."""
        statement = _NEWEST_CHILDREN if newest else _OLDEST_CHILDREN
        rows = self._connection.execute(
            statement, (self._company, kind_name(kind), msgspec.json.encode(parents).decode(), limit)
        )
        children: dict[int, list[AnyRecord]] = {}
        for row in rows:
            record = _record(row, kind)
            children.setdefault(record.parent or 0, []).append(record)
        return children

    def insert(
        self, kind: str, body: Body, *, parent: int | None = None, reference: str | None = None
    ) -> Record[Body]:
        """Add a record; its id is the next one of the whole database.

        Raises:
            DuplicateReferenceError: when the reference is in use.
        """
        now = self._stamp
        cursor = self._execute(
            "INSERT INTO record (company, kind, parent, reference, body, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self._company, kind, parent, reference, _encode(body), now, now),
        )
        record = Record(cursor.lastrowid or 0, kind, parent, reference, body, now, now)
        self._add_change(record, "insert")
        return record

    def update(self, record: AnyRecord) -> None:
        """Write a changed record back.

        Raises:
            DuplicateReferenceError: when its new reference is in use.
        """
        record.updated_at = self._stamp
        self.update_silently(record)
        self._add_change(record, "update")

    def update_silently(self, record: AnyRecord) -> None:
        """Write a record back without a new ``updated_at`` and without an entry in its changelog."""
        self._execute(
            "UPDATE record SET reference = ?, body = ?, updated_at = ? WHERE id = ? AND company = ?",
            (record.reference, _encode(record.body), record.updated_at, record.id, self._company),
        )

    def delete(self, records: Iterable[AnyRecord], *, free_reference: bool = False) -> None:
        """Delete records; their references stay in use unless ``free_reference``."""
        for record in records:
            self._execute(
                "UPDATE record SET deleted_at = ?, reference = ? WHERE id = ? AND company = ?",
                (self._stamp, None if free_reference else record.reference, record.id, self._company),
            )
            self._add_change(record, "delete")

    def _add_change(self, record: AnyRecord, operation: Operation) -> None:
        if record.kind in _IN_CHANGELOGS:
            self.changes.add(record.kind, record.id, operation, created_at=record.created_at)

    def next_number(self, name: str) -> int:
        """Count up from 1. Part of the transaction: a number that is not used is not lost either."""
        self._execute(
            "INSERT INTO counter (company, name, value) VALUES (?, ?, 1)"
            " ON CONFLICT (company, name) DO UPDATE SET value = value + 1",
            (self._company, name),
        )
        row = self._connection.execute(
            "SELECT value FROM counter WHERE company = ? AND name = ?", (self._company, name)
        ).fetchone()
        return int(row[0])

    def generate_reference(self, kind: str) -> str:
        """An ``external_reference`` for a record whose creator gave none."""
        number = self.next_number(f"{kind} reference")
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._company}/{kind}/{number}"))

    def _execute(self, statement: str, values: Sequence[Any]) -> sqlite3.Cursor:
        try:
            return self._connection.execute(statement, values)
        except sqlite3.IntegrityError as error:
            if "record.reference" in str(error):
                raise DuplicateReferenceError from error
            raise


def kind_name(kind: str | type[RecordBody]) -> str:
    """The name of a kind, given as such or as the type of its bodies."""
    return kind if isinstance(kind, str) else kind.KIND


def _record(row: tuple[Any, ...], kind: str | type[RecordBody]) -> AnyRecord:
    identifier, name, parent, reference, text, created_at, updated_at = row
    fields = msgspec.json.decode(text)
    body = fields if isinstance(kind, str) else kind.from_fields(fields)
    return Record(identifier, name, parent, reference, body, created_at, updated_at)


def _encode(body: JsonObject | RecordBody) -> str:
    return msgspec.json.encode(body.fields() if isinstance(body, RecordBody) else body).decode()
