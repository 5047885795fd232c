"""The simulation itself: repeatable to the byte, and able to see."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .campaign import conduct
from .episode import play
from .hunt import hunt
from .kinds import BY_NAME, KINDS
from .planted import BUGS, Bug

ROOT = Path(__file__).parents[2]
_PLAY = "from tests.simulation.campaign import conduct; print(conduct(range({0}, {1}), jobs=1).digest)"


def test_the_same_seeds_leave_the_same_trace_in_every_process() -> None:
    """The order of sets of text differs from process to process; nothing of it may show."""
    found = {
        subprocess.run(
            [sys.executable, "-c", _PLAY.format(60, 66)],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PATH": "", "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_there_are_kinds_of_every_sort_with_names_of_their_own() -> None:
    assert len(BY_NAME) == len(KINDS) >= 41


def test_weather_without_faults_needs_one_run() -> None:
    # A seed that does not try a saved plan whose definitions changed, which has to be refused.
    verdict = play(2, only="none")
    assert verdict.wrong == []
    assert {run.exit for run in verdict.runs} == {0}


# Each with the seed that is the first to catch it: seeds before it only take time.
@pytest.mark.parametrize(
    ("name", "first"), [("writes are repeated after a lost answer", 11), ("an unknown outcome exits 0", 178)]
)
def test_a_planted_bug_is_caught(name: str, first: int) -> None:
    number = next(place for place, bug in enumerate(BUGS) if bug.name == name)
    assert hunt(number, 250, first).seeds


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_every_bug_can_be_planted(bug: Bug) -> None:
    """What it replaces is still there under that name."""
    with bug.plant():
        pass


def test_planted_bugs_have_names_of_their_own() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 25
    assert {kind for bug in BUGS for kind in bug.kinds} <= BY_NAME.keys()


@pytest.mark.parametrize("seed", [7, 55, 79, 128, 179, 510, 542, 549, 555, 612])
def test_what_was_wrong_once_is_right(seed: int) -> None:
    """Seeds that showed a defect when it was there."""
    (verdict,) = (*conduct([seed], jobs=1).failures, None)[:1]
    assert verdict is None or verdict.wrong == []
