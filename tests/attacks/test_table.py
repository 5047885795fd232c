"""The table of attacks says how many there are, and names no test that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import table
from .__main__ import counts
from .kinds import KINDS
from .planted import PLANTED


def test_the_page_claims_no_more_attacks_than_there_are() -> None:
    numbers = counts()
    claimed = table.claimed()
    assert set(claimed) == set(KINDS)
    fix = "python -m tests.attacks --write"
    assert [kind for kind in KINDS if claimed[kind] > numbers[kind]] == [], fix
    # It may lag behind a little, so that a test can be added without it.
    assert sum(claimed.values()) >= 0.8 * sum(numbers.values()), fix


@pytest.mark.parametrize("name", PLANTED)
def test_a_gate_that_can_be_taken_out_is_there(name: str) -> None:
    assert PLANTED[name].kind in KINDS
    assert getattr(*PLANTED[name].found()) is not PLANTED[name].instead


def test_every_named_test_is_there() -> None:
    root = Path(__file__).parents[1]
    for kind in KINDS.values():
        for name in kind.tests:
            file, _, test = name.partition("::")
            assert (root / file).is_file(), name
            assert not test or f"def {test}" in (root / file).read_text(encoding="utf-8"), name
