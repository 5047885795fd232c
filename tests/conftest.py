"""What every test of this project stands on."""

from __future__ import annotations

import os
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that are attacks with their kind."""
    for item in items:
        test = item.nodeid.partition("tests/")[2]
        if kind := kind_of(test):
            item.add_marker(pytest.mark.attack(kind))


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where commands keep journals: never in the home folder of whoever runs the tests."""
    folder = tmp_path.with_name(f"{tmp_path.name}-state")
    monkeypatch.setenv("PENNYFORM_STATE", str(folder))
    monkeypatch.setenv("PENNYFORM_STATE_KEY", "")
    return folder
