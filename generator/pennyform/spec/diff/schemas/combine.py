"""Combine schemas: what satisfies several at once, and what satisfies one of several."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pennyform.spec.diff.schemas.node import ANYTHING, CLOSED, SchemaNode, SchemaPool, distinct
from pennyform.spec.document.json_types import Json

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
    values = right.values if left.values is None else left.values
    if left.values is not None and right.values is not None:
        values = tuple(value for value in left.values if value in right.values)
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
            unions=left.unions + tuple(union for union in right.unions if union not in left.unions),
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
