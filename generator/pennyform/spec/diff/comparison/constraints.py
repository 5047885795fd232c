"""Compare what two schemas say about one value: types, null, values, limits, format, annotations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pennyform.spec.diff.comparison.choices import CHOICES
from pennyform.spec.diff.comparison.differences import Difference, changed
from pennyform.spec.diff.schemas.nodes import Shape, bound, describe, text
from pennyform.spec.document.extensions import DECIMALS, DEFAULT, STABILITY

_LOWER = ("minItems", "minLength", "minProperties", "minimum")
_UPPER = ("maxItems", "maxLength", "maxProperties", "maximum", DECIMALS)
# Formats that decide what type a value has in a program: gaining or losing one is a change of type.
_TYPE_FORMATS = frozenset({"binary", "byte", "date", "date-time", "decimal", "time"})
# Whether a field is sent at all is what these two decide, see pennyform.spec.diff.comparison.schemas.
_ELSEWHERE = frozenset({"readOnly", "writeOnly"})


def compare_facets(old: Shape, new: Shape) -> Iterator[Difference]:
    """The differences of two schemas, without those of their inner schemas.

    A change of type is reported alone: what else differs then follows from it.
    """
    both = (old, new)
    if old.nullable != new.nullable:
        kind = "nullable-added" if new.nullable else "nullable-removed"
        yield changed(kind, old.nullable, new.nullable, shapes=both)
    if retyped := _retyped(old, new):
        yield Difference(retyped, describe(old), describe(new), text([old.types, new.types]), shapes=both)
        yield from _fact("deprecated", both)
        return
    yield from _values(old, new)
    for keyword in sorted((old.facts.keys() | new.facts.keys()) - _ELSEWHERE):
        yield from _fact(keyword, both)


def _retyped(old: Shape, new: Shape) -> str:
    """The kind of a change of type; empty when there is none."""
    before, after = _accepted(old.types), _accepted(new.types)
    if before == after:
        return ""
    if not after or (before and before < after):
        return "type-widened"
    if not before or after < before:
        return "type-narrowed"
    return "type-changed"


def _accepted(types: tuple[str, ...]) -> frozenset[str]:
    """The types of the values that fit: every integer is a number."""
    return frozenset({*types, "integer"} if "number" in types else types)


def _values(old: Shape, new: Shape) -> Iterator[Difference]:
    both = (old, new)
    if old.values == new.values:
        return
    if old.values is None or new.values is None:
        kind = "enum-introduced" if old.values is None else "enum-lifted"
        yield changed(kind, _listed(old.values), _listed(new.values), shapes=both)
        return
    removed = [value for value in old.values if value not in new.values]
    added = [value for value in new.values if value not in old.values]
    kind = "enum-values-replaced" if removed and added else f"enum-values-{'added' if added else 'removed'}"
    yield changed(kind, _listed(removed or None), _listed(added or None), shapes=both)


def _listed(values: Iterable[str] | None) -> list[Any] | None:
    return None if values is None else [json.loads(value) for value in values]


def _fact(keyword: str, both: tuple[Shape, Shape]) -> Iterator[Difference]:
    """The differences of one keyword."""
    old, new = (shape.facts.get(keyword) for shape in both)
    if text(old) == text(new):
        return
    if keyword in CHOICES:
        yield from CHOICES[keyword](old or {}, new or {}, both)
        return
    kind = _KINDS[keyword](keyword, old, new) if keyword in _KINDS else "constraint-changed"
    yield changed(kind, _stated(keyword, old), _stated(keyword, new), shapes=both)


def _stated(keyword: str, value: Any) -> Any:
    if value is None:
        return None
    return bound(keyword, value) if isinstance(value, tuple) else {keyword: value}


def _limit(keyword: str, old: Any, new: Any) -> str:
    if old is None or new is None:
        return "limit-narrowed" if old is None else "limit-widened"
    narrower = _strictness(keyword, new) > _strictness(keyword, old)
    return "limit-narrowed" if narrower else "limit-widened"


def _strictness(keyword: str, value: Any) -> tuple[float, bool]:
    limit, exclusive = value if isinstance(value, tuple) else (value, False)
    return (limit if keyword in _LOWER else -limit), exclusive


def _rule(keyword: str, old: Any, new: Any) -> str:
    """A pattern and its like: of two, none can be said to be narrower."""
    return _limit(keyword, old, new) if old is None or new is None else "limit-changed"


def _format(_: str, old: Any, new: Any) -> str:
    if (old and new) or _TYPE_FORMATS & {old, new}:
        return "format-changed"
    return "format-added" if new else "format-removed"


_KINDS: dict[str, Callable[[str, Any, Any], str]] = {
    **dict.fromkeys((*_LOWER, *_UPPER), _limit),
    **dict.fromkeys(("multipleOf", "pattern", "uniqueItems"), _rule),
    "default": lambda *_: "default-changed",
    "deprecated": lambda _keyword, _old, new: "deprecated" if new else "undeprecated",
    "format": _format,
    DEFAULT: lambda *_: "page-size-changed",
    STABILITY: lambda *_: "stability-changed",
}
