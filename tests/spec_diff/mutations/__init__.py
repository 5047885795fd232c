"""Mutations of a contract, seeded: the breaking changes that no published contract has made yet."""

from __future__ import annotations

import random
from itertools import islice

from . import of_documents, of_fields, of_operations, of_values, of_variants
from .anatomy import Anatomy
from .mutation import Maker, Mutation

MAKERS: list[Maker] = [
    of_fields.removed,
    of_fields.renamed,
    of_fields.renamed_required,
    of_fields.renamed_out_of_order,
    of_fields.added,
    of_fields.added_first,
    of_fields.added_required,
    of_fields.required,
    of_fields.optional,
    of_fields.opened,
    of_fields.closed,
    of_fields.hidden_from_requests,
    of_fields.removed_from_a_variant,
    of_fields.added_to_a_variant,
    *of_values.MAKERS,
    of_variants.come,
    of_variants.gone,
    of_variants.moved,
    *of_operations.MAKERS,
    of_documents.elsewhere,
]


def mutations(anatomy: Anatomy, *, seed: int, each: int) -> list[Mutation]:
    """At most ``each`` mutations of every maker; the same ones for the same seed."""
    return [
        mutation
        for number, make in enumerate(MAKERS)
        for mutation in islice(make(anatomy, random.Random(f"{seed}/{number}")), each)
    ]


__all__ = ["MAKERS", "Anatomy", "Mutation", "mutations"]
