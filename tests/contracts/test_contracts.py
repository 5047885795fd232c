"""The campaign itself: seeds that were wrong once, and that it sees what it is there to see."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .batch import type_errors
from .changes import CHANGES
from .episode import Verdict, play
from .hunt import hunt
from .kinds import TABLE
from .package import PACKAGE, fast
from .planted import BUGS, Bug
from .schemas import KINDS
from .table import rows


@pytest.fixture(scope="module", autouse=True)
def _fast() -> Iterator[None]:
    with fast():
        yield


@pytest.fixture(scope="module")
def emitted() -> Verdict:
    return play(0)


def played(seed: int) -> Verdict:
    verdict = play(seed)
    assert verdict.wrong == []
    return verdict


@pytest.mark.parametrize("seed", range(3))
def test_everything_arrives_as_it_was_meant(seed: int) -> None:
    assert played(seed).calls


def test_a_seed_is_the_same_contract_and_the_same_calls_every_time() -> None:
    first, second = played(21), played(21)
    assert (first.document, first.files, first.program) == (second.document, second.files, second.program)
    assert first.calls


def test_every_change_stands_for_a_kind() -> None:
    changes = [change for kind in TABLE for change in kind.changes]
    assert len(changes) == len({*changes})
    assert {*CHANGES, *KINDS} <= {*changes}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_every_bug_can_be_planted(bug: Bug, emitted: Verdict) -> None:
    """What it replaces is still there."""
    with bug.plant():
        assert bug.target or bug.spoil(emitted.files) != emitted.files


@pytest.mark.parametrize("name", ["cookies are joined by commas", "discriminators are not read"])
def test_a_planted_bug_is_caught(name: str) -> None:
    assert hunt([bug.name for bug in BUGS].index(name), 20).seeds


def test_the_table_has_every_bug_and_all_are_caught() -> None:
    assert list(rows()) == [bug.name for bug in BUGS], "python -m tests.contracts --planted --write"
    assert "-" not in rows().values()
    assert len(BUGS) >= 15


def test_programs_are_checked_with_the_packages_that_they_call() -> None:
    first, second = play(1), play(2)
    wrong = [*second.program.splitlines(), "client.no_such.thing()"]
    errors = type_errors({1: (first.files, first.program.splitlines()), 2: (second.files, wrong)})
    assert errors.keys() == {2}
    (error,) = errors[2]
    assert 'has no attribute "no_such"' in error
    assert PACKAGE not in error.partition(":")[0]
