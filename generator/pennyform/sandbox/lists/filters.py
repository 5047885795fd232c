"""The ``filter`` parameter: a JSON array of ``{field, operator, value}``, all of which must hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from pennyform.sandbox.api_errors import bad_request
from pennyform.sandbox.lists.columns import Column, column

_COMPARISONS = {"lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "eq": "=", "not_eq": "<>"}
_MEMBERSHIPS = {"in": "IN", "not_in": "NOT IN"}
_GIVEN = "(SELECT value FROM json_each(?))"
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_BOOLEANS = {"true": 1, "false": 0}
_KEYS = {"field", "operator", "value"}


def conditions(text: str, allowed: Mapping[str, Sequence[str]]) -> tuple[list[str], list[Any]]:
    """Turn the parameter into SQL.

    Args:
        text: the parameter as given.
        allowed: the fields that the list can be filtered by, with the operators of each.

    Returns:
        SQL conditions, and the values for their placeholders in order.

    Raises:
        ApiError: 400 for anything that is not an array of known fields, operators and fitting values.
    """
    found = [_condition(entry, allowed) for entry in _entries(text)]
    return [sql for sql, _ in found], [value for _, value in found]


def _entries(text: str) -> list[Any]:
    try:
        entries = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise bad_request("The filter is not valid JSON") from problem
    if not isinstance(entries, list):
        raise bad_request("The filter must be a JSON array of {field, operator, value}")
    return entries


def _condition(entry: Any, allowed: Mapping[str, Sequence[str]]) -> tuple[str, Any]:
    if not isinstance(entry, dict) or set(entry) != _KEYS:
        raise bad_request("Each filter must be an object with field, operator and value")
    name, operator = str(entry["field"]), str(entry["operator"])
    if name not in allowed:
        raise bad_request(f"Cannot filter by {name}: use one of {', '.join(allowed)}")
    if operator not in allowed[name]:
        raise bad_request(f"Cannot filter {name} with {operator}: use one of {', '.join(allowed[name])}")
    return _sql(name, operator, entry["value"])


def _sql(name: str, operator: str, value: Any) -> tuple[str, Any]:
    kept = column(name)
    if operator in _MEMBERSHIPS:
        values = msgspec.json.encode(_values(name, value)).decode()
        if kept.many:
            return f"EXISTS (SELECT 1 FROM json_each({kept.expression}) WHERE value IN {_GIVEN})", values  # noqa: S608
        return f"{kept.expression} {_MEMBERSHIPS[operator]} {_GIVEN}", values
    fitting = _fitting(kept, value, name)
    if operator == "start_with":
        return f"instr({kept.expression}, ?) = 1", fitting
    return f"{kept.expression} {_COMPARISONS[operator]} ?", fitting


def _values(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise bad_request(f"The value for {name} must be an array")
    return [_fitting(column(name), one, name) for one in value]


def _fitting(kept: Column, value: Any, name: str) -> Any:
    """The value as the books keep it. Numbers and booleans may come as text, as in the guides' examples."""
    written = str(value).lower() if isinstance(value, bool) else str(value)
    if kept.type == "integer" and not isinstance(value, bool) and _INTEGER.fullmatch(written):
        return int(written)
    if kept.type == "boolean" and written in _BOOLEANS:
        return _BOOLEANS[written]
    if kept.type == "date" and _is_date(written):
        return written
    if kept.type == "text" and isinstance(value, str):
        return value
    raise bad_request(f"The value for {name} must be of type {kept.type}")


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
