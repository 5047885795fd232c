"""Compare what two schemas say about one value: types, null, values, limits, format, annotations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from pennyform.spec.diff.comparison.differences import Difference, changed, field_step, one_sided
from pennyform.spec.diff.schemas.node import (
    Pair,
    SchemaNode,
    constraint_as_keyword,
    json_text,
    to_json_schema,
)
from pennyform.spec.document.extensions import (
    DECIMALS,
    DEFAULT,
    DEPRECATED_VALUES,
    FILTERS,
    INCLUDES,
    SORTS,
    STABILITY,
    UNKNOWN,
)
from pennyform.spec.document.json_types import Json, JsonObject

_LOWER_BOUNDS = ("minItems", "minLength", "minProperties", "minimum")
_UPPER_BOUNDS = ("maxItems", "maxLength", "maxProperties", "maximum", DECIMALS)
# Formats that decide what type a value has in a program: gaining or losing one is a change of type.
_TYPE_FORMATS = frozenset({"binary", "byte", "date", "date-time", "decimal", "time"})
# Formats of numbers whose second one has every value of the first: what was sent still fits.
_WIDENING_FORMATS = frozenset({("int32", "int64"), ("float", "double")})
# Whether a field is sent at all is what these two decide, see pennyform.spec.diff.comparison.schemas.
_DIRECTIONS = frozenset({"readOnly", "writeOnly"})


def compare_constraints(old: SchemaNode, new: SchemaNode) -> Iterator[Difference]:
    """The differences of two schemas, without those of their inner schemas.

    A change of type is reported alone: what else differs then follows from it.
    """
    pair = (old, new)
    if old.nullable != new.nullable:
        kind = "nullable-added" if new.nullable else "nullable-removed"
        yield changed(kind, old.nullable, new.nullable, schemas=pair)
    type_change = _type_change(old, new)
    if type_change:
        delta = json_text([old.types, new.types])
        yield Difference(type_change, to_json_schema(old), to_json_schema(new), delta, schemas=pair)
        # Not a consequence of the type: somebody wrote it.
        yield from _compare_keyword("deprecated", pair)
        return
    yield from _compare_values(old, new)
    for keyword in sorted((old.constraints.keys() | new.constraints.keys()) - _DIRECTIONS):
        yield from _compare_keyword(keyword, pair)


def _type_change(old: SchemaNode, new: SchemaNode) -> str:
    """The kind of a change of type; empty when there is none."""
    # The types of the values that fit: every integer is a number.
    before, after = (
        frozenset({*node.types, "integer"} if "number" in node.types else node.types) for node in (old, new)
    )
    if before == after:
        return ""
    if not after or (before and before < after):
        return "type-widened"
    if not before or after < before:
        return "type-narrowed"
    return "type-changed"


def _compare_values(old: SchemaNode, new: SchemaNode) -> Iterator[Difference]:
    if old.values == new.values:
        return
    if old.values is None or new.values is None:
        kind = "enum-introduced" if old.values is None else "enum-lifted"
        before, after = old.values, new.values
    else:
        old_values, new_values = frozenset(old.values), frozenset(new.values)
        before = tuple(value for value in old.values if value not in new_values) or None
        after = tuple(value for value in new.values if value not in old_values) or None
        kind = (
            "enum-values-replaced" if before and after else f"enum-values-{'added' if after else 'removed'}"
        )
    sides = [None if texts is None else [json.loads(text) for text in texts] for texts in (before, after)]
    yield changed(kind, sides[0], sides[1], schemas=(old, new))


def _compare_keyword(keyword: str, pair: Pair) -> Iterator[Difference]:
    """The differences of one keyword."""
    old, new = (node.constraints.get(keyword) for node in pair)
    if json_text(old) == json_text(new):
        return
    if keyword == FILTERS:
        yield from _compare_filters(old or {}, new or {}, pair)
    elif keyword in (SORTS, INCLUDES):
        choice = "sort" if keyword == SORTS else "include"
        for name in sorted({*(old or ())} ^ {*(new or ())}):
            kind = f"{choice}-added" if name in (new or ()) else f"{choice}-removed"
            yield _choice(kind, name, name, pair)
    elif keyword == DEPRECATED_VALUES:
        added, removed = sorted({*(new or ())} - {*(old or ())}), sorted({*(old or ())} - {*(new or ())})
        if added:
            yield changed("deprecated", None, added, schemas=pair)
        if removed:
            yield changed("undeprecated", removed, None, schemas=pair)
    else:
        kind = _KINDS[keyword](keyword, old, new) if keyword in _KINDS else "constraint-changed"
        sides = [None if side is None else constraint_as_keyword(keyword, side) for side in (old, new)]
        yield changed(kind, sides[0], sides[1], schemas=pair)


def _compare_filters(old: JsonObject, new: JsonObject, pair: Pair) -> Iterator[Difference]:
    """The fields that a list can be filtered by, and the operators of each."""
    for name in sorted(old.keys() | new.keys()):
        before, after = {*old.get(name, ())}, {*new.get(name, ())}
        if name not in new or name not in old:
            kind = "filter-removed" if name not in new else "filter-added"
            yield _choice(kind, name, sorted(before or after), pair)
            continue
        if before - after:
            yield _choice("filter-operators-removed", name, sorted(before - after), pair)
        if after - before:
            yield _choice("filter-operators-added", name, sorted(after - before), pair)


def _choice(kind: str, name: str, value: Json, pair: Pair) -> Difference:
    return one_sided(kind, value, delta=json_text(value), steps=(field_step(name),), schemas=pair)


def _limit_kind(keyword: str, old: Json, new: Json) -> str:
    if old is None or new is None:
        return "limit-narrowed" if old is None else "limit-widened"
    narrower = _strictness(keyword, new) > _strictness(keyword, old)
    return "limit-narrowed" if narrower else "limit-widened"


def _strictness(keyword: str, value: Json) -> tuple[float, bool]:
    limit, excluded = value if isinstance(value, tuple) else (value, False)
    return (limit if keyword in _LOWER_BOUNDS else -limit), excluded


def _format_kind(_: str, old: Json, new: Json) -> str:
    if (old, new) in _WIDENING_FORMATS:
        return "format-widened"
    if (new, old) in _WIDENING_FORMATS:
        return "format-narrowed"
    if old and new:
        return "format-changed"
    prefix = "type-" if _TYPE_FORMATS & {old, new} else ""
    return f"{prefix}format-added" if new else f"{prefix}format-removed"


_KINDS: dict[str, Callable[[str, Json, Json], str]] = {
    **dict.fromkeys((*_LOWER_BOUNDS, *_UPPER_BOUNDS), _limit_kind),
    # Of two patterns and their like, none can be said to be narrower.
    **dict.fromkeys(
        ("multipleOf", "pattern", "uniqueItems"),
        lambda keyword, old, new: _limit_kind(keyword, old, new) if None in (old, new) else "limit-changed",
    ),
    "default": lambda *_: "default-changed",
    "deprecated": lambda _keyword, _old, new: "deprecated" if new else "undeprecated",
    "format": _format_kind,
    DEFAULT: lambda *_: "page-size-changed",
    UNKNOWN: lambda *_: "unknown-keyword-changed",
    STABILITY: lambda *_: "stability-changed",
}
