"""Pages: filter, sort, limit and cursor of every list.

A cursor says where the last page ended and nothing else. It carries neither filter nor sort: a caller who
does not send them again gets a following page that is neither filtered nor sorted, as with the real API.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from pennyform.sandbox.books import Books, Record, Selection
from pennyform.sandbox.fields import Listing
from pennyform.sandbox.filters import conditions
from pennyform.sandbox.problems import bad_request

DEFAULT_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Page:
    """One page of records; ``next_cursor`` is None on the last one."""

    records: list[Record]
    next_cursor: str | None

    @property
    def has_more(self) -> bool:
        """Whether another page follows."""
        return self.next_cursor is not None


@dataclass(frozen=True, slots=True)
class _Sort:
    name: str
    expression: str
    descending: bool


def page(books: Books, listing: Listing, query: Mapping[str, Any], *, parent: int | None = None) -> Page:
    """Read one page.

    Args:
        books: of the caller's company.
        listing: what is listed, and by what it may be filtered and sorted.
        query: ``filter``, ``sort``, ``limit`` and ``cursor``, checked for type and range by the contract.
        parent: only records of this parent.

    Raises:
        Problem: 400 for an unknown filter, sort or cursor.
    """
    sort = _sort(listing, query.get("sort") or listing.order)
    limit = query.get("limit", DEFAULT_LIMIT)
    where, values = conditions(query["filter"], listing.filters) if query.get("filter") else ([], [])
    if query.get("cursor"):
        position, after = _after(sort, query["cursor"])
        where, values = [*where, position], [*values, *after]
    selection = Selection(where, values, _order(sort), limit + 1)
    records = books.select(listing.kind, selection, parent=parent)
    return Page(records[:limit], cursor(records[limit - 1], sort.name) if len(records) > limit else None)


def _sort(listing: Listing, text: str) -> _Sort:
    name = text.removeprefix("-")
    if name not in listing.sorts:
        raise bad_request(f"Cannot sort by {name}: use one of {', '.join(listing.sorts)}")
    return _Sort(name, listing.sorts[name], text.startswith("-"))


def _order(sort: _Sort) -> str:
    direction = "DESC" if sort.descending else "ASC"
    by_id = f"id {direction}"
    return by_id if sort.name == "id" else f"{sort.expression} {direction}, {by_id}"


def cursor(record: Record, sort: str = "id") -> str:
    """The position just after a record: its id, and its sort key when that is another one."""
    position = [record.id] if sort == "id" else [record.id, sort, record.body.get(sort)]
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def _after(sort: _Sort, text: str) -> tuple[str, list[Any]]:
    identifier, *key = _position(text)
    comparison = "<" if sort.descending else ">"
    if sort.name == "id":
        return f"id {comparison} ?", [identifier]
    if not key or key[0] != sort.name:
        raise bad_request("The cursor does not fit this sort")
    return f"({sort.expression}, id) {comparison} (?, ?)", [key[1], identifier]


def _position(text: str) -> list[Any]:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        position = msgspec.json.decode(raw, type=list[int | str | None])
    except (ValueError, RecursionError) as problem:
        raise bad_request("The cursor is not valid") from problem
    if len(position) not in (1, 3) or not isinstance(position[0], int):
        raise bad_request("The cursor is not valid")
    return position
