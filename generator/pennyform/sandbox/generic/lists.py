"""Lists: filters, sorts and cursors.

Which fields and operators a list takes is the contract's word. Here is how a field is found in a stored
record, by its name: the names mean the same in every list.

A cursor says where the last page ended and nothing else. By the contract it carries neither filter nor sort:
a caller who does not send them again gets a following page that is neither filtered nor sorted.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Literal

import msgspec

from pennyform.sandbox.api_errors import bad_request
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import AnyRecord, RecordBody, Selection

_DATE_FIELDS = frozenset({"date", "start"})
_BOOLEAN_FIELDS = frozenset({"draft", "credit_note", "enabled"})
# What SQLite compares with: a JSON array of values is bound as its text.
SqlValue = int | str
_COMPARISONS = {"lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "eq": "=", "not_eq": "<>"}
_MEMBERSHIPS = {"in": "IN", "not_in": "NOT IN"}
_BOUND_ARRAY = "(SELECT value FROM json_each(?))"
# What fits in the 64 bits of an integer in SQLite.
_LARGEST_INTEGER = 2**63 - 1
# SQLite refuses an expression that is nested a thousand deep.
_MOST_CONDITIONS = 100
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_BOOLEANS = {"true": 1, "false": 0}
_KEYS = {"field", "operator", "value"}


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a record. ``expression`` is SQL; ``many`` marks one that yields a JSON array of values."""

    type: Literal["integer", "text", "date", "boolean"]
    expression: str
    many: bool = False


def _json_field(name: str) -> str:
    return f"json_extract(body, '$.{name}')"


_BY_NAME = {
    "id": Column("integer", "id"),
    "external_reference": Column("text", "reference"),
    "category_group_id": Column("integer", "parent"),
    "category_id": Column("integer", _json_field("category_ids"), many=True),
    "emails": Column("text", _json_field("emails"), many=True),
    # Ends like an id, but is text.
    "flow_id": Column("text", _json_field("flow_id")),
}


@cache
def column(name: str) -> Column:
    """The column of a field: ids are integers, a few names are dates or booleans, the rest is text."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name in _BOOLEAN_FIELDS:
        return Column("boolean", _json_field(name))
    if name in _DATE_FIELDS:
        return Column("date", _json_field(name))
    return Column("integer" if name.endswith("_id") else "text", _json_field(name))


def parse_filter(text: str, allowed: Mapping[str, Sequence[str]]) -> tuple[list[str], list[SqlValue]]:
    """Turn the parameter into SQL.

    Args:
        text: the parameter as sent.
        allowed: the fields that the list can be filtered by, with the operators of each.

    Returns:
        SQL conditions, and the values for their placeholders in order.

    Raises:
        ApiError: 400 for anything that is not an array of known fields, operators and fitting values.
    """
    try:
        entries = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise bad_request("The filter is not valid JSON") from problem
    if not isinstance(entries, list):
        raise bad_request("The filter must be a JSON array of {field, operator, value}")
    if len(entries) > _MOST_CONDITIONS:
        raise bad_request(f"A filter has at most {_MOST_CONDITIONS} conditions")
    conditions = [_parse_condition(entry, allowed) for entry in entries]
    return [sql for sql, _ in conditions], [value for _, value in conditions]


def _parse_condition(entry: Json, allowed: Mapping[str, Sequence[str]]) -> tuple[str, SqlValue]:
    if not isinstance(entry, dict) or set(entry) != _KEYS:
        raise bad_request("Each filter must be an object with field, operator and value")
    name, operator, value = str(entry["field"]), str(entry["operator"]), entry["value"]
    if name not in allowed:
        raise bad_request(f"Cannot filter by {name}: use one of {', '.join(allowed)}")
    if operator not in allowed[name]:
        raise bad_request(f"Cannot filter {name} with {operator}: use one of {', '.join(allowed[name])}")
    field = column(name)
    if operator in _MEMBERSHIPS:
        if not isinstance(value, list):
            raise bad_request(f"The value for {name} must be an array")
        values = msgspec.json.encode([_parse_value(field, item, name) for item in value]).decode()
        if field.many:
            any_of = f"SELECT 1 FROM json_each({field.expression}) WHERE value IN {_BOUND_ARRAY}"  # noqa: S608
            return f"EXISTS ({any_of})", values
        return f"{field.expression} {_MEMBERSHIPS[operator]} {_BOUND_ARRAY}", values
    operand = _parse_value(field, value, name)
    if operator == "start_with":
        # Not `instr`, which goes on to look for it in all the rest.
        begins = f"substr({field.expression}, 1, length(start)) = start"
        return f"(SELECT {begins} FROM (SELECT ? AS start))", operand  # noqa: S608
    return f"{field.expression} {_COMPARISONS[operator]} ?", operand


def _parse_value(field: Column, value: Json, name: str) -> SqlValue:
    """The value as records store it. Numbers and booleans may come as text, as in the guides' examples."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if field.type == "integer" and not isinstance(value, bool) and _INTEGER.fullmatch(text):
        return int(text)
    if field.type == "boolean" and text in _BOOLEANS:
        return _BOOLEANS[text]
    if field.type == "date" and _is_date(text):
        return text
    if field.type == "text" and isinstance(value, str):
        return value
    raise bad_request(f"The value for {name} must be of type {field.type}")


def _is_date(text: str) -> bool:
    # SQLite compares dates as text, so only the one form that sorts by time will do.
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


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
    integers = [value for value in position if isinstance(value, int)]
    if any(not -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER for value in integers):
        raise bad_request("The cursor is not valid")
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
