"""Pages that are followed to the letter: files written, commands run, output compared."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
from pennyform.cli import main

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(\w+) ?(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def carry_out(words: list[str]) -> int:
    match words:
        case ["pennyform", *rest]:
            return main(rest)
        case ["cd", folder]:
            os.chdir(folder)
        case ["cp", file, target]:
            shutil.copy(file, target)
        case ["sed", "-i", script, file]:
            _, old, new, _ = script.split("/")
            text = Path(file).read_text(encoding="utf-8")
            assert old in text
            Path(file).write_text(text.replace(old, new), encoding="utf-8")
        case _:
            raise AssertionError(words)
    return 0


def shown(line: str, output: str) -> bool:
    """Whether the page's line is in the output; its `…` stands for anything."""
    pattern = ".*".join(map(re.escape, line.split("…")))
    return re.search(rf"^{pattern}$", output, re.MULTILINE) is not None


@pytest.mark.parametrize("name", ["first-invoices.md", "deposits.md"])
def test_the_commands_of_a_page_do_what_it_shows(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "books").mkdir()
    monkeypatch.chdir(tmp_path / "books")
    steps = BLOCK.findall((DOCS / name).read_text(encoding="utf-8"))
    assert {kind for kind, _, _ in steps} >= {"yaml", "console"}
    for kind, file, text in steps:
        if kind != "console":
            if not file:  # a part of a file
                continue
            Path(file).parent.mkdir(exist_ok=True)
            Path(file).write_text(text, encoding="utf-8")
            continue
        for part in text.split("$ ")[1:]:
            command, *lines = part.rstrip("\n").split("\n")
            words, _, code = command.partition("   # exit ")
            assert carry_out(shlex.split(words)) == int(code or 0), capsys.readouterr()
            output = capsys.readouterr().out
            assert [line for line in lines if not shown(line, output)] == [], output
