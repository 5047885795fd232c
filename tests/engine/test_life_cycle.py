"""docs/life-cycle.md, carried out: its files written, its commands run, its output compared."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from pennyform import sandbox
from pennyform.cli import main

from .page import Clock, follow


def test_the_page_is_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock()
    # The state lies outside of the repository.
    repository = tmp_path / "repository"
    repository.mkdir()
    monkeypatch.chdir(repository)
    monkeypatch.setattr(sandbox, "Sandbox", functools.partial(sandbox.Sandbox, clock=clock))

    def run(words: list[str]) -> tuple[int, str]:
        capsys.readouterr()
        return main(words), capsys.readouterr().out

    follow(clock, run)
