"""Compare the variants of two unions: which is which, what is new, what is gone, what has moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from pennyform.spec.diff.comparison.differences import Difference, changed, one_sided, variant_step
from pennyform.spec.diff.schemas.nodes import Shape, describe

# Below this, two variants have so little in common that one has gone and another has come.
_ALIKE = 1 / 3
_ADDITIONS = ("field-added", "required-field-added")

Compare = Callable[[Shape, Shape], tuple[Difference, ...]]


def compare_variants(old: Sequence[Shape], new: Sequence[Shape], compare: Compare) -> Iterator[Difference]:
    """The differences of two unions.

    What differs in every variant alike is reported once, without naming a variant.

    Args:
        old: the variants there were.
        new: the variants there are.
        compare: compares two schemas all the way down.
    """
    before, after = labels(old), labels(new)
    pairs = _pairs(old, new)
    for index, variant in enumerate(old):
        if index not in pairs:
            yield _whole("variant-removed", variant, before[index])
    for index, variant in enumerate(new):
        if index not in pairs.values():
            yield _whole("variant-added", variant, after[index])
    found = [
        (after[theirs], inner) for ours, theirs in pairs.items() for inner in compare(old[ours], new[theirs])
    ]
    yield from _in_common(found, max(len(old), len(new)))


def labels(variants: Sequence[Shape]) -> list[str]:
    """What tells the variants of a union apart: a constant, a field only one has, a type, or its number."""
    found = [_label(variant, [other for other in variants if other is not variant]) for variant in variants]
    return [
        label if label and found.count(label) == 1 else f"variant {number}"
        for number, label in enumerate(found, start=1)
    ]


def _label(variant: Shape, others: Sequence[Shape]) -> str:
    for name in sorted(_constants(variant)):
        value = _constants(variant)[name]
        if others and all(_constants(other).get(name, value) != value for other in others):
            return f"{name}={value}"
    for names in (sorted(variant.required), sorted(variant.fields)):
        for name in names:
            if not any(name in other.fields for other in others):
                return name
    return " or ".join(variant.types)


def _constants(shape: Shape) -> dict[str, str]:
    """The fields that can have one value only."""
    return {
        name: inner.values[0].strip('"')
        for name, inner in shape.fields.items()
        if inner.values is not None and len(inner.values) == 1
    }


def _whole(kind: str, variant: Shape, label: str) -> Difference:
    steps = (variant_step(label),)
    return one_sided(kind, describe(variant), delta=label, steps=steps, shapes=(variant, variant))


def _pairs(old: Sequence[Shape], new: Sequence[Shape]) -> dict[int, int]:
    """Which old variant became which new one: the same, else the most alike, the best match first."""
    scores = [
        (_likeness(variant, other), -ours, -theirs)
        for ours, variant in enumerate(old)
        for theirs, other in enumerate(new)
    ]
    pairs: dict[int, int] = {}
    for score, ours, theirs in sorted(scores, reverse=True):
        if score > _ALIKE and -ours not in pairs and -theirs not in pairs.values():
            pairs[-ours] = -theirs
    return pairs


def _likeness(one: Shape, other: Shape) -> float:
    """From 0, nothing in common, to 2, the same."""
    if one is other:
        return 2
    if one.fields and other.fields:
        shared = [name for name in one.fields if name in other.fields]
        alike = len(shared) / len({**one.fields, **other.fields})
        equal = sum(one.fields[name] is other.fields[name] for name in shared) / len(one.fields)
        agree = one.required == other.required and _constants(one) == _constants(other)
        return 0.8 * alike + 0.1 * equal + 0.1 * agree
    if "object" in (*one.types, *other.types) and one.types != other.types:
        return 0
    return 0.9 if one.types == other.types else 0.4


def _in_common(found: Sequence[tuple[str, Difference]], variants: int) -> Iterator[Difference]:
    """Differences of single variants under their names, those of all variants without."""
    counts = Counter((inner.kind, inner.steps, inner.delta) for _, inner in found)
    everywhere = {key for key, count in counts.items() if count == variants}
    seen = set()
    single = []
    for label, inner in found:
        key = (inner.kind, inner.steps, inner.delta)
        if key not in everywhere:
            single.append((label, inner))
        elif key not in seen:
            seen.add(key)
            yield inner
    yield from _with_moves(single)


def _with_moves(found: Sequence[tuple[str, Difference]]) -> Iterator[Difference]:
    """A field that left one variant and came to another has moved: one cause, not two."""
    left = list(found)
    for origin in [item for item in found if item[1].kind == "field-removed"]:
        arrivals = [item for item in left if item[0] != origin[0] and _same_field(origin[1], item[1])]
        if arrivals:
            left = [item for item in left if item is not origin and item is not arrivals[0]]
            moved = changed("field-moved", origin[0], arrivals[0][0])
            yield replace(origin[1], kind=moved.kind, old=moved.old, new=moved.new, delta=moved.delta)
    for label, inner in left:
        yield inner.below(variant_step(label))


def _same_field(gone: Difference, come: Difference) -> bool:
    return come.kind in _ADDITIONS and (come.steps, come.shapes) == (gone.steps, gone.shapes)
