"""Comparing the other way round says the same, mirrored: added becomes removed, narrowed becomes widened."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from pennyform.spec.diff import KINDS, Baseline, Change, compare
from pennyform.spec.diff.schemas.node import json_text

from . import test_operations, test_schemas
from .contracts import Schema, answering, sending
from .history import contract
from .mutations import Anatomy, Mutation, mutations

SEED = 20261130
# The endings of kinds that are each other's mirror.
ENDINGS = [
    ("added", "removed"),
    ("required", "optional"),
    ("required", "dropped"),
    ("closed", "opened"),
    ("introduced", "lifted"),
    ("narrowed", "widened"),
]
# Kinds that are their own mirror end like this.
SYMMETRIC = ("-changed", "-renamed", "-moved", "-replaced")


def mirrors(kind: str) -> set[str]:
    """The kinds that a change may have the other way round."""
    if kind in ("deprecated", "undeprecated"):
        return {"deprecated", "undeprecated"} - {kind}
    if kind.endswith(SYMMETRIC):
        return {kind}
    # Whether what comes must be sent is nothing that goes can say.
    stem, _, ending = kind.removeprefix("required-").rpartition("-")
    others = {b if ending == a else a for a, b in ENDINGS if ending in (a, b)}
    return {
        name for other in others for name in (f"{stem}-{other}", f"required-{stem}-{other}") if name in KINDS
    }


def test_every_kind_has_a_mirror() -> None:
    assert {kind for kind in KINDS if not mirrors(kind)} == set()
    assert {(kind, other) for kind in KINDS for other in mirrors(kind) if kind not in mirrors(other)} == set()


def mismatch(there: list[Change], back: list[Change]) -> list[str]:
    """What one of the two comparisons says and the other does not."""
    # The number of operations: an operation whose id changed is named by one of its ids.
    expected = Counter((json_text([change.old, change.new]), len(change.operations)) for change in there)
    mirrored = Counter((json_text([change.new, change.old]), len(change.operations)) for change in back)
    problems = [str(item) for item in ((expected - mirrored) + (mirrored - expected))]
    kinds = Counter(change.kind for change in back)
    for change in there:
        match = next((kind for kind in sorted(mirrors(change.kind)) if kinds[kind]), None)
        if match is None:
            problems.append(f"{change.kind} has no mirror in {[other.kind for other in back]}")
        else:
            kinds[match] -= 1
    return problems


def _pairs() -> dict[str, tuple[Schema, Schema]]:
    pairs: dict[str, tuple[Any, Any]] = {
        f"{name} ({made.__name__})": (made(case[0]), made(case[1]))
        for name, case in test_schemas.CASES.items()
        for made in (sending, answering)
    }
    return pairs | {name: (case[0], case[1]) for name, case in test_operations.CASES.items()}


PAIRS = _pairs()


@pytest.mark.parametrize("name", PAIRS)
def test_each_case_the_other_way_round(name: str) -> None:
    old, new = PAIRS[name]
    assert mismatch(compare(old, new), compare(new, old)) == []
    assert compare(old, old) == compare(new, new) == []


def test_mutations_of_real_contracts_the_other_way_round() -> None:
    # Each mutation in the smaller contract that has a place for it: only the whole contract takes time.
    problems, kinds = {}, set()
    for name in ("firm-2026-07-20", "company-2026-07-20"):
        document = contract(name)
        baseline = Baseline(document)
        made = mutations(Anatomy(document), seed=SEED, each=1)
        new = [mutation for mutation in made if mutation.kinds not in kinds]
        kinds |= {mutation.kinds for mutation in made}
        problems |= _mismatches(document, baseline, new)
    assert problems == {}
    assert len(kinds) >= 60


def _mismatches(document: Schema, baseline: Baseline, made: list[Mutation]) -> dict[str, list[str]]:
    problems = {}
    for mutation in made:
        if problem := mismatch(baseline.compare(mutation.document), compare(mutation.document, document)):
            problems[mutation.title] = problem
    return problems
