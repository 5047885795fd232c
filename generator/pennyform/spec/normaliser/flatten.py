"""Flatten schemas: references followed, ``allOf`` merged, every way to say null reduced to one.

A *flat* schema is an OpenAPI 3.0 schema with ``nullable`` as its only form of null, no ``allOf``, no
``$ref``, no null among its enum values, and a union (``anyOf`` or ``oneOf``) that stands alone, its members
flat. ``{"type": "null"}`` is the schema of null itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Mapping, Sequence

from pennyform.findings import Failure, Finding, Severity
from pennyform.spec.document.budget import Budget
from pennyform.spec.document.extensions import DECLARED
from pennyform.spec.document.json_types import Json, JsonObject, child
from pennyform.spec.document.references import follow
from pennyform.spec.normaliser.contract import Schema

NULL: Schema = {"type": "null"}
UNIONS = ("anyOf", "oneOf")
_ANNOTATIONS = ("default", "deprecated", "description", "readOnly", "writeOnly", DECLARED)
# Read apart from a schema's own keywords, or of no consequence for the values allowed.
_READ_APART = frozenset({"allOf", "discriminator", *UNIONS})
_LOWER_BOUNDS = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_UPPER_BOUNDS = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})
_KEYWORDS_OF_TYPE = {
    "array": ("items", "minItems", "maxItems", "uniqueItems"),
    "object": ("properties", "required", "additionalProperties", "minProperties", "maxProperties"),
    "string": ("pattern", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
# Type -> the keywords that cannot apply to it, such as minItems to a string.
_INAPPLICABLE = {
    kind: frozenset(
        keyword for other in _KEYWORDS_OF_TYPE.keys() - {kind} for keyword in _KEYWORDS_OF_TYPE[other]
    )
    for kind in (*_KEYWORDS_OF_TYPE, "boolean")
}
_SCHEMAS = "#/components/schemas/"
# Where the parts of a component stand that it extends.
_EXTENDING = re.compile(r"/components/schemas/([^/]+)(?:/allOf/\d+)+\Z")
_MERGING = "merging schemas"
_LONGEST_EXCERPT = 200
_INAPPLICABLE["integer"] = _INAPPLICABLE["number"]


class Flattener:
    """Flattens schemas of one document. Each named schema is worked out once."""

    def __init__(self, document: JsonObject, budget: Budget) -> None:
        self._document = document
        self._budget = budget
        # By name: the flat schema, and how many levels of schemas are in it; or why there is none.
        self._named: dict[str, tuple[Schema, int] | Failure] = {}
        self._open: list[str] = []
        self._aliases = _aliases(document.get("components", {}).get("schemas", {}))
        self._extensions = _extensions(document, self._aliases)
        self._depth = self._deepest = 0

    def flatten(self, schema: Json, pointer: str) -> Schema:
        """The flat form of ``schema``.

        Args:
            schema: an OpenAPI 3.0 or 3.1 schema of the document.
            pointer: the JSON Pointer of where it stands, for findings.

        Raises:
            Failure: a reference leads outside, to nothing or into a circle, parts contradict each other, or
                the budget is used up.
        """
        self._depth += 1
        self._note_depth(self._depth, pointer)
        try:
            return self._flatten(schema, pointer)
        finally:
            self._depth -= 1

    def _note_depth(self, depth: int, pointer: str) -> None:
        self._budget.check_depth(depth, pointer)
        self._deepest = max(self._deepest, depth)

    def _flatten(self, schema: Json, pointer: str) -> Schema:
        if not isinstance(schema, dict):
            if schema is True:
                return {}
            raise _contradiction(f"{json.dumps(schema)} is not a schema that values can satisfy", pointer)
        steps = 1 + sum(map(_length, schema.values()))
        self._budget.draw(steps, "following references", pointer)
        if "$ref" in schema:
            # As OpenAPI 3.1 has it; in 3.0 what stands beside a reference says nothing, and vendors mean it.
            target = self._referred(schema["$ref"], pointer)
            siblings = {key: schema[key] for key in schema if key != "$ref"}
            merged = merge([target, self.flatten(siblings, pointer)], pointer, self._budget)
            return {**merged, "nullable": True} if siblings.get("nullable") is True else merged
        if isinstance(schema.get("type"), list):
            types = [name for name in schema["type"] if name != "null"]
            if len(types) > 1:
                return self.flatten(_one_of_types(schema, types), pointer)
        keywords = self._own_keywords(schema, pointer)
        parts = self._members("allOf", schema, pointer)
        parts += [
            _union(
                keyword,
                self._tagged(self._members(keyword, schema, pointer), keyword, schema),
                pointer,
            )
            for keyword in UNIONS
            if keyword in schema
        ]
        merged = merge([*parts, keywords], pointer, self._budget) if parts else keywords
        # Beside parts, nullable says something about all of them, or it says nothing.
        if parts and keywords.get("nullable") and not _states_values(keywords):
            merged["nullable"] = True
        inapplicable = _INAPPLICABLE.get(merged.get("type", ""), frozenset())
        if inapplicable.isdisjoint(merged):
            return merged
        return {keyword: value for keyword, value in merged.items() if keyword not in inapplicable}

    def _members(self, keyword: str, schema: Schema, pointer: str) -> list[Schema]:
        members = enumerate(schema.get(keyword, []))
        return [self.flatten(member, child(child(pointer, keyword), index)) for index, member in members]

    def _tagged(self, members: list[Schema], keyword: str, schema: Schema) -> list[Schema]:
        """The members of a union with what its discriminator says of each: the values of a property."""
        discriminator = schema.get("discriminator")
        if not isinstance(discriminator, dict) or not isinstance(discriminator.get("propertyName"), str):
            return members
        name = discriminator["propertyName"]
        values: dict[str, list[str]] = {}
        for value, target in (discriminator.get("mapping") or {}).items():
            values.setdefault(str(target).rpartition("/")[2], []).append(value)
        tagged = []
        for raw, flat in zip(schema[keyword], members, strict=True):
            member = flat
            component = str(raw.get("$ref", "")).rpartition("/")[2] if isinstance(raw, dict) else ""
            property_ = member.get("properties", {}).get(name, {"type": "string"})
            if (
                component
                and "properties" in member
                and property_.get("type") == "string"
                and "enum" not in property_
            ):
                property_ = {**property_, "enum": values.get(component, [component])}
                member = {**member, "properties": {**member["properties"], name: property_}}
            tagged.append(member)
        return tagged

    def _referred(self, reference: Json, pointer: str) -> Schema:
        name, schema = follow(str(reference), self._document, pointer)
        base = self._aliases.get(name, name)
        if base in self._extensions:
            name, schema = follow(f"{_SCHEMAS}{base}", self._document, pointer)
        extending = _EXTENDING.match(pointer)
        if name in self._extensions and (extending is None or extending[1] not in self._extensions[name]):
            return self._one_of_extensions(name, schema, pointer)
        return self._component(name, schema, pointer)

    def _one_of_extensions(self, base: str, schema: Schema, pointer: str) -> Schema:
        """A base schema with a discriminator stands for those that extend it (OpenAPI 3.1.1, 4.8.25.1)."""
        discriminator = schema["discriminator"]
        mapped = {str(target).rpartition("/")[2] for target in (discriminator.get("mapping") or {}).values()}
        names = [*([base] if base in mapped else []), *self._extensions[base]]
        members = []
        for name in names:
            _, extension = follow(f"{_SCHEMAS}{name}", self._document, pointer)
            members.append(self._component(name, extension, pointer))
        union = {"oneOf": [{"$ref": f"{_SCHEMAS}{name}"} for name in names], "discriminator": discriminator}
        return _union("oneOf", self._tagged(members, "oneOf", union), pointer)

    def _component(self, name: str, schema: Json, pointer: str) -> Schema:
        if name in self._open:
            circle = " → ".join([*self._open[self._open.index(name) :], name])
            raise _failure("cyclic-schema", f"the schema contains itself: {circle}", pointer)
        if name in self._named:
            known = self._named[name]
            if isinstance(known, Failure):
                raise known
            flat, levels = known
            self._note_depth(self._depth + levels, pointer)
            return flat
        self._open.append(name)
        deepest, self._deepest = self._deepest, self._depth
        try:
            flat = self.flatten(schema, child("/components/schemas", name))
        except Failure as problem:
            self._named[name] = problem
            raise
        finally:
            self._open.pop()
        self._named[name] = (flat, self._deepest - self._depth)
        self._deepest = max(deepest, self._deepest)
        return flat

    def _own_keywords(self, schema: Schema, pointer: str) -> Schema:
        """The schema's own keywords, its inner schemas flat, null as ``nullable``."""
        keywords = _as_openapi_30({key: schema[key] for key in schema if key not in _READ_APART}, pointer)
        if "properties" in keywords:
            keywords["properties"] = {
                name: self.flatten(item, child(f"{pointer}/properties", name))
                for name, item in keywords["properties"].items()
            }
        if "items" in keywords:
            keywords["items"] = self.flatten(keywords["items"], f"{pointer}/items")
        for keyword in ("additionalProperties", "not"):
            if isinstance(keywords.get(keyword), dict):
                keywords[keyword] = self.flatten(keywords[keyword], f"{pointer}/{keyword}")
        only_null = {**{key: keywords[key] for key in _ANNOTATIONS if key in keywords}, **NULL}
        if keywords.get("type") == "null":
            return only_null
        if isinstance(keywords.get("enum"), list) and None in keywords["enum"]:
            keywords["enum"] = [value for value in keywords["enum"] if value is not None]
            keywords["nullable"] = True
            if not keywords["enum"]:
                return only_null
        if not keywords.get("nullable"):
            keywords.pop("nullable", None)
        return keywords


def _aliases(schemas: JsonObject) -> Mapping[str, str]:
    """The components that are nothing but a reference, each with the one that it stands for in the end."""
    targets = {
        name: schema["$ref"].removeprefix(_SCHEMAS)
        for name, schema in schemas.items()
        if isinstance(schema, dict) and schema.keys() == {"$ref"} and isinstance(schema["$ref"], str)
    }
    aliases: dict[str, str] = {}
    for name, first in targets.items():
        target, passed = first, {name}
        # A circle ends where it began: whoever follows it reports it.
        while target in targets and target not in passed:
            passed.add(target)
            target = targets[target]
        aliases[name] = target
    return aliases


def _extensions(document: JsonObject, aliases: Mapping[str, str]) -> Mapping[str, list[str]]:
    """The components that extend one with a discriminator by ``allOf``, however indirectly, by its name."""
    schemas = document.get("components", {}).get("schemas", {})
    parents = {
        name: {aliases.get(parent, parent) for parent in _extended(schema)}
        for name, schema in schemas.items()
        if isinstance(schema, dict)
    }
    bases = [
        name
        for name in parents
        if isinstance(schemas[name].get("discriminator"), dict)
        and isinstance(schemas[name]["discriminator"].get("propertyName"), str)
        and not any(union in schemas[name] for union in UNIONS)
    ]
    extensions: dict[str, list[str]] = {}
    for base in bases:
        extending = {base}
        while more := {name for name in parents.keys() - extending if extending & parents[name]}:
            extending |= more
        if len(extending) > 1:
            extensions[base] = sorted(extending - {base})
    return extensions


def _extended(schema: Schema) -> set[str]:
    """The components that a component extends: one that adds nothing to another only refers to it."""
    parts = schema.get("allOf") or []
    if not isinstance(parts, list) or (len(parts) == 1 and not schema.get("properties")):
        return set()
    references = [part.get("$ref") for part in parts if isinstance(part, dict)]
    return {ref.removeprefix(_SCHEMAS) for ref in references if isinstance(ref, str)}


def _as_openapi_30(schema: Schema, pointer: str) -> Schema:
    """One spelling for what OpenAPI 3.0 and 3.1 write differently: 3.0's, and ``enum`` for ``const``."""
    types = schema.get("type")
    if isinstance(types, list):
        real = next((name for name in types if name != "null"), "null")
        schema["type"], schema["nullable"] = real, "null" in types or schema.get("nullable", False)
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    if schema.get("enum") == []:
        raise _contradiction("an enum without values", pointer)
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)
    return schema


def _one_of_types(schema: Schema, types: Sequence[str]) -> Schema:
    """A schema of several types as the union of one for each; values that are listed state their types."""
    apart = {key: value for key, value in schema.items() if key in _READ_APART or is_annotation(key)}
    keywords_of_types = {key: value for key, value in schema.items() if key not in apart and key != "type"}
    if "null" in schema["type"]:
        apart["nullable"] = True
    if "enum" in keywords_of_types or "const" in keywords_of_types:
        return {**apart, **keywords_of_types}
    union = {"anyOf": [{**keywords_of_types, "type": name} for name in types]}
    annotations = {key: value for key, value in apart.items() if is_annotation(key)}
    keywords = {key: value for key, value in apart.items() if not is_annotation(key)}
    return {**annotations, "allOf": [union, keywords]} if keywords else {**annotations, **union}


def _union(keyword: str, members: Sequence[Schema], pointer: str) -> Schema:
    """A union of its members; null among them makes it nullable, and one alone is no union."""
    if not members:
        raise _contradiction(f"{keyword} without members", pointer)
    real = [member for member in members if member.get("type") != "null"]
    nullable = len(real) < len(members) or any(member.get("nullable") for member in real)
    real = [{key: value for key, value in member.items() if key != "nullable"} for member in real]
    if not real:
        return dict(NULL)
    union = dict(real[0]) if len(real) == 1 else {keyword: real}
    return {**union, "nullable": True} if nullable else union


def merge(schemas: Sequence[Schema], pointer: str, budget: Budget) -> Schema:
    """What satisfies all of several flat schemas. A later annotation wins.

    Raises:
        Failure: nothing can satisfy them all, this module cannot say what does, or the budget is used up.
    """
    merged: Schema = {}
    nullable = [schema.get("nullable", False) for schema in schemas if _states_values(schema)]
    for schema in schemas:
        budget.draw(1 + len(schema), _MERGING, pointer)
        _check_closed(merged, schema, pointer, budget)
        for keyword, value in schema.items():
            known = merged.get(keyword, value)
            if is_annotation(keyword) or equal(known, value, pointer, budget):
                merged[keyword] = value
                continue
            budget.draw(_length(known) + _length(value), _MERGING, pointer)
            merger = _MERGERS.get(keyword)
            both = merger(known, value, f"{pointer}/{keyword}", budget) if merger else None
            if both is None:
                sides = f"{_excerpt(known)} and {_excerpt(value)}"
                raise _contradiction(f"{keyword}: {sides} must both hold", pointer)
            merged[keyword] = both
    merged.pop("nullable", None)
    if nullable and all(nullable):
        merged["nullable"] = True
    unions = [keyword for keyword in UNIONS if keyword in merged]
    if len(unions) > 1:
        raise _contradiction("anyOf and oneOf at once", pointer)
    beside = {key: value for key, value in merged.items() if key not in unions and not is_annotation(key)}
    if not unions or not beside:
        return merged
    # A union stands alone: what stands beside it is worked into each of its members.
    members = [merge([beside, member], pointer, budget) for member in merged[unions[0]]]
    return {unions[0]: members, **{key: value for key, value in merged.items() if is_annotation(key)}}


def equal(left: Json, right: Json, pointer: str, budget: Budget) -> bool:
    """Whether two flat schemas, or parts of them, are equal: what they share is not unfolded for that.

    Raises:
        Failure: the budget is used up.
    """
    if left is right:
        return True
    if type(left) is not type(right) or not isinstance(left, dict | list):
        # A number may be written as an integer or not.
        return bool(left == right)
    budget.draw(1 + len(left), "comparing schemas", pointer)
    if len(left) != len(right):
        return False
    if isinstance(left, list):
        return all(equal(before, after, pointer, budget) for before, after in zip(left, right, strict=True))
    return all(key in right and equal(value, right[key], pointer, budget) for key, value in left.items())


def _length(value: Json) -> int:
    return len(value) if isinstance(value, dict | list) else 1


def _excerpt(value: Json) -> str:
    """The beginning of a value as JSON. A flat schema is not written out whole: it may unfold without end."""
    text = ""
    for part in json.JSONEncoder().iterencode(value):
        text += part
        if len(text) > _LONGEST_EXCERPT:
            return f"{text[:_LONGEST_EXCERPT]}…"
    return text


def is_annotation(keyword: str) -> bool:
    """Whether a keyword says something about a place rather than about the values allowed there."""
    return keyword in _ANNOTATIONS or keyword == "nullable" or keyword.startswith("x-")


def variants_of(schema: Schema) -> list[Schema]:
    """The members of a flat schema's union, or the schema alone."""
    for keyword in UNIONS:
        if keyword in schema:
            return list(schema[keyword])
    return [schema]


def _states_values(schema: Schema) -> bool:
    return "type" in schema or "enum" in schema or any(keyword in schema for keyword in UNIONS)


def _check_closed(left: Schema, right: Schema, pointer: str, budget: Budget) -> None:
    """A closed object forbids what only its neighbour knows: no object can then satisfy both."""
    for closed, neighbour in ((left, right), (right, left)):
        if closed.get("additionalProperties") is not False:
            continue
        budget.draw(_length(neighbour.get("properties")), _MERGING, pointer)
        forbidden = neighbour.get("properties", {}).keys() - closed.get("properties", {}).keys()
        if forbidden:
            names = ", ".join(sorted(forbidden))
            raise _contradiction(f"a closed object stands beside one that has {names}", pointer)


def _merge_properties(left: Schema, right: Schema, pointer: str, budget: Budget) -> Schema:
    shared = {
        name: merge([left[name], right[name]], child(pointer, name), budget) for name in left if name in right
    }
    return {**left, **right, **shared}


def _common_values(left: list[Json], right: list[Json]) -> list[Json] | None:
    keys = set(map(_value_key, right))
    return [value for value in left if _value_key(value) in keys] or None


def _value_key(value: Json) -> Hashable:
    """What is equal for equal JSON values: for 1 and 1.0, but not for 1 and true."""
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True), "text"
    return value, isinstance(value, bool)


# Keyword -> what satisfies both, or None when nothing does.
_MERGERS: dict[str, Callable[[Json, Json, str, Budget], Json]] = {
    "additionalProperties": lambda left, right, pointer, budget: (
        False not in (left, right)
        and merge([{} if item is True else item for item in (left, right)], pointer, budget)
    ),
    "enum": lambda left, right, *_: _common_values(left, right),
    "items": lambda left, right, pointer, budget: merge([left, right], pointer, budget),
    "properties": _merge_properties,
    "required": lambda left, right, *_: sorted({*left, *right}),
    "type": lambda left, right, *_: "integer" if {left, right} == {"integer", "number"} else None,
    "uniqueItems": lambda left, right, *_: left or right,
    # Both have to match somewhere in the text.
    "pattern": lambda left, right, *_: f"^(?=[\\s\\S]*(?:{left}))(?=[\\s\\S]*(?:{right}))",
    "not": lambda left, right, *_: {"anyOf": [left, right]},
    **dict.fromkeys(_LOWER_BOUNDS, lambda left, right, *_: max(left, right)),
    **dict.fromkeys(_UPPER_BOUNDS, lambda left, right, *_: min(left, right)),
}


def _contradiction(summary: str, pointer: str) -> Failure:
    """The failure for schemas that no value can satisfy."""
    return _failure("contradictory-schema", summary, pointer)


def _failure(rule: str, summary: str, pointer: str) -> Failure:
    detail = "No code can be emitted for it that means the same."
    fix = "Correct it in the overlay of this contract."
    return Failure([Finding(rule, Severity.ERROR, summary, pointer=pointer, detail=detail, fix=fix)])
