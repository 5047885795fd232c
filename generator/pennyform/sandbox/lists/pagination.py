"""Pagination: filter, sort, limit and cursor of every list.

A cursor says where the last page ended and nothing else. By the contract it carries neither filter nor sort:
a caller who does not send them again gets a following page that is neither filtered nor sorted.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from pennyform.sandbox.api_errors import bad_request
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.lists.filters import column, parse_filter
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import AnyRecord, RecordBody, Selection

DEFAULT_LIMIT = 20
EVERYTHING = Selection()


# Shows a record in an answer.
Presenter = Callable[[RequestContext, AnyRecord], Json]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of records; ``next_cursor`` is None on the last one."""

    records: list[AnyRecord]
    next_cursor: str | None


def read_page(
    context: RequestContext,
    kind: str | type[RecordBody],
    *,
    parent: int | None = None,
    where: Selection = EVERYTHING,
) -> Page:
    """Read one page of a kind of record, by the request's ``filter``, ``sort``, ``limit`` and ``cursor``.

    Args:
        context: its operation says what the list can be filtered and sorted by.
        kind: the name of the records' kind, or the type that their bodies are read as.
        parent: only records of this parent.
        where: only records for which these conditions hold.

    Raises:
        ApiError: 400 for an unknown filter, sort or cursor.
    """
    query, operation = context.parameters, context.operation
    sort = query.get("sort") or operation.default_sort
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    if name not in operation.sortable_fields:
        raise bad_request(f"Cannot sort by {name}: use one of {', '.join(operation.sortable_fields)}")
    conditions, values = [*where.conditions], [*where.values]
    if query.get("filter"):
        filters, operands = parse_filter(query["filter"], operation.filters)
        conditions += filters
        values += operands
    if query.get("cursor"):
        after, position = _condition_after(query["cursor"], name, descending=descending)
        conditions.append(after)
        values += position
    direction = "DESC" if descending else "ASC"
    order = f"id {direction}"
    if name != "id":
        # Equal keys need an order too, or a cursor could skip some of them.
        order = f"{column(name).expression} {direction}, {order}"
    limit = query.get("limit", DEFAULT_LIMIT)
    # One more than the page has, to know whether another page follows.
    selection = Selection(conditions, values, order, limit + 1)
    records: list[AnyRecord] = context.records.select(kind, selection, parent=parent)
    return Page(records[:limit], cursor_after(records[limit - 1], name) if len(records) > limit else None)


def cursor_after(record: AnyRecord, sort: str = "id") -> str:
    """The cursor just after a record: its id, and its sort key when that is another one."""
    if sort == "id":
        return encode_cursor([record.id])
    fields = record.body.fields() if isinstance(record.body, RecordBody) else record.body
    return encode_cursor([record.id, sort, fields.get(sort)])


def encode_cursor(position: list[int | str | None]) -> str:
    """A cursor, opaque to callers; :func:`decode_cursor` reads it."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def decode_cursor(text: str) -> list[int | str | None]:
    """What a cursor says: an id, and the name and the value of a sort key when there is one.

    Raises:
        ApiError: 400 for text that is no cursor.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        position = msgspec.json.decode(raw, type=list[int | str | None])
    except (ValueError, RecursionError) as problem:
        raise bad_request("The cursor is not valid") from problem
    if len(position) not in (1, 3) or not isinstance(position[0], int):
        raise bad_request("The cursor is not valid")
    return position


def _condition_after(cursor: str, sort: str, *, descending: bool) -> tuple[str, list[int | str | None]]:
    identifier, *key = decode_cursor(cursor)
    comparison = "<" if descending else ">"
    if sort == "id":
        return f"id {comparison} ?", [identifier]
    if not key or key[0] != sort:
        raise bad_request("The cursor does not fit this sort")
    return f"({column(sort).expression}, id) {comparison} (?, ?)", [key[1], identifier]


def list_records(
    context: RequestContext,
    kind: str | type[RecordBody],
    present: Presenter,
    *,
    parent: int | None = None,
    where: Selection = EVERYTHING,
) -> JsonObject:
    """The answer of a list: one page of records, each as ``present`` shows it; else as :func:`read_page`."""
    return present_page(context, read_page(context, kind, parent=parent, where=where), present)


def present_page(context: RequestContext, page: Page, present: Presenter) -> JsonObject:
    """The answer of a list whose page was read before."""
    return {
        "items": [present(context, record) for record in page.records],
        "has_more": page.next_cursor is not None,
        "next_cursor": page.next_cursor,
    }
