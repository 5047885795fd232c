"""Changes the vendor has not made yet: each is found once, with its class, its place and its operations."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from pennyform.spec.diff import Change
from pennyform.spec.diff.compare import Baseline

from .history import contract
from .mutations import MAKERS, Anatomy, Mutation, mutations

SEED = 20260720
EACH = 6


@cache
def made() -> list[Mutation]:
    return mutations(Anatomy(contract("company-2026-07-20")), seed=SEED, each=EACH)


def test_there_are_enough_of_them() -> None:
    kinds = Counter(mutation.kinds[0] for mutation in made())
    assert len(made()) >= 500
    assert len(kinds) >= 50
    assert len(MAKERS) >= 80


def _wrong(mutation: Mutation, changes: list[Change]) -> str:
    """What is wrong with the changes found for a mutation; empty when nothing is."""
    if tuple(change.kind for change in changes) != mutation.kinds:
        return f"kinds {[(change.kind, change.path) for change in changes]}"
    first = changes[0]
    expected = (mutation.severity, mutation.direction, sorted(mutation.operations))
    found = (str(first.severity), first.direction, sorted(first.operations))
    if found != expected:
        return f"{found} instead of {expected}"
    if not first.path.endswith(mutation.leaf):
        return f"path {first.path} instead of …{mutation.leaf}"
    return ""


@pytest.mark.parametrize("part", range(4))
def test_each_is_found_for_what_it_is(part: int) -> None:
    baseline = Baseline(contract("company-2026-07-20"))
    wrong = {
        mutation.title: problem
        for mutation in made()[part::4]
        if (problem := _wrong(mutation, baseline.compare(mutation.document)))
    }
    assert wrong == {}
