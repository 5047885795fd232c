"""Compare the variants of two unions: which is which, what is new, what is gone, what has moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from pennyform.spec.diff.comparison.differences import Difference, changed, one_sided, variant_step
from pennyform.spec.diff.schemas.node import SchemaNode, to_json_schema

# Below this, two variants have so little in common that one has gone and another has come.
_ALIKE = 1 / 3
_ADDITIONS = ("field-added", "required-field-added")


def compare_variants(
    old: Sequence[SchemaNode],
    new: Sequence[SchemaNode],
    compare: Callable[[SchemaNode, SchemaNode], tuple[Difference, ...]],
    draw: Callable[[int], None],
) -> Iterator[Difference]:
    """The differences of two unions.

    What differs in every variant alike is reported once, without naming a variant.

    Args:
        old: the variants there were.
        new: the variants there are.
        compare: compares two schemas all the way down.
        draw: takes steps from the budget: each variant is compared with all others.
    """
    draw((len(old) + len(new)) * sum(1 + len(variant.fields) for variant in (*old, *new)))
    before, after = variant_labels(old), variant_labels(new)
    pairs = _pair_variants(old, new)
    come = set(pairs.values())
    for index, variant in enumerate(old):
        if index not in pairs:
            yield _variant("variant-removed", variant, before[index])
    for index, variant in enumerate(new):
        if index not in come:
            yield _variant("variant-added", variant, after[index])
    labelled = [
        # The same label whichever side is the old one.
        (min(before[old_index], after[new_index], key=_label_order), difference)
        for old_index, new_index in pairs.items()
        for difference in compare(old[old_index], new[new_index])
    ]
    counts = Counter((inner.kind, inner.steps, inner.delta) for _, inner in labelled)
    reported = set()
    single = []
    for label, inner in labelled:
        key = (inner.kind, inner.steps, inner.delta)
        if counts[key] != max(len(old), len(new)):
            single.append((label, inner))
        elif key not in reported:
            reported.add(key)
            yield inner
    draw(sum(inner.kind == "field-removed" for _, inner in single) * len(single))
    yield from _with_moves(single)


def variant_labels(variants: Sequence[SchemaNode]) -> list[str]:
    """What tells the variants of a union apart: a constant, a field only one has, a type, or its number."""
    constants = {variant: _constants(variant) for variant in variants}
    labels = [
        _label(variant, [other for other in variants if other is not variant], constants)
        for variant in variants
    ]
    counts = Counter(labels)
    return [
        label if label and counts[label] == 1 else f"variant {number}"
        for number, label in enumerate(labels, start=1)
    ]


def _label_order(label: str) -> tuple[bool, bool, str]:
    """Which of two labels says more: a constant, a field or a type, then a mere number."""
    return "=" not in label, label.startswith("variant "), label


def _label(
    variant: SchemaNode, siblings: Sequence[SchemaNode], constants: Mapping[SchemaNode, Mapping[str, str]]
) -> str:
    for name, value in sorted(constants[variant].items()):
        if siblings and all(constants[sibling].get(name, value) != value for sibling in siblings):
            return f"{name}={value}"
    for names in (sorted(variant.required), sorted(variant.fields)):
        for name in names:
            if not any(name in sibling.fields for sibling in siblings):
                return name
    return " or ".join(variant.types)


def _constants(node: SchemaNode) -> dict[str, str]:
    """The fields that can have one value only."""
    return {
        name: inner.values[0].strip('"')
        for name, inner in node.fields.items()
        if inner.values is not None and len(inner.values) == 1
    }


def _variant(kind: str, variant: SchemaNode, label: str) -> Difference:
    steps = (variant_step(label),)
    return one_sided(kind, to_json_schema(variant), delta=label, steps=steps, schemas=(variant, variant))


def _pair_variants(old: Sequence[SchemaNode], new: Sequence[SchemaNode]) -> dict[int, int]:
    """Which old variant became which new one: the same, else the most alike, the best match first."""
    scores = [
        # Of equal scores, the variants that stand first.
        (_likeness(variant, other), -old_index, -new_index)
        for old_index, variant in enumerate(old)
        for new_index, other in enumerate(new)
    ]
    pairs: dict[int, int] = {}
    paired: set[int] = set()
    for score, old_index, new_index in sorted(scores, reverse=True):
        if score > _ALIKE and -old_index not in pairs and new_index not in paired:
            pairs[-old_index] = -new_index
            paired.add(new_index)
    return pairs


def _likeness(old: SchemaNode, new: SchemaNode) -> float:
    """From 0, nothing in common, to 2, the same."""
    if old is new:
        return 2
    if old.fields and new.fields:
        shared = [name for name in old.fields if name in new.fields]
        alike = len(shared) / len({**old.fields, **new.fields})
        equal = sum(old.fields[name] is new.fields[name] for name in shared) / len(old.fields)
        agree = old.required == new.required and _constants(old) == _constants(new)
        return 0.8 * alike + 0.1 * equal + 0.1 * agree
    if "object" in (*old.types, *new.types) and old.types != new.types:
        return 0
    return 0.9 if old.types == new.types else 0.4


def _with_moves(labelled: Sequence[tuple[str, Difference]]) -> Iterator[Difference]:
    """Differences of single variants; a field that left one and came to another has moved."""
    remaining = list(labelled)
    for origin in [item for item in labelled if item[1].kind == "field-removed"]:
        label, removed = origin
        arrival = next(
            (
                item
                for item in remaining
                if item[0] != label
                and item[1].kind in _ADDITIONS
                and (item[1].steps, item[1].schemas) == (removed.steps, removed.schemas)
            ),
            None,
        )
        if arrival:
            remaining = [item for item in remaining if item is not origin and item is not arrival]
            moved = changed("field-moved", label, arrival[0])
            yield replace(removed, kind=moved.kind, old=moved.old, new=moved.new, delta=moved.delta)
    for label, difference in remaining:
        yield difference.below(variant_step(label))
