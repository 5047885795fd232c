"""Schemas as values to compare: what is equal is the same object, however it was written.

A :class:`SchemaNode` says what a schema allows, without references, ``allOf``, or the several forms of null.
A :class:`SchemaPool` makes them, each only once: two documents read with one pool share every node they have
in common, and comparing those costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pennyform.spec.document.budget import Budget
from pennyform.spec.document.json_types import Json, JsonObject

OPEN = "open"
CLOSED = "closed"
MOST_SHOWN = 1_000
"""Schemas within one that are shown with what stands in them, and values of one of them."""
_READING = "reading schemas"


# Equality by identity makes a pair of nodes a key that costs nothing to hash, however deep they are.
@dataclass(frozen=True, eq=False, slots=True)
class SchemaNode:
    """What one schema allows. Compared by identity; only a :class:`SchemaPool` makes one.

    Attributes:
        types: JSON's without null, sorted; empty for any.
        values: the allowed values as JSON text, sorted, None where they are free; empty where only null is
        left.
        constraints: limits, format, default and the like by keyword. ``minimum`` and ``maximum`` are pairs:
        the
            limit, and whether it is excluded.
        additional: what undeclared fields may be: ``open``, ``closed`` or a node.
        unions: each is a set of variants of which one applies.
        cycle: the component that a cyclic schema comes back to.
    """

    types: tuple[str, ...] = ()
    nullable: bool = False
    values: tuple[str, ...] | None = None
    constraints: Mapping[str, Json] = field(default_factory=dict)
    fields: Mapping[str, SchemaNode] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    additional: SchemaNode | str = OPEN
    items: SchemaNode | None = None
    unions: tuple[tuple[SchemaNode, ...], ...] = ()
    cycle: str = ""

    @property
    def only_null(self) -> bool:
        """Whether null is the only value."""
        return self.values == ()

    @property
    def is_empty(self) -> bool:
        """Whether the schema says nothing at all."""
        return self.values is None and not (
            self.types or self.nullable or self.constraints or self._has_structure
        )

    @property
    def is_trivial(self) -> bool:
        """Whether it says no more than a type, a format and null: too common to recognise it by."""
        return self.values is None and not self._has_structure and self.constraints.keys() <= {"format"}

    @property
    def _has_structure(self) -> bool:
        inner = self.fields or self.required or self.items or self.unions or self.cycle
        return bool(inner) or self.additional != OPEN


Pair = tuple[SchemaNode, SchemaNode]
"""A schema as it was and as it is."""

ANYTHING = SchemaNode()
"""The node of a schema that says nothing."""


class SchemaPool:
    """Interns nodes, and remembers which named schemas they came from."""

    def __init__(self) -> None:
        self.budget = Budget()
        """What the contracts deserve together; reading each of them adds to it."""
        self._nodes: dict[Hashable, SchemaNode] = {_key(ANYTHING): ANYTHING}
        self._origins: dict[SchemaNode, frozenset[str]] = {}
        self._cyclic: set[SchemaNode] = set()
        self.known: dict[Hashable, Json] = {}
        """What was read before, by its text and what that refers to; for the readers."""
        self.identities: dict[Hashable, int] = {}
        """A number for each text and what it refers to, as such graphs would be unfolded to compare them."""
        self.intersections: dict[Pair, SchemaNode] = {}
        """The intersections worked out before."""

    def intern(self, draft: SchemaNode) -> SchemaNode:
        """The one node that equals ``draft``, whose parts came from this pool."""
        self.budget.draw(1 + len(draft.fields) + len(draft.values or ()) + len(draft.unions), _READING)
        key = _key(draft)
        node = self._nodes.get(key)
        if node is None:
            self._nodes[key] = node = draft
            parts = [*draft.fields.values(), *(variant for union in draft.unions for variant in union)]
            parts += [part for part in (draft.additional, draft.items) if isinstance(part, SchemaNode)]
            if draft.cycle or any(part in self._cyclic for part in parts):
                self._cyclic.add(node)
        return node

    def without_null(self, node: SchemaNode) -> SchemaNode:
        """``node``, not nullable."""
        return self.set_nullable(node, nullable=False) if node.nullable else node

    def set_nullable(self, node: SchemaNode, *, nullable: bool) -> SchemaNode:
        """``node``, nullable or not; it comes from the same named schemas."""
        changed = self.intern(replace(node, nullable=nullable))
        self.add_origins(changed, self.origins(node))
        return changed

    def add_origins(self, node: SchemaNode, names: Iterable[str]) -> None:
        """Remember that ``node`` came from named schemas. A trivial one comes from everywhere."""
        if names and not node.is_trivial:
            origins = self._origins[node] = self.origins(node).union(names)
            self.budget.draw(1 + len(origins) // 8, _READING)

    def origins(self, node: SchemaNode) -> frozenset[str]:
        """The named schemas that a node was made from, as far as they say anything about it."""
        return self._origins.get(node, frozenset())

    @property
    def has_cycles(self) -> bool:
        """Whether any node contains itself."""
        return bool(self._cyclic)

    def is_cyclic(self, node: SchemaNode) -> bool:
        """Whether the node contains itself, so that being the same object does not prove being equal."""
        return node in self._cyclic


def _key(node: SchemaNode) -> Hashable:
    return (
        node.types,
        node.nullable,
        node.values,
        tuple(sorted((keyword, json_text(value)) for keyword, value in node.constraints.items())),
        tuple(node.fields.items()),  # their order tells a field that was renamed from one that came
        node.required,
        node.additional,
        node.items,
        frozenset(frozenset(union) for union in node.unions),
        node.cycle,
    )


def to_json_schema(node: SchemaNode) -> JsonObject:
    """A node as a JSON Schema (2020-12) for people and programs; below some levels and schemas only types."""
    return _Writer().write(node, 8)


class _Writer:
    """Writes one schema: what is shown of it has an end, whatever it unfolds to."""

    def __init__(self) -> None:
        self._schemas = 0

    def write(self, node: SchemaNode, depth: int) -> JsonObject:
        if node.cycle:
            return {"$ref": f"#/components/schemas/{node.cycle}"}
        self._schemas += 1
        schema: JsonObject = {}
        names = [*node.types, "null"] if node.nullable and node.types else list(node.types)
        if node.only_null:
            names = ["null"]
        if names:
            schema["type"] = names[0] if len(names) == 1 else names
        if node.values:
            choices = node.values[:MOST_SHOWN]
            self._schemas += len(choices) // 8
            schema["enum"] = [json.loads(value) for value in choices] + [None] * node.nullable
        for keyword, value in node.constraints.items():
            schema.update(constraint_as_keyword(keyword, value))
        inside = depth and self._schemas < MOST_SHOWN
        return schema | (self._structure(node, depth - 1) if inside else {})

    def _structure(self, node: SchemaNode, depth: int) -> JsonObject:
        schema: JsonObject = {}
        if node.fields:
            schema["properties"] = {name: self.write(inner, depth) for name, inner in node.fields.items()}
        if node.required:
            schema["required"] = sorted(node.required)
        if node.additional != OPEN:
            schema["additionalProperties"] = (
                self.write(node.additional, depth) if isinstance(node.additional, SchemaNode) else False
            )
        if node.items:
            schema["items"] = self.write(node.items, depth)
        unions = [{"anyOf": [self.write(variant, depth) for variant in union]} for union in node.unions]
        if len(unions) == 1:
            return schema | unions[0]
        return schema | ({"allOf": unions} if unions else {})


def constraint_as_keyword(keyword: str, value: Json) -> JsonObject:
    """A constraint of a node as JSON Schema writes it: an excluded limit has a keyword of its own."""
    if not isinstance(value, tuple):
        return {keyword: value}
    limit, excluded = value
    return {f"exclusive{keyword.capitalize()}" if excluded else keyword: limit}


def json_text(value: Json) -> str:
    """A text that is equal for equal JSON values, and different for ``true`` and ``1``."""
    return json.dumps(value, sort_keys=True)


def distinct(nodes: Sequence[SchemaNode]) -> list[SchemaNode]:
    """The nodes without repeats, in order."""
    return list(dict.fromkeys(nodes))
