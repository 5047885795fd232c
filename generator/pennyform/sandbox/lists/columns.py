"""The SQL expression for each field that a list is filtered and sorted by.

Which fields and operators a list takes is the contract's word. This only says how a field is found in a
stored record, by its name: the names mean the same in every list.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal


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
_DATES = frozenset({"date", "start"})
_BOOLEANS = frozenset({"draft", "credit_note", "enabled"})


@cache
def column(name: str) -> Column:
    """The column of a field: ids are integers, a few names are dates or booleans, the rest is text."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name in _BOOLEANS:
        return Column("boolean", _json_field(name))
    if name in _DATES:
        return Column("date", _json_field(name))
    return Column("integer" if name.endswith("_id") else "text", _json_field(name))
