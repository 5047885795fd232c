"""Schemas of a contract as interned nodes: reading, intersecting and uniting them."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import reduce

from pennyform.spec.diff.schemas.node import (
    ANYTHING,
    CLOSED,
    OPEN,
    SchemaNode,
    SchemaPool,
    distinct,
    json_text,
)
from pennyform.spec.document.budget import text_steps
from pennyform.spec.document.json_types import Json, JsonObject, child
from pennyform.spec.document.references import follow

_LOWER_BOUNDS = frozenset({"minItems", "minLength", "minProperties", "minimum"})
_UPPER_BOUNDS = frozenset({"maxItems", "maxLength", "maxProperties"})
_NEVER = ("never",)  # no value has two types at once: kept visible, not mistaken for any type


def intersect(left: SchemaNode, right: SchemaNode, pool: SchemaPool) -> SchemaNode:
    """What satisfies both. Of two annotations ``right``'s counts, and null is allowed when either says so.

    That is how the vendor writes a nullable field of a named type; a strict reading would never allow null.
    """
    if left is ANYTHING or left is right:
        return right
    if right is ANYTHING:
        return left
    # Each pair once: two graphs of schemas have far fewer pairs of nodes than ways that lead to them.
    node = pool.intersections.get((left, right))
    if node is None:
        node = pool.intersections[left, right] = _intersect(left, right, pool)
    return node


def _intersect(left: SchemaNode, right: SchemaNode, pool: SchemaPool) -> SchemaNode:
    pool.budget.draw(1 + len(left.fields) + len(right.fields), "merging schemas")
    values = right.values if left.values is None else left.values
    if left.values is not None and right.values is not None:
        allowed = frozenset(right.values)
        values = tuple(value for value in left.values if value in allowed)
    constraints = {**left.constraints, **right.constraints}
    for keyword in left.constraints.keys() & right.constraints.keys():
        constraints[keyword] = _stricter(keyword, left.constraints[keyword], right.constraints[keyword])
    shared = {
        name: intersect(field, right.fields[name], pool)
        for name, field in left.fields.items()
        if name in right.fields
    }
    node = pool.intern(
        SchemaNode(
            types=_common_types(left.types, right.types),
            nullable=left.nullable or right.nullable,
            values=values,
            constraints=constraints,
            fields={**left.fields, **right.fields, **shared},
            required=left.required | right.required,
            additional=_additional(left.additional, right.additional, pool),
            items=intersect(left.items or ANYTHING, right.items, pool) if right.items else left.items,
            unions=tuple(dict.fromkeys((*left.unions, *right.unions))),
            cycle=left.cycle or right.cycle,
        )
    )
    pool.add_origins(node, pool.origins(left) | pool.origins(right))
    return node


def _common_types(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
    if not left or not right:
        return left or right
    # An integer is a number: where one side says number and the other integer, integers are left.
    widened = [{*names, "integer"} if "number" in names else {*names} for names in (left, right)]
    both = widened[0] & widened[1]
    return tuple(sorted(both - {"integer"} if {"number", "integer"} <= both else both)) or _NEVER


def _stricter(keyword: str, left: Json, right: Json) -> Json:
    """Of one constraint that both state, the stricter one; of two patterns both."""
    if type(left) is type(right) and isinstance(left, int | tuple):
        if keyword in _LOWER_BOUNDS:
            return max(left, right)
        if keyword in _UPPER_BOUNDS:
            return min(left, right)
        if keyword == "maximum":
            return min(left, right, key=lambda limit: (limit[0], not limit[1]))
    if keyword == "pattern" and left != right:
        both = [
            *(left if isinstance(left, list) else [left]),
            *(right if isinstance(right, list) else [right]),
        ]
        return sorted(set(both))
    return right


def _additional(left: SchemaNode | str, right: SchemaNode | str, pool: SchemaPool) -> SchemaNode | str:
    if CLOSED in (left, right):
        return CLOSED
    if isinstance(left, SchemaNode) and isinstance(right, SchemaNode):
        return intersect(left, right, pool)
    return left if isinstance(left, SchemaNode) else right


def unite(members: Iterable[SchemaNode], pool: SchemaPool) -> SchemaNode:
    """What satisfies one of several, in the simplest form that means it."""
    variants = list(members)
    pool.budget.draw(1 + sum(1 + sum(map(len, variant.unions)) for variant in variants), "merging schemas")
    nullable = any(variant.nullable or variant.only_null for variant in variants)
    variants = [pool.without_null(variant) for variant in variants if not variant.only_null]
    # The variants of a union that says nothing else are variants of this one.
    variants = distinct(
        [
            inner
            for variant in variants
            for inner in (
                variant.unions[0]
                if len(variant.unions) == 1 and replace(variant, unions=()).is_empty
                else (variant,)
            )
        ]
    )
    if not variants:
        return pool.intern(SchemaNode(nullable=True, values=()))
    union = _simplest_union(variants, pool)
    return pool.set_nullable(union, nullable=True) if nullable else union


def _simplest_union(variants: list[SchemaNode], pool: SchemaPool) -> SchemaNode:
    """One node for several variants: types join types, values of one type join values."""
    if len(variants) == 1:
        return variants[0]
    if all(replace(variant, types=()).is_empty for variant in variants):
        types = {name for variant in variants for name in variant.types}
        return pool.intern(SchemaNode(types=tuple(sorted(types))))
    only_values = all(
        variant.values and replace(variant, types=(), values=None).is_empty for variant in variants
    )
    if only_values and len({variant.types for variant in variants}) == 1:
        values = {value for variant in variants for value in variant.values or ()}
        return pool.intern(SchemaNode(types=variants[0].types, values=tuple(sorted(values))))
    return pool.intern(SchemaNode(unions=(tuple(variants),)))


# Keywords that a node has a part of its own for; every other one is a constraint.
_STRUCTURE = frozenset(
    {
        *("$ref", "additionalProperties", "allOf", "anyOf", "const", "enum", "exclusiveMaximum"),
        *("exclusiveMinimum", "items", "maximum", "minimum", "nullable", "oneOf", "properties", "required"),
        "type",
    }
)
# What a keyword means when it is not there: saying so changes nothing.
_DEFAULTS = {"deprecated": False, "readOnly": False, "writeOnly": False, "uniqueItems": False, "minLength": 0}
_COMPONENTS = "#/components/"
# Whatever may be a reference in the text of a part; one too many does no harm.
_REFERENCE = re.compile(rf"{_COMPONENTS}[^'\"]+")
_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


class SchemaReader:
    """Reads the schemas of one document. Each named schema is worked out once."""

    def __init__(self, document: JsonObject, pool: SchemaPool) -> None:
        self._document = document
        self._pool = pool
        self._named: dict[str, SchemaNode] = {}
        self._open: set[str] = set()
        self._identities: dict[str, Hashable] = {}
        self._depth = 0

    def read(self, schema: Json) -> SchemaNode:
        """The node of a schema of this document, which may stand in another one of the same pool.

        Raises:
            Failure: a reference leads out of the document or to nothing.
        """
        identity = ("schema", self.identity(schema))
        if identity not in self._pool.known:
            self._pool.known[identity] = self._read(schema)
        node: SchemaNode = self._pool.known[identity]
        return node

    def identity(self, value: Json) -> Hashable:
        """What makes a part of the document the same as one of another: its text, and what that refers to.

        Most parts of two contracts are the same, and are then read only once.
        """
        # Of records as well as of JSON; it tells 1 from true.
        text = repr(value)
        self._pool.budget.draw(text_steps(text), "reading schemas")
        with self._deeper():
            identity = (text, *map(self._referred_identity, _REFERENCE.findall(text)))
        # As a number: identities that hold identities are graphs, which would be unfolded to compare them.
        return self._pool.identities.setdefault(identity, len(self._pool.identities))

    @contextmanager
    def _deeper(self, pointer: str = "") -> Iterator[None]:
        """One level further in."""
        self._depth += 1
        self._pool.budget.check_depth(self._depth, pointer)
        try:
            yield
        finally:
            self._depth -= 1

    def _referred_identity(self, reference: str) -> Hashable:
        kind, _, escaped = reference.removeprefix(_COMPONENTS).partition("/")
        name = escaped.replace("~1", "/").replace("~0", "~")
        components = self._document.get("components", {}).get(kind, {})
        if name not in components:
            return None
        if kind == "schemas":
            return self._referred(reference)
        if reference not in self._identities:
            self._identities[reference] = ()  # should it refer to itself
            self._identities[reference] = self.identity(components[name])
        return self._identities[reference]

    def named(self, name: str) -> SchemaNode:
        """The node of a component, for following a cycle."""
        return self._named.get(name, ANYTHING)

    def _read(self, schema: Json) -> SchemaNode:
        if not isinstance(schema, dict):
            return ANYTHING if schema is not False else self._pool.intern(SchemaNode(values=()))
        parts = [self._referred(str(schema["$ref"]))] if "$ref" in schema else []
        parts += [self._read(member) for member in schema.get("allOf", ())]
        for keyword in ("anyOf", "oneOf"):
            if schema.get(keyword):
                parts.append(unite([self._read(member) for member in schema[keyword]], self._pool))
        # All of them must hold. Of two annotations the last counts: the schema's own keywords win.
        parts.append(self._own_keywords(schema))
        return reduce(lambda node, part: intersect(node, part, self._pool), parts)

    def _referred(self, reference: str) -> SchemaNode:
        name, schema = follow(reference, self._document, "")
        if name in self._open:
            return self._pool.intern(SchemaNode(cycle=name))
        if name not in self._named:
            self._open.add(name)
            with self._deeper(child("/components/schemas", name)):
                node = self.read(schema)
            self._open.discard(name)
            self._pool.add_origins(node, [name])
            self._named[name] = node
        return self._named[name]

    def _own_keywords(self, schema: JsonObject) -> SchemaNode:
        declared = schema.get("type")
        names = declared if isinstance(declared, list) else [] if declared is None else [declared]
        types = tuple(sorted({str(name) for name in names if name != "null"}))
        enum = schema.get("enum", [schema["const"]] if "const" in schema else None)
        values = [_number(value) for value in enum if value is not None] if isinstance(enum, list) else None
        null = "null" in names or (isinstance(enum, list) and None in enum)
        if values and not types:
            types = tuple(sorted({_JSON_TYPES[type(value)] for value in values}))
        texts = None if values is None else tuple(sorted(set(map(json_text, values))))
        additional: SchemaNode | str = CLOSED
        if schema.get("additionalProperties") is not False:
            node = self._read(schema.get("additionalProperties", True))
            additional = OPEN if node is ANYTHING else node
        return self._pool.intern(
            SchemaNode(
                types=types,
                nullable=bool(schema.get("nullable")) or null,
                values=() if null and not types and not values else texts,
                constraints=_constraints(schema),
                fields={name: self._read(inner) for name, inner in schema.get("properties", {}).items()},
                required=frozenset(map(str, schema.get("required", ()))),
                additional=additional,
                items=self._read(schema["items"]) if "items" in schema else None,
            )
        )


def _constraints(schema: JsonObject) -> JsonObject:
    constraints = {
        keyword: _number(value)
        for keyword, value in schema.items()
        if keyword not in _STRUCTURE and not (keyword in _DEFAULTS and _DEFAULTS[keyword] == value)
    }
    lowest, highest = _bounds(schema, "minimum"), _bounds(schema, "maximum")
    if lowest:
        constraints["minimum"] = max(lowest)
    if highest:
        constraints["maximum"] = min(highest, key=lambda limit: (limit[0], not limit[1]))
    return constraints


def _bounds(schema: JsonObject, keyword: str) -> list[tuple[float, bool]]:
    """The bounds of one side and whether they exclude their limit, as OpenAPI 3.0 or 3.1 says it."""
    limit, exclusive = schema.get(keyword), schema.get(f"exclusive{keyword.capitalize()}")
    bounds: list[tuple[Json, bool]] = [(limit, exclusive is True), (exclusive, True)]
    return [(_number(value), excluded) for value, excluded in bounds if type(value) in (int, float)]


def _number(value: Json) -> Json:
    """JSON's ``9.0`` and ``9`` are the same number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
