"""Changes the vendor has not made yet: each is found once, with its class, its place and its operations."""

from __future__ import annotations

from functools import cache

import pytest
from pennyform.spec.diff import Baseline, Change

from .history import contract
from .mutations import MAKERS, Anatomy, Mutation, mutations

SEED = 20260720
EACH = {"company-2026-07-20": 6, "firm-2026-07-20": 2}
PARTS = 4


@cache
def made(name: str) -> list[Mutation]:
    return mutations(Anatomy(contract(name)), seed=SEED, each=EACH[name])


def test_there_are_enough_of_them() -> None:
    company = made("company-2026-07-20")
    assert len(company) >= 500
    assert len({mutation.kinds[0] for mutation in company}) >= 60
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


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", EACH)
def test_each_is_found_for_what_it_is(name: str, part: int) -> None:
    baseline = Baseline(contract(name))
    wrong = {
        mutation.title: problem
        for mutation in made(name)[part::PARTS]
        if (problem := _wrong(mutation, baseline.compare(mutation.document)))
    }
    assert wrong == {}
