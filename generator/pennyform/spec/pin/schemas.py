"""Reduce a schema to its facts, those of its description included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pennyform.spec.description_facts import schema_facts
from pennyform.spec.document.pointers import child
from pennyform.spec.pin.notes import Notes

_SCHEMA_FACTS = frozenset(
    {
        "$ref",
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "default",
        "deprecated",
        "discriminator",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "items",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "not",
        "nullable",
        "oneOf",
        "pattern",
        "properties",
        "readOnly",
        "required",
        "type",
        "uniqueItems",
        "writeOnly",
    }
)


def pin_schema(schema: Any, pointer: str, notes: Notes) -> Any:
    """A schema without prose, keywords in their order.

    Args:
        schema: the vendor's schema: an object, true or false.
        pointer: where it stands.
        notes: where what is left out is noted.
    """
    if not isinstance(schema, Mapping):
        return schema  # true and false are schemas too
    pinned: dict[str, Any] = {}
    for keyword in sorted(schema):
        value, place = schema[keyword], f"{pointer}/{keyword}"
        if keyword not in _SCHEMA_FACTS:
            if is_ours(keyword):
                pinned[keyword] = value
            notes.keyword(keyword, place)
        elif keyword == "properties":
            # Their order is the vendor's: people read a form in that order.
            pinned[keyword] = {name: pin_schema(value[name], child(place, name), notes) for name in value}
        elif keyword in ("allOf", "anyOf", "oneOf"):
            members = [pin_schema(member, f"{place}/{index}", notes) for index, member in enumerate(value)]
            pinned[keyword] = [*filter(None, members)] if keyword == "allOf" else members
        elif keyword in ("items", "additionalProperties", "not"):
            pinned[keyword] = pin_schema(value, place, notes)
        else:
            pinned[keyword] = sorted(value) if keyword == "required" else value
    return _unwrapped(with_facts(pinned, notes.facts(schema_facts(schema), pointer)))


def _unwrapped(schema: dict[str, Any]) -> dict[str, Any]:
    """Without an ``allOf`` that held a schema and its description: only the schema is left of it."""
    members = schema.get("allOf")
    if members is None or len(members) > 1:
        return schema
    rest = {keyword: value for keyword, value in schema.items() if keyword != "allOf"}
    if not members:
        return rest
    return schema if rest else dict(members[0])


def with_facts(schema: Any, facts: Mapping[str, Any]) -> Any:
    """A schema with the facts from its description, keywords in their order."""
    return dict(sorted({**schema, **facts}.items())) if facts else schema


def is_ours(keyword: str) -> bool:
    """Whether a keyword is one of our extensions, which a pinned document keeps when it is pinned again."""
    return keyword.startswith("x-pennyform-")
