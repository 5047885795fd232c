"""What ``python -m tests.attacks`` adds to pytest: planted faults, and the count of what was collected."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from .planted import PLANTED


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options."""
    parser.addoption("--attack", help="only this kind of attack")
    parser.addoption("--count-to", help="a file for the number of tests of each kind, in JSON")
    parser.addoption("--plant", help="take a gate out first")


def pytest_configure(config: pytest.Config) -> None:
    """Take out the gate, before any test imports it."""
    if name := config.getoption("--plant"):
        PLANTED[name].plant()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of one kind, and say how many there are of each."""
    kinds = {item: mark.args[0] for item in items if (mark := item.get_closest_marker("attack"))}
    if wanted := config.getoption("--attack"):
        items[:] = [item for item in items if kinds.get(item) == wanted]
    if path := config.getoption("--count-to"):
        Path(path).write_text(json.dumps(Counter(kinds.values())))
