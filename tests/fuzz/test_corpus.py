"""Every input that is kept ends in a value or in findings."""

from __future__ import annotations

import pytest

from .corpus import FOLDER, MOST_BYTES, fixed, kept
from .targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_kept_inputs_end_as_they_should(name: str) -> None:
    assert kept(name)
    for content in (*kept(name), *fixed(name)):
        TARGETS[name].run(content)


def test_the_corpus_stays_small() -> None:
    files = {path.stem: path.stat().st_size for path in FOLDER.iterdir()}
    assert set(files) == {*TARGETS, "fixed"}
    assert max(files.values()) <= MOST_BYTES
