"""Put shapes together: what satisfies several at once, and what satisfies one of several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from pennyform.spec.diff.schemas.nodes import ANYTHING, CLOSED, Mint, Shape, distinct
from pennyform.spec.document.json_types import JsonObject

_LOWER = frozenset({"minItems", "minLength", "minProperties"})
_UPPER = frozenset({"maxItems", "maxLength", "maxProperties"})
_NEVER = ("never",)  # no value has two types at once: kept visible, not mistaken for any type


def meet(one: Shape, other: Shape, mint: Mint) -> Shape:
    """What satisfies both. Of two annotations ``other``'s counts, and null is allowed when either says so.

    That is how the vendor writes a nullable field of a named type; a strict reading would never allow null.
    """
    if one is ANYTHING or one is other:
        return other
    if other is ANYTHING:
        return one
    met = mint.make(
        Shape(
            types=_types(one.types, other.types),
            nullable=one.nullable or other.nullable,
            values=_values(one.values, other.values),
            facts=_facts(one, other),
            fields=_fields(one, other, mint),
            required=one.required | other.required,
            rest=_rest(one.rest, other.rest, mint),
            items=meet(one.items or ANYTHING, other.items, mint) if other.items else one.items,
            unions=one.unions + tuple(union for union in other.unions if union not in one.unions),
            circle=one.circle or other.circle,
        )
    )
    mint.name(met, mint.origins(one) | mint.origins(other))
    return met


def unite(members: Iterable[Shape], mint: Mint) -> Shape:
    """What satisfies one of several, in the simplest form that means it."""
    variants = list(members)
    nullable = any(variant.nullable or variant.only_null for variant in variants)
    variants = [variant for variant in variants if not variant.only_null]
    variants = [mint.change(variant, nullable=False) if variant.nullable else variant for variant in variants]
    variants = distinct([inner for variant in variants for inner in _flat(variant)])
    if not variants:
        return mint.make(Shape(nullable=True, values=()))
    united = _joined(variants, mint)
    return mint.change(united, nullable=True) if nullable else united


def _flat(variant: Shape) -> Sequence[Shape]:
    """The variants of a union that says nothing else."""
    if len(variant.unions) == 1 and replace(variant, unions=()).silent:
        return variant.unions[0]
    return [variant]


def _joined(variants: list[Shape], mint: Mint) -> Shape:
    """One shape for several variants: types join types, values of one type join values."""
    if len(variants) == 1:
        return variants[0]
    if all(replace(variant, types=()).silent for variant in variants):
        return mint.make(Shape(types=tuple(sorted({name for variant in variants for name in variant.types}))))
    lists = all(variant.values and replace(variant, types=(), values=None).silent for variant in variants)
    if lists and len({variant.types for variant in variants}) == 1:
        values = {value for variant in variants for value in variant.values or ()}
        return mint.make(Shape(types=variants[0].types, values=tuple(sorted(values))))
    return mint.make(Shape(unions=(tuple(variants),)))


def _types(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    if not one or not other:
        return one or other
    # An integer is a number: where one side says number and the other integer, integers are left.
    widened = [{*names, "integer"} if "number" in names else {*names} for names in (one, other)]
    both = widened[0] & widened[1]
    return tuple(sorted(both - {"integer"} if {"number", "integer"} <= both else both)) or _NEVER


def _values(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if one is None or other is None:
        return other if one is None else one
    return tuple(value for value in one if value in other)


def _facts(one: Shape, other: Shape) -> JsonObject:
    facts = {**one.facts, **other.facts}
    for keyword in one.facts.keys() & other.facts.keys():
        facts[keyword] = _both(keyword, one.facts[keyword], other.facts[keyword])
    return facts


def _both(keyword: str, one: Any, other: Any) -> Any:
    if type(one) is type(other) and isinstance(one, int | tuple):
        if keyword in _LOWER or keyword == "minimum":
            return max(one, other)
        if keyword in _UPPER:
            return min(one, other)
        if keyword == "maximum":
            return min(one, other, key=lambda limit: (limit[0], not limit[1]))
    if keyword == "pattern" and one != other:
        return sorted({*_listed(one), *_listed(other)})
    return other


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _fields(one: Shape, other: Shape, mint: Mint) -> dict[str, Shape]:
    shared = {
        name: meet(one.fields[name], other.fields[name], mint) for name in one.fields if name in other.fields
    }
    return {**one.fields, **other.fields, **shared}


def _rest(one: Shape | str, other: Shape | str, mint: Mint) -> Shape | str:
    if CLOSED in (one, other):
        return CLOSED
    if isinstance(one, Shape) and isinstance(other, Shape):
        return meet(one, other, mint)
    return one if isinstance(one, Shape) else other
