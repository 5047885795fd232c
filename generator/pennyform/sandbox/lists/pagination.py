"""Pages: filter, sort, limit and cursor of every list.

A cursor says where the last page ended and nothing else. It carries neither filter nor sort: a caller who
does not send them again gets a following page that is neither filtered nor sorted, as with the real API.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from pennyform.sandbox.api_errors import bad_request
from pennyform.sandbox.contract.contract import Operation
from pennyform.sandbox.lists.columns import column
from pennyform.sandbox.lists.filters import conditions
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Selection

DEFAULT_LIMIT = 20
EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class Page:
    """One page of records; ``next_cursor`` is None on the last one."""

    records: list[JsonRecord]
    next_cursor: str | None

    @property
    def has_more(self) -> bool:
        """Whether another page follows."""
        return self.next_cursor is not None


@dataclass(frozen=True, slots=True)
class _Sort:
    name: str
    descending: bool

    @property
    def expression(self) -> str:
        return column(self.name).expression


def page(
    context: RequestContext, kind: str, *, parent: int | None = None, also: Selection = EVERYTHING
) -> Page:
    """Read one page of a kind of record, as the call's ``filter``, ``sort``, ``limit`` and ``cursor`` say.

    Args:
        context: its operation says what the list can be filtered and sorted by.
        kind: of the records.
        parent: only records of this parent.
        also: only records for which these conditions hold.

    Raises:
        ApiError: 400 for an unknown filter, sort or cursor.
    """
    query = context.parameters
    sort = _sort(context.operation, query.get("sort") or context.operation.default_sort)
    limit = query.get("limit", DEFAULT_LIMIT)
    where, values = (
        conditions(query["filter"], context.operation.filters) if query.get("filter") else ([], [])
    )
    if query.get("cursor"):
        beyond, after = _after(sort, query["cursor"])
        where, values = [*where, beyond], [*values, *after]
    where, values = [*also.conditions, *where], [*also.values, *values]
    records = context.records.select(kind, Selection(where, values, _order(sort), limit + 1), parent=parent)
    return Page(records[:limit], cursor(records[limit - 1], sort.name) if len(records) > limit else None)


def _sort(operation: Operation, text: str) -> _Sort:
    name = text.removeprefix("-")
    if name not in operation.sortable_fields:
        raise bad_request(f"Cannot sort by {name}: use one of {', '.join(operation.sortable_fields)}")
    return _Sort(name, text.startswith("-"))


def _order(sort: _Sort) -> str:
    direction = "DESC" if sort.descending else "ASC"
    by_id = f"id {direction}"
    return by_id if sort.name == "id" else f"{sort.expression} {direction}, {by_id}"


def cursor(record: JsonRecord, sort: str = "id") -> str:
    """The position just after a record: its id, and its sort key when that is another one."""
    return position([record.id] if sort == "id" else [record.id, sort, record.body.get(sort)])


def position(place: list[Any]) -> str:
    """A cursor: opaque to callers."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _after(sort: _Sort, text: str) -> tuple[str, list[Any]]:
    identifier, *key = positioned(text)
    comparison = "<" if sort.descending else ">"
    if sort.name == "id":
        return f"id {comparison} ?", [identifier]
    if not key or key[0] != sort.name:
        raise bad_request("The cursor does not fit this sort")
    return f"({sort.expression}, id) {comparison} (?, ?)", [key[1], identifier]


def positioned(text: str) -> list[Any]:
    """What a cursor says: an id, and the name and the value of a sort key when there is one.

    Raises:
        ApiError: 400 for text that is no cursor.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        place = msgspec.json.decode(raw, type=list[int | str | None])
    except (ValueError, RecursionError) as problem:
        raise bad_request("The cursor is not valid") from problem
    if len(place) not in (1, 3) or not isinstance(place[0], int):
        raise bad_request("The cursor is not valid")
    return place


Present = Callable[[RequestContext, JsonRecord], dict[str, Any]]


def listed(
    context: RequestContext,
    kind: str,
    present: Present,
    *,
    parent: int | None = None,
    also: Selection = EVERYTHING,
) -> dict[str, Any]:
    """The answer of a list: one :func:`page` of records, each as ``present`` shows it."""
    return shown(context, page(context, kind, parent=parent, also=also), present)


def shown(context: RequestContext, found: Page, present: Present) -> dict[str, Any]:
    """The answer of a list whose page was read before."""
    return {
        "items": [present(context, record) for record in found.records],
        "has_more": found.has_more,
        "next_cursor": found.next_cursor,
    }
