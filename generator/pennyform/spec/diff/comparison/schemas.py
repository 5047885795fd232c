"""Compare two schemas all the way down. Each pair is compared once, however often it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from pennyform.spec.diff.comparison.constraints import compare_constraints
from pennyform.spec.diff.comparison.differences import (
    ADDITIONAL,
    ITEMS,
    Difference,
    changed,
    field_step,
    one_sided,
)
from pennyform.spec.diff.comparison.kinds import REQUEST
from pennyform.spec.diff.comparison.variants import compare_variants
from pennyform.spec.diff.schemas.node import (
    ANYTHING,
    CLOSED,
    OPEN,
    Pair,
    SchemaNode,
    SchemaPool,
    json_text,
    to_json_schema,
)
from pennyform.spec.diff.schemas.reader import SchemaReader, intersect

CompareSchemas = Callable[[SchemaNode, SchemaNode], tuple[Difference, ...]]
"""Compares two schemas all the way down."""


class SchemaComparison:
    """Compares schemas of one direction of two documents that were read with the same pool."""

    def __init__(self, pool: SchemaPool, old: SchemaReader, new: SchemaReader, direction: str) -> None:
        self._pool = pool
        self._readers = (old, new)
        # A field that exists in the other direction only.
        self._hidden = "readOnly" if direction == REQUEST else "writeOnly"
        self._known: dict[Pair, tuple[Difference, ...]] = {}
        self._visited: set[Pair] = set()

    def __call__(self, old: SchemaNode, new: SchemaNode) -> tuple[Difference, ...]:
        """The differences between two schemas, their places relative to the schemas."""
        if self._pool.is_cyclic(old) or self._pool.is_cyclic(new):
            differences = self._compare_cyclic((self._resolve(old, 0), self._resolve(new, 1)))
        else:
            differences = () if old is new else self._compare_once((old, new))
        # Each is reported at every place that leads to it, and there may be more ways than schemas.
        self._draw(1 + sum(1 + len(difference.steps) // 8 for difference in differences))
        return differences

    def _draw(self, steps: int) -> None:
        self._pool.budget.draw(steps, "comparing the contracts")

    def _compare_once(self, pair: Pair) -> tuple[Difference, ...]:
        if pair not in self._known:
            self._known[pair] = tuple(self._compare(*pair))
        return self._known[pair]

    def _compare_cyclic(self, pair: Pair) -> tuple[Difference, ...]:
        """Walk each pair of a cycle once.

        What differs depends on where the cycle is entered: only that is remembered.
        """
        if not self._visited:
            self._visited.add(pair)
            differences = self._compare_once(pair)
            self._visited.clear()
            return differences
        if pair in self._visited:
            return ()
        self._visited.add(pair)
        return tuple(self._compare(*pair))

    def _resolve(self, node: SchemaNode, side: int) -> SchemaNode:
        return self._readers[side].named(node.cycle) if node.cycle else node

    def _compare(self, old: SchemaNode, new: SchemaNode) -> Iterator[Difference]:
        if bool(old.unions) != bool(new.unions):
            # One side is a union: the other one counts as its only variant, and null is looked at apart.
            nullable = [self._pool.intern(SchemaNode(nullable=node.nullable)) for node in (old, new)]
            yield from compare_constraints(nullable[0], nullable[1])
            yield from compare_variants(self._variants(old), self._variants(new), self, self._draw)
            return
        differences = list(compare_constraints(old, new))
        yield from differences
        # Of two types, what one has inside says nothing about the other.
        if any(difference.kind.startswith("type-") for difference in differences):
            return
        yield from self._compare_fields(old, new)
        yield from self._compare_additional(old, new)
        if old.items or new.items:
            for difference in self(old.items or ANYTHING, new.items or ANYTHING):
                yield difference.below(ITEMS)
        yield from self._compare_unions(old, new)

    def _compare_fields(self, old: SchemaNode, new: SchemaNode) -> Iterator[Difference]:
        pair = (old, new)
        self._draw(len(old.fields) + len(new.fields))
        before, after = (
            [name for name, inner in node.fields.items() if not inner.constraints.get(self._hidden)]
            for node in pair
        )
        if before != after:
            yield from _compare_names(before, after, pair)
        remaining = frozenset(after)
        for name in before:
            if name not in remaining:
                continue
            inner = (old.fields[name], new.fields[name])
            if (name in old.required) != (name in new.required):
                kind = "field-required" if name in new.required else "field-optional"
                sides = (name in old.required, name in new.required)
                steps = (field_step(name),)
                yield Difference(kind, *sides, steps=steps, schemas=inner, owners=pair)
            for difference in self(*inner):
                yield difference.below(field_step(name), pair)

    def _compare_additional(self, old: SchemaNode, new: SchemaNode) -> Iterator[Difference]:
        """What undeclared fields may be."""
        if isinstance(old.additional, SchemaNode) and isinstance(new.additional, SchemaNode):
            for difference in self(old.additional, new.additional):
                yield difference.below(ADDITIONAL)
        elif old.additional != new.additional:
            kind = "object-closed" if new.additional == CLOSED or old.additional == OPEN else "object-opened"
            delta = json_text([old.additional == OPEN, new.additional == CLOSED])
            # As JSON Schema's additionalProperties says it.
            sides = [
                to_json_schema(side) if isinstance(side, SchemaNode) else side == OPEN
                for side in (old.additional, new.additional)
            ]
            yield Difference(kind, sides[0], sides[1], delta, schemas=(old, new))

    def _compare_unions(self, old: SchemaNode, new: SchemaNode) -> Iterator[Difference]:
        equal = {*map(frozenset, old.unions)} & {*map(frozenset, new.unions)}
        before, after = (
            [union for union in node.unions if frozenset(union) not in equal or self._pool.is_cyclic(node)]
            for node in (old, new)
        )
        for old_union, new_union in zip(before, after, strict=False):
            yield from compare_variants(old_union, new_union, self, self._draw)
        if len(before) != len(after):
            yield changed("constraint-changed", len(old.unions), len(new.unions), schemas=(old, new))

    def _variants(self, node: SchemaNode) -> tuple[SchemaNode, ...]:
        bare = self._pool.intern(replace(node, nullable=False, unions=node.unions[1:]))
        if not node.unions:
            return (bare,)
        return tuple(intersect(bare, variant, self._pool) for variant in node.unions[0])


def _compare_names(before: Sequence[str], after: Sequence[str], pair: Pair) -> Iterator[Difference]:
    """The fields that only one of two objects has, in the objects' order."""
    old, new = pair
    old_names, new_names = frozenset(before), frozenset(after)
    removed = [name for name in before if name not in new_names]
    added = [name for name in after if name not in old_names]
    # Vendors keep the order when they rename: one field went, and an equal one came in its place.
    if len(removed) == len(added) == 1 and before.index(removed[0]) == after.index(added[0]):
        gone, come = removed[0], added[0]
        inner = old.fields[gone]
        if inner is new.fields[come] and (gone in old.required) == (come in new.required):
            steps = (field_step(gone),)
            yield changed("field-renamed", gone, come, steps=steps, schemas=(inner, inner), owners=pair)
            return
    yield from (_field("field-removed", name, old.fields[name], pair) for name in removed)
    for name in added:
        kind = "required-field-added" if name in new.required else "field-added"
        yield _field(kind, name, new.fields[name], pair)


def _field(kind: str, name: str, inner: SchemaNode, owners: Pair) -> Difference:
    """A field of one object, identified by its name, type and null: what is in it may change on its own."""
    return one_sided(
        kind,
        to_json_schema(inner),
        delta=json_text([inner.types, inner.nullable]),
        steps=(field_step(name),),
        schemas=(inner, inner),
        owners=owners,
    )
