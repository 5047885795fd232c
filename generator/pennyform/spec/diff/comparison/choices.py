"""Compare what can be chosen from: filters with their operators, sorts, includes, values not to be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pennyform.spec.diff.comparison.differences import Difference, changed, field_step, one_sided
from pennyform.spec.diff.schemas.nodes import Shape, text
from pennyform.spec.document.extensions import DEPRECATED_VALUES, FILTERS, INCLUDES, SORTS
from pennyform.spec.document.json_types import JsonObject

Pair = tuple[Shape, Shape]


def _filters(old: JsonObject, new: JsonObject, both: Pair) -> Iterator[Difference]:
    """The fields that a list can be filtered by, and the operators of each."""
    for name in sorted(old.keys() | new.keys()):
        before, after = set(old.get(name, ())), set(new.get(name, ()))
        if name not in new or name not in old:
            kind = "filter-removed" if name not in new else "filter-added"
            yield _choice(kind, name, sorted(before or after), both)
            continue
        if before - after:
            yield _choice("filter-operators-removed", name, sorted(before - after), both)
        if after - before:
            yield _choice("filter-operators-added", name, sorted(after - before), both)


def _sorts(old: Any, new: Any, both: Pair) -> Iterator[Difference]:
    for name in sorted(set(old) ^ set(new)):
        yield _choice("sort-added" if name in new else "sort-removed", name, name, both)


def _includes(old: Any, new: Any, both: Pair) -> Iterator[Difference]:
    for name in sorted(set(old) ^ set(new)):
        yield _choice("include-added" if name in new else "include-removed", name, name, both)


def _deprecated_values(old: Any, new: Any, both: Pair) -> Iterator[Difference]:
    come, gone = sorted(set(new) - set(old)), sorted(set(old) - set(new))
    if come:
        yield changed("deprecated", None, come, shapes=both)
    if gone:
        yield changed("undeprecated", gone, None, shapes=both)


def _choice(kind: str, name: str, value: Any, both: Pair) -> Difference:
    return one_sided(kind, value, delta=text(value), steps=(field_step(name),), shapes=both)


CHOICES: dict[str, Callable[[Any, Any, Pair], Iterator[Difference]]] = {
    FILTERS: _filters,
    SORTS: _sorts,
    INCLUDES: _includes,
    DEPRECATED_VALUES: _deprecated_values,
}
"""By the extension that pinning puts on a schema."""
