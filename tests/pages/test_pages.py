"""Every page is true: its files are written, its commands are carried out, its output is compared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .page import ROOT, Part, not_carried_out, pages, parts_of
from .world import World

# Pages that need more than a folder and a sandbox, and the test that follows each.
ELSEWHERE = {"companies.md": "tests/engine/test_companies.py"}


def carried_out(page: Path) -> list[Part]:
    return [part for part in parts_of(page) if part.kind in ("commands", "python") and not part.reason]


FOLLOWED = [page for page in pages() if carried_out(page) and page.name not in ELSEWHERE]


@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: page.name)
def test_the_page_is_true(page: Path, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    with World(folder) as world:
        assert world.follow(page) == sum(
            len(part.commands()) for part in carried_out(page) if part.kind == "commands"
        )


def test_what_is_followed_elsewhere_is_followed_there() -> None:
    for page, test in ELSEWHERE.items():
        assert f'world.follow(ROOT / "docs" / "{page}")' in (ROOT / test).read_text(encoding="utf-8")


def test_a_page_says_how_many_blocks_are_not_carried_out() -> None:
    page = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    (stated,) = re.findall(r"except (\d+) blocks of commands", page)
    assert int(stated) == len(not_carried_out())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("```console\n$ pennyform rules   # exit 1\n```\n", "ended with 0"),
        (
            "```console\n$ pennyform init\n$ pennyform validate\n3 invoices: no findings\n```\n",
            "does not print",
        ),
        ("```console\n$ pennyform init\nwritten b\nwritten a\n```\n", "does not print"),
        ("```sh\npennyform init --no-such-option\n```\n", "ended with 64"),
        ("```sh\npip install 'pennyform[nothing]'\n```\n", "nothing"),
        ("```sh\nmake me a sandwich\n```\n", "no world knows"),
        ("<!-- run: pennyform verify --no-such-option -->\n", "ended with 64"),
    ],
)
def test_a_page_that_is_not_true_is_found(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "work").mkdir()
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with World(tmp_path / "work") as world, pytest.raises(AssertionError, match=problem):
        world.follow(page)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("```\npennyform plan\n```\n", "page.md:1: a block of the language ''"),
        ("```text\npennyform plan\n```\n", "page.md:1: commands in a block that is not carried out"),
        (
            "<!-- not run: a reason -->\n\n<!-- run: pennyform init -->\n",
            "page.md:3: a reason is not followed",
        ),
    ],
)
def test_every_block_is_carried_out_or_has_a_reason(tmp_path: Path, text: str, problem: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(problem)):
        parts_of(page)
