"""The ``filter`` parameter: a JSON array of ``{field, operator, value}``, all of which must hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from pennyform.sandbox.fields import Field
from pennyform.sandbox.problems import bad_request

_COMPARISONS = {"lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "eq": "=", "not_eq": "<>"}
_MEMBERSHIPS = {"in": "IN", "not_in": "NOT IN"}
_GIVEN = "(SELECT value FROM json_each(?))"
_INTEGER = re.compile(r"-?\d{1,18}")
_BOOLEANS = {"true": 1, "false": 0}
_KEYS = {"field", "operator", "value"}


def conditions(text: str, fields: Mapping[str, Field]) -> tuple[list[str], list[Any]]:
    """Turn the parameter into SQL.

    Args:
        text: the parameter as given.
        fields: what may be filtered by.

    Returns:
        SQL conditions, and the values for their placeholders in order.

    Raises:
        Problem: 400 for anything that is not an array of known fields, operators and fitting values.
    """
    found = [_condition(entry, fields) for entry in _entries(text)]
    return [sql for sql, _ in found], [value for _, value in found]


def _entries(text: str) -> list[Any]:
    try:
        entries = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise bad_request("The filter is not valid JSON") from problem
    if not isinstance(entries, list):
        raise bad_request("The filter must be a JSON array of {field, operator, value}")
    return entries


def _condition(entry: Any, fields: Mapping[str, Field]) -> tuple[str, Any]:
    if not isinstance(entry, dict) or set(entry) != _KEYS:
        raise bad_request("Each filter must be an object with field, operator and value")
    name, operator = str(entry["field"]), str(entry["operator"])
    field = fields.get(name)
    if field is None:
        raise bad_request(f"Cannot filter by {name}: use one of {', '.join(fields)}")
    if operator not in field.operators:
        known = ", ".join(sorted(field.operators))
        raise bad_request(f"Cannot filter {name} with {operator}: use one of {known}")
    return _sql(field, operator, entry["value"], name)


def _sql(field: Field, operator: str, value: Any, name: str) -> tuple[str, Any]:
    if operator in _MEMBERSHIPS:
        values = msgspec.json.encode(_values(field, value, name)).decode()
        if field.many:
            return f"EXISTS (SELECT 1 FROM json_each({field.expression}) WHERE value IN {_GIVEN})", values  # noqa: S608
        return f"{field.expression} {_MEMBERSHIPS[operator]} {_GIVEN}", values
    fitting = _fitting(field, value, name)
    if operator == "start_with":
        return f"instr({field.expression}, ?) = 1", fitting
    return f"{field.expression} {_COMPARISONS[operator]} ?", fitting


def _values(field: Field, value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise bad_request(f"The value for {name} must be an array")
    return [_fitting(field, one, name) for one in value]


def _fitting(field: Field, value: Any, name: str) -> Any:
    """The value as the books keep it. Numbers and booleans may come as text, as in the guides' examples."""
    written = str(value).lower() if isinstance(value, bool) else str(value)
    if field.type == "integer" and not isinstance(value, bool) and _INTEGER.fullmatch(written):
        return int(written)
    if field.type == "boolean" and written in _BOOLEANS:
        return _BOOLEANS[written]
    if field.type == "date" and _is_date(written):
        return written
    if field.type == "text" and isinstance(value, str):
        return value
    raise bad_request(f"The value for {name} must be of type {field.type}")


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
