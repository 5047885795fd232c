"""Compare the fields of two objects: which came, which went, which has only got another name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pennyform.spec.diff.comparison.differences import Difference, changed, field_step, one_sided
from pennyform.spec.diff.schemas.nodes import Shape, describe, text

Pair = tuple[Shape, Shape]


def compare_names(before: Sequence[str], after: Sequence[str], both: Pair) -> Iterator[Difference]:
    """The fields that only one of two objects has.

    Args:
        before: the old object's fields, in its order.
        after: the new object's.
        both: the two objects.
    """
    removed = [name for name in before if name not in after]
    added = [name for name in after if name not in before]
    if _renamed(removed, added, before, after) and _alike(removed[0], added[0], both):
        inner = both[0].fields[removed[0]]
        steps = (field_step(removed[0]),)
        yield changed("field-renamed", removed[0], added[0], steps=steps, shapes=(inner, inner), owners=both)
        return
    yield from (_whole("field-removed", name, both) for name in removed)
    for name in added:
        kind = "required-field-added" if name in both[1].required else "field-added"
        yield _whole(kind, name, both)


def compare_required(name: str, both: Pair) -> Iterator[Difference]:
    """Whether a field that both objects have must be there."""
    old, new = both
    required = (name in old.required, name in new.required)
    if required[0] != required[1]:
        kind = "field-required" if required[1] else "field-optional"
        shapes = (old.fields[name], new.fields[name])
        yield Difference(
            kind, required[0], required[1], steps=(field_step(name),), shapes=shapes, owners=both
        )


def _renamed(removed: list[str], added: list[str], before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether one field went and another came in its place. Vendors keep the order when they rename."""
    if len(removed) != 1 or len(added) != 1:
        return False
    return list(before).index(removed[0]) == list(after).index(added[0])


def _alike(gone: str, come: str, both: Pair) -> bool:
    old, new = both
    return old.fields[gone] is new.fields[come] and (gone in old.required) == (come in new.required)


def _whole(kind: str, name: str, both: Pair) -> Difference:
    """A field of one object, identified by its name, type and null: what is in it may change on its own."""
    inner = both[0 if kind == "field-removed" else 1].fields[name]
    return one_sided(
        kind,
        describe(inner),
        delta=text([inner.types, inner.nullable]),
        steps=(field_step(name),),
        shapes=(inner, inner),
        owners=both,
    )
