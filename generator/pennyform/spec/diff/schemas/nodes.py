"""Schemas as values to compare: what is equal is the same object, however it was written.

A :class:`Shape` says what a schema allows, without references, ``allOf``, or the several forms of null. A
:class:`Mint` makes them, each only once: two documents read with one mint share every shape they have in
common, and comparing those costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pennyform.spec.document.json_types import JsonObject

OPEN = "open"
CLOSED = "closed"


@dataclass(frozen=True, eq=False, slots=True)
class Shape:
    """What one schema allows. Compared by identity; only a :class:`Mint` makes one.

    ``types`` are JSON's without null, sorted; empty for any. ``values`` are the allowed values as JSON text,
    sorted, None where they are free; empty where only null is left. ``facts`` are limits, format, default and
    the like by keyword. ``rest`` is what undeclared fields may be: ``open``, ``closed`` or a shape. Each of
    ``unions`` is a set of variants of which one applies. ``circle`` is the component that a cyclic schema
    comes back to.
    """

    types: tuple[str, ...] = ()
    nullable: bool = False
    values: tuple[str, ...] | None = None
    facts: JsonObject = field(default_factory=dict)
    fields: Mapping[str, Shape] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    rest: Shape | str = OPEN
    items: Shape | None = None
    unions: tuple[tuple[Shape, ...], ...] = ()
    circle: str = ""

    @property
    def only_null(self) -> bool:
        """Whether null is the only value."""
        return self.values == ()

    @property
    def silent(self) -> bool:
        """Whether the shape says nothing at all."""
        return self.values is None and not (self.types or self.nullable or self.facts or self._structured)

    @property
    def plain(self) -> bool:
        """Whether the shape says no more than a type, a format and null: too common to recognise it by."""
        return self.values is None and not self._structured and self.facts.keys() <= {"format"}

    @property
    def _structured(self) -> bool:
        inner = self.fields or self.required or self.items or self.unions or self.circle
        return bool(inner) or self.rest != OPEN


ANYTHING = Shape()
"""The shape of a schema that says nothing."""


class Mint:
    """Makes shapes, each only once, and remembers which named schemas they came from."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[Any, ...], Shape] = {_key(ANYTHING): ANYTHING}
        self._origins: dict[Shape, frozenset[str]] = {}
        self._cyclic: set[Shape] = set()
        self.known: dict[Any, Any] = {}
        """What was read before, by its text and what that refers to; for the readers."""

    def make(self, draft: Shape) -> Shape:
        """The one shape that equals ``draft``, whose parts came from this mint."""
        key = _key(draft)
        shape = self._shapes.get(key)
        if shape is None:
            self._shapes[key] = shape = draft
            if draft.circle or any(part in self._cyclic for part in parts(draft)):
                self._cyclic.add(shape)
        return shape

    def change(self, shape: Shape, **facets: Any) -> Shape:
        """``shape`` with other facets."""
        changed = self.make(replace(shape, **facets))
        self.name(changed, self.origins(shape))
        return changed

    def name(self, shape: Shape, names: Iterable[str]) -> None:
        """Remember that ``shape`` came from named schemas. A plain shape comes from everywhere."""
        if names and not shape.plain:
            self._origins[shape] = self.origins(shape).union(names)

    def origins(self, shape: Shape) -> frozenset[str]:
        """The named schemas that a shape was made from, as far as they say anything about it."""
        return self._origins.get(shape, frozenset())

    @property
    def has_circles(self) -> bool:
        """Whether any shape contains itself."""
        return bool(self._cyclic)

    def cyclic(self, shape: Shape) -> bool:
        """Whether the shape contains itself, so that being the same object does not prove being equal."""
        return shape in self._cyclic


def parts(shape: Shape) -> list[Shape]:
    """The shapes directly inside a shape."""
    inner = [*shape.fields.values(), *(variant for union in shape.unions for variant in union)]
    inner += [part for part in (shape.rest, shape.items) if isinstance(part, Shape)]
    return inner


def describe(shape: Shape, *, depth: int = 8) -> JsonObject:
    """A shape as a JSON Schema (2020-12) for people and programs; below ``depth`` levels only types."""
    schema: JsonObject = {}
    if shape.circle:
        return {"$ref": f"#/components/schemas/{shape.circle}"}
    names = [*shape.types, "null"] if shape.nullable and shape.types else list(shape.types)
    if shape.only_null:
        names = ["null"]
    elif shape.values is not None:
        schema["enum"] = [json.loads(value) for value in shape.values] + [None] * shape.nullable
    if names:
        schema = {"type": names[0] if len(names) == 1 else names, **schema}
    for keyword, value in shape.facts.items():
        schema.update(bound(keyword, value) if isinstance(value, tuple) else {keyword: value})
    return schema | (_describe_parts(shape, depth - 1) if depth else {})


def _describe_parts(shape: Shape, depth: int) -> JsonObject:
    schema: JsonObject = {}
    if shape.fields:
        schema["properties"] = {name: describe(inner, depth=depth) for name, inner in shape.fields.items()}
    if shape.required:
        schema["required"] = sorted(shape.required)
    if shape.rest != OPEN:
        schema["additionalProperties"] = (
            describe(shape.rest, depth=depth) if isinstance(shape.rest, Shape) else False
        )
    if shape.items:
        schema["items"] = describe(shape.items, depth=depth)
    unions = [{"anyOf": [describe(variant, depth=depth) for variant in union]} for union in shape.unions]
    if len(unions) == 1:
        return schema | unions[0]
    return schema | ({"allOf": unions} if unions else {})


def bound(keyword: str, value: tuple[float, bool]) -> dict[str, float]:
    """``minimum`` and ``maximum`` are kept with whether they are exclusive; as keywords again."""
    limit, exclusive = value
    return {f"exclusive{keyword.capitalize()}" if exclusive else keyword: limit}


def text(value: Any) -> str:
    """A text that is equal for equal JSON values, and different for ``true`` and ``1``."""
    return json.dumps(value, sort_keys=True)


def _key(shape: Shape) -> tuple[Any, ...]:
    return (
        shape.types,
        shape.nullable,
        shape.values,
        tuple(sorted((keyword, text(value)) for keyword, value in shape.facts.items()))
        if shape.facts
        else (),
        tuple(shape.fields.items()),  # their order tells a field that was renamed from one that came
        shape.required,
        shape.rest,
        shape.items,
        frozenset(frozenset(union) for union in shape.unions),
        shape.circle,
    )


def distinct(shapes: Sequence[Shape]) -> list[Shape]:
    """The shapes without repeats, in order."""
    return list(dict.fromkeys(shapes))
