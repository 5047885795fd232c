"""One mutation: a contract with one thing changed, and what a comparison must say about it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .anatomy import Anatomy, Operation, Pointer, Site

RANK = ["breaking", "attention", "additive"]
REMOVED = object()
"""Instead of a value: take it away."""


@dataclass(frozen=True)
class Mutation:
    """``kinds`` are those of the changes to be found, the first one the one that counts."""

    title: str
    document: dict[str, Any]
    kinds: tuple[str, ...]
    severity: str
    operations: frozenset[str]
    direction: str
    leaf: str = ""


Maker = Callable[[Anatomy, random.Random], Iterator[Mutation]]


def edited(document: Any, pointer: Pointer, value: Any) -> Any:
    """``document`` with ``value`` at a pointer; everything that is not on the way there is shared."""
    if not pointer:
        return value
    first, *rest = pointer
    copy = dict(document) if isinstance(document, dict) else list(document)
    if not rest and value is REMOVED:
        del copy[first]
        return copy
    inner = copy[first] if rest else None
    copy[first] = edited(inner, tuple(rest), value)
    return copy


def of_schema(
    anatomy: Anatomy,
    site: Site,
    value: Any,
    kinds: tuple[str, ...],
    *,
    sent: str,
    answered: str,
    leaf: str | None = None,
) -> Mutation:
    """A schema replaced by ``value``; ``sent`` and ``answered`` are the classes in the two directions."""
    directions = {direction for _, direction in site.users}
    classes = {"request": sent, "answer": answered}
    return Mutation(
        title=f"{kinds[0]} at /{'/'.join(map(str, site.pointer))}",
        document=edited(anatomy.document, site.pointer, value),
        kinds=kinds,
        severity=min((classes[direction] for direction in directions), key=RANK.index),
        operations=frozenset(operation for operation, _ in site.users),
        direction=directions.pop() if len(directions) == 1 else "both",
        leaf=site.name if leaf is None else leaf,
    )


def of_operation(
    anatomy: Anatomy,
    operation: Operation,
    raw: Any,
    kinds: tuple[str, ...],
    severity: str,
    direction: str,
    *,
    leaf: str = "",
) -> Mutation:
    """An operation replaced by ``raw``."""
    return Mutation(
        title=f"{kinds[0]} at {' '.join(map(str, operation.pointer))}",
        document=edited(anatomy.document, operation.pointer, raw),
        kinds=kinds,
        severity=severity,
        operations=frozenset([operation.id]),
        direction=direction,
        leaf=leaf,
    )
