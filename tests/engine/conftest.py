from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .firm import Firm
from .world import Office


@pytest.fixture(autouse=True)
def fast(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test pulls the plug: waiting for the disk shows nothing, except where that is what is tested."""
    if request.module.__name__.rpartition(".")[2] != "test_storage":
        monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path / "repository")
    yield office
    office.close()


@pytest.fixture
def firm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Firm]:
    firm = Firm(tmp_path.resolve() / "firm")
    monkeypatch.chdir(firm.root)
    yield firm
    firm.sandbox.close()
