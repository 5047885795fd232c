"""Schemas without detours: references followed, ``allOf`` merged, every way to say null reduced to one.

A *plain* schema is an OpenAPI 3.0 schema with ``nullable`` as its only form of null, no ``allOf``, no
``$ref``, no null among its enum values, and a union (``anyOf`` or ``oneOf``) that stands alone, its members
plain.
``{"type": "null"}`` is the schema of null itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pennyform.findings import Failure, Finding, Severity
from pennyform.spec.document.json_types import JsonObject, child
from pennyform.spec.document.references import follow
from pennyform.spec.normaliser.contract import Schema

_ANNOTATIONS = ("default", "deprecated", "description", "x-pennyform-component")

NULL: Schema = {"type": "null"}
_UNIONS = ("anyOf", "oneOf")
# Read apart from a schema's own keywords, or of no consequence for the values allowed.
_ELSEWHERE = frozenset({"allOf", "discriminator", *_UNIONS})
_LOWER_BOUNDS = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_UPPER_BOUNDS = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})
_ONLY_FOR = {
    "array": ("items", "minItems", "maxItems", "uniqueItems"),
    "object": ("properties", "required", "additionalProperties", "minProperties", "maxProperties"),
    "string": ("pattern", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
_FOREIGN = {
    kind: frozenset(keyword for other in _ONLY_FOR.keys() - {kind} for keyword in _ONLY_FOR[other])
    for kind in (*_ONLY_FOR, "boolean")
}
_FOREIGN["integer"] = _FOREIGN["number"]


class Plain:
    """Makes schemas of one document plain. Each named schema is worked out once."""

    def __init__(self, document: JsonObject) -> None:
        self._document = document
        self._named: dict[str, Schema] = {}
        self._open: list[str] = []

    def __call__(self, schema: Any, place: str) -> Schema:
        """The plain form of ``schema``.

        Args:
            schema: an OpenAPI 3.0 or 3.1 schema of the document.
            place: the JSON Pointer of where it stands, for findings.

        Raises:
            Failure: a reference leads outside, to nothing or into a circle, or parts contradict each other.
        """
        if not isinstance(schema, dict):
            if schema is True:
                return {}
            raise contradiction(f"{json.dumps(schema)} is not a schema that values can satisfy", place)
        if "$ref" in schema:
            target = self._reference(schema["$ref"], place)
            return merge([target, self({key: schema[key] for key in schema if key != "$ref"}, place)], place)
        own = self._own(schema, place)
        parts = self._members("allOf", schema, place)
        parts += [
            _united(keyword, self._members(keyword, schema, place), place)
            for keyword in _UNIONS
            if keyword in schema
        ]
        merged = merge([*parts, own], place) if parts else own
        # Beside parts, nullable says something about all of them, or it says nothing.
        if parts and own.get("nullable") and not _states_values(own):
            merged["nullable"] = True
        return _tidy(merged)

    def _members(self, keyword: str, schema: JsonObject, place: str) -> list[Schema]:
        members = enumerate(schema.get(keyword, []))
        return [self(member, child(child(place, keyword), index)) for index, member in members]

    def _reference(self, reference: Any, place: str) -> Schema:
        name, schema = follow(str(reference), self._document, place)
        if name in self._open:
            circle = " → ".join([*self._open[self._open.index(name) :], name])
            raise _refused("cyclic-schema", f"the schema contains itself: {circle}", place)
        if name not in self._named:
            self._open.append(name)
            self._named[name] = self(schema, child("/components/schemas", name))
            self._open.pop()
        return self._named[name]

    def _own(self, schema: JsonObject, place: str) -> Schema:
        """The schema's own keywords, its inner schemas plain, null as ``nullable``."""
        own = _modern({key: schema[key] for key in schema if key not in _ELSEWHERE}, place)
        if "properties" in own:
            own["properties"] = {
                name: self(item, child(f"{place}/properties", name))
                for name, item in own["properties"].items()
            }
        if "items" in own:
            own["items"] = self(own["items"], f"{place}/items")
        for keyword in ("additionalProperties", "not"):
            if isinstance(own.get(keyword), Mapping):
                own[keyword] = self(own[keyword], f"{place}/{keyword}")
        return _one_null(own)


def _modern(schema: Schema, place: str) -> Schema:
    """One spelling for what OpenAPI 3.0 and 3.1 write differently."""
    types = schema.get("type")
    if isinstance(types, list):
        rest = [name for name in types if name != "null"] or ["null"]
        if len(rest) > 1:
            raise contradiction(f"several types at once: {', '.join(rest)}", place)
        schema["type"], schema["nullable"] = rest[0], len(rest) < len(types) or schema.get("nullable", False)
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    if schema.get("enum") == []:
        raise contradiction("an enum without values", place)
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)
    return schema


def _one_null(schema: Schema) -> Schema:
    """Fold null among a type's values into ``nullable``."""
    if schema.get("type") == "null":
        return {**{key: schema[key] for key in _ANNOTATIONS if key in schema}, **NULL}
    values = schema.get("enum")
    if isinstance(values, list) and None in values:
        schema["enum"] = [value for value in values if value is not None]
        schema["nullable"] = True
        if not schema["enum"]:
            return {**{key: schema[key] for key in _ANNOTATIONS if key in schema}, **NULL}
    if not schema.get("nullable"):
        schema.pop("nullable", None)
    return schema


def _united(keyword: str, members: Sequence[Schema], place: str) -> Schema:
    """A union of its members; null among them makes it nullable, and one alone is no union."""
    if not members:
        raise contradiction(f"{keyword} without members", place)
    real = [member for member in members if member.get("type") != "null"]
    nullable = len(real) < len(members) or any(member.get("nullable") for member in real)
    real = [{key: value for key, value in member.items() if key != "nullable"} for member in real]
    if not real:
        return dict(NULL)
    united = dict(real[0]) if len(real) == 1 else {keyword: real}
    return {**united, "nullable": True} if nullable else united


def merge(schemas: Sequence[Schema], place: str) -> Schema:
    """What satisfies all of several plain schemas. A later annotation wins.

    Raises:
        Failure: nothing can satisfy them all, or this room cannot say what does.
    """
    merged: Schema = {}
    nullable = [schema.get("nullable", False) for schema in schemas if _states_values(schema)]
    for schema in schemas:
        _check_closed(merged, schema, place)
        for keyword, value in schema.items():
            merged[keyword] = _both(keyword, merged[keyword], value, place) if keyword in merged else value
    merged.pop("nullable", None)
    if nullable and all(nullable):
        merged["nullable"] = True
    return _alone(merged, place)


def _alone(schema: Schema, place: str) -> Schema:
    """A union with what stands beside it worked into each member."""
    unions = [keyword for keyword in _UNIONS if keyword in schema]
    if not unions:
        return schema
    beside = {key: value for key, value in schema.items() if key not in unions and not is_note(key)}
    if len(unions) > 1:
        raise contradiction("anyOf and oneOf at once", place)
    if not beside:
        return schema
    members = [merge([beside, member], place) for member in schema[unions[0]]]
    return {unions[0]: members, **{key: value for key, value in schema.items() if is_note(key)}}


def is_note(keyword: str) -> bool:
    """Whether a keyword says something about a place rather than about the values allowed there."""
    return keyword in _ANNOTATIONS or keyword == "nullable" or keyword.startswith("x-")


def variants_of(schema: Schema) -> list[Schema]:
    """The members of a plain schema's union, or the schema alone."""
    for keyword in _UNIONS:
        if keyword in schema:
            return list(schema[keyword])
    return [schema]


def _states_values(schema: Schema) -> bool:
    return "type" in schema or "enum" in schema or any(keyword in schema for keyword in _UNIONS)


def _check_closed(one: Schema, other: Schema, place: str) -> None:
    """A closed object forbids what only its neighbour knows: no object can then satisfy both."""
    for closed, neighbour in ((one, other), (other, one)):
        if closed.get("additionalProperties") is not False:
            continue
        forbidden = neighbour.get("properties", {}).keys() - closed.get("properties", {}).keys()
        if forbidden:
            names = ", ".join(sorted(forbidden))
            raise contradiction(f"a closed object stands beside one that has {names}", place)


def _both(keyword: str, one: Any, other: Any, place: str) -> Any:
    """One keyword's value for schemas that must both hold."""
    if one == other or is_note(keyword):
        return other
    both = _BOTH[keyword](one, other, f"{place}/{keyword}") if keyword in _BOTH else None
    if both is None:
        raise contradiction(f"{keyword}: {json.dumps(one)} and {json.dumps(other)} must both hold", place)
    return both


def _both_properties(one: Schema, other: Schema, place: str) -> Schema:
    shared = {name: merge([one[name], other[name]], child(place, name)) for name in one if name in other}
    return {**one, **other, **shared}


def _both_rest(one: Any, other: Any, place: str) -> Any:
    if False in (one, other):
        return False
    return merge([{} if item is True else item for item in (one, other)], place)


# Keyword -> what satisfies both, or None when nothing does.
_BOTH: dict[str, Callable[[Any, Any, str], Any]] = {
    "additionalProperties": _both_rest,
    "enum": lambda one, other, _: [value for value in one if value in other] or None,
    "items": lambda one, other, place: merge([one, other], place),
    "properties": _both_properties,
    "required": lambda one, other, _: sorted({*one, *other}),
    "type": lambda one, other, _: "integer" if {one, other} == {"integer", "number"} else None,
    "uniqueItems": lambda one, other, _: one or other,
    **dict.fromkeys(_LOWER_BOUNDS, lambda one, other, _: max(one, other)),
    **dict.fromkeys(_UPPER_BOUNDS, lambda one, other, _: min(one, other)),
}


def _tidy(schema: Schema) -> Schema:
    """Drop keywords that cannot apply to the type, such as ``minItems`` on a string."""
    foreign = _FOREIGN.get(schema.get("type", ""))
    if foreign is None or foreign.isdisjoint(schema):
        return schema
    return {keyword: value for keyword, value in schema.items() if keyword not in foreign}


def contradiction(summary: str, place: str) -> Failure:
    """The failure for schemas that no value can satisfy."""
    return _refused("contradictory-schema", summary, place)


def _refused(rule: str, summary: str, place: str) -> Failure:
    detail = "No code can be emitted for it that means the same."
    fix = "Correct it in the overlay of this contract."
    return Failure([Finding(rule, Severity.ERROR, summary, pointer=place, detail=detail, fix=fix)])
