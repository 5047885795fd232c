"""Compare two schemas all the way down. Each pair is compared once, however often it is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pennyform.spec.diff.comparison.constraints import compare_facets
from pennyform.spec.diff.comparison.differences import ITEMS, REST, Difference, changed, field_step
from pennyform.spec.diff.comparison.fields import Pair, compare_names, compare_required
from pennyform.spec.diff.comparison.variants import compare_variants
from pennyform.spec.diff.report.kinds import REQUEST
from pennyform.spec.diff.schemas.combine import meet
from pennyform.spec.diff.schemas.nodes import (
    ANYTHING,
    CLOSED,
    OPEN,
    Mint,
    Shape,
    describe,
    text,
)
from pennyform.spec.diff.schemas.reader import SchemaReader


class SchemaComparison:
    """Compares schemas of one direction of two documents that were read with the same mint."""

    def __init__(self, mint: Mint, old: SchemaReader, new: SchemaReader, direction: str) -> None:
        self._mint = mint
        self._readers = (old, new)
        self._hidden = "readOnly" if direction == REQUEST else "writeOnly"
        self._known: dict[Pair, tuple[Difference, ...]] = {}
        self._walked: set[Pair] = set()

    def __call__(self, old: Shape, new: Shape) -> tuple[Difference, ...]:
        """The differences between two schemas, their places relative to the schemas."""
        if self._mint.cyclic(old) or self._mint.cyclic(new):
            return self._in_circle((self._inside(old, 0), self._inside(new, 1)))
        return () if old is new else self._once((old, new))

    def _once(self, pair: Pair) -> tuple[Difference, ...]:
        if pair not in self._known:
            self._known[pair] = tuple(self._compare(*pair))
        return self._known[pair]

    def _in_circle(self, pair: Pair) -> tuple[Difference, ...]:
        """Walk each pair of a circle once. What is found depends on the entrance: only that is remembered."""
        if not self._walked:
            self._walked.add(pair)
            found = self._once(pair)
            self._walked.clear()
            return found
        if pair in self._walked:
            return ()
        self._walked.add(pair)
        return tuple(self._compare(*pair))

    def _inside(self, shape: Shape, side: int) -> Shape:
        return self._readers[side].named(shape.circle) if shape.circle else shape

    def _compare(self, old: Shape, new: Shape) -> Iterator[Difference]:
        if bool(old.unions) != bool(new.unions):
            yield from self._against_union(old, new)
            return
        facets = list(compare_facets(old, new))
        yield from facets
        if any(found.kind.startswith("type-") for found in facets):
            return
        yield from self._fields(old, new)
        yield from self._rest(old, new)
        if old.items or new.items:
            for found in self(old.items or ANYTHING, new.items or ANYTHING):
                yield found.below(ITEMS)
        yield from self._unions(old, new)

    def _fields(self, old: Shape, new: Shape) -> Iterator[Difference]:
        both = (old, new)
        before, after = self._visible(old), self._visible(new)
        if before != after:
            yield from compare_names(before, after, both)
        for name in before:
            if name in after:
                yield from compare_required(name, both)
                for found in self(old.fields[name], new.fields[name]):
                    yield found.below(field_step(name), both)

    def _visible(self, shape: Shape) -> list[str]:
        """The fields that exist in this direction."""
        return [name for name, inner in shape.fields.items() if not inner.facts.get(self._hidden)]

    def _rest(self, old: Shape, new: Shape) -> Iterator[Difference]:
        """What undeclared fields may be."""
        if isinstance(old.rest, Shape) and isinstance(new.rest, Shape):
            for found in self(old.rest, new.rest):
                yield found.below(REST)
        elif old.rest != new.rest:
            kind = "object-closed" if new.rest == CLOSED or old.rest == OPEN else "object-opened"
            delta = text([old.rest == OPEN, new.rest == CLOSED])
            yield Difference(kind, _undeclared(old), _undeclared(new), delta, shapes=(old, new))

    def _unions(self, old: Shape, new: Shape) -> Iterator[Difference]:
        kept = {*map(frozenset, old.unions)} & {*map(frozenset, new.unions)}
        before = [union for union in old.unions if frozenset(union) not in kept or self._mint.cyclic(old)]
        after = [union for union in new.unions if frozenset(union) not in kept or self._mint.cyclic(new)]
        for one, other in zip(before, after, strict=False):
            yield from compare_variants(one, other, self)
        if len(before) != len(after):
            yield changed("constraint-changed", len(old.unions), len(new.unions), shapes=(old, new))

    def _against_union(self, old: Shape, new: Shape) -> Iterator[Difference]:
        """One side is a union: the other one counts as its only variant, and null is looked at apart."""
        yield from compare_facets(*(self._mint.make(Shape(nullable=shape.nullable)) for shape in (old, new)))
        before, after = (self._variants(shape) for shape in (old, new))
        yield from compare_variants(before, after, self)

    def _variants(self, shape: Shape) -> tuple[Shape, ...]:
        bare = self._mint.make(replace(shape, nullable=False, unions=shape.unions[1:]))
        if not shape.unions:
            return (bare,)
        return tuple(meet(bare, variant, self._mint) for variant in shape.unions[0])


def _undeclared(shape: Shape) -> object:
    """What undeclared fields may be, as JSON Schema's ``additionalProperties`` says it."""
    return describe(shape.rest) if isinstance(shape.rest, Shape) else shape.rest == OPEN
