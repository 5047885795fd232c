"""What every test of this project stands on."""

from __future__ import annotations

import importlib
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.attacks.kinds import kind_of

# The same examples every time, however busy the computer: a failure is a change's own, and comes back.
# HYPOTHESIS_PROFILE=default looks further, with new examples each time.
settings.register_profile(
    "steady", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

# What a command prints depends on no terminal: pytest-xdist tells its workers how wide its own is.
os.environ.pop("COLUMNS", None)
# GNU Readline, which pytest imports, sets it behind os.environ; processes that a test starts inherit that.
with suppress(ImportError):
    importlib.import_module("readline")
os.unsetenv("COLUMNS")

# Folders that tests make are the user's alone, as state is to be, wherever a group may write by default.
os.umask(0o022)


def pytest_addoption(parser: pytest.Parser) -> None:
    """An option for runs that ask whether a package works, not whether every case does."""
    parser.addoption("--cases", type=int, metavar="N", help="run at most N cases of each parametrized test")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that are attacks with their kind; keep so many cases as ``--cases`` says."""
    for item in items:
        test = item.nodeid.partition("tests/")[2]
        if kind := kind_of(test):
            item.add_marker(pytest.mark.attack(kind))
    if most := config.getoption("--cases"):
        cases: dict[str, list[pytest.Item]] = {}
        for item in items:
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
        # From the first to the last, evenly: neighbours differ least.
        kept = {id(each[len(each) * n // most]) for each in cases.values() for n in range(most)}
        config.hook.pytest_deselected(items=[item for item in items if id(item) not in kept])
        items[:] = [item for item in items if id(item) in kept]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where commands keep journals: never in the home folder of whoever runs the tests."""
    folder = tmp_path.with_name(f"{tmp_path.name}-state")
    monkeypatch.setenv("PENNYFORM_STATE", str(folder))
    monkeypatch.setenv("PENNYFORM_STATE_KEY", "")
    return folder
