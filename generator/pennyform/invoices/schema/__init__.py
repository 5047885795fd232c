"""Validation by the emitted JSON Schemas, and the messages for what they reject."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
Schema = dict[str, Any]
"""A JSON Schema of draft 07, with our own ``x-pennyform-…`` keywords."""


def per_schema(compute: Callable[[Schema], T]) -> Callable[[Schema], T]:
    """``compute``, done once for each schema, or part of one, of a kind of definition: these never change.

    Thousands of rows have one schema; what follows from it alone is not looked for in each of them.
    """
    known: dict[int, tuple[Schema, T]] = {}

    def computed(schema: Schema) -> T:
        entry = known.get(id(schema))
        if entry is None:
            # The schema is kept: another one could get the place in memory of one that is gone.
            entry = known[id(schema)] = (schema, compute(schema))
        return entry[1]

    return computed
