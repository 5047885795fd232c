"""docs/life-cycle.md, carried out: its files written, its commands run, its output compared."""

from __future__ import annotations

import functools
import re
import shlex
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pennyform import sandbox
from pennyform.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "life-cycle.md"
BLOCK = re.compile(r"^```(\w+) ?(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Clock:
    """The sandbox's, which only moves when the page sleeps."""

    def __init__(self) -> None:
        self.now = datetime(2025, 11, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def commands(text: str) -> Iterator[tuple[str, int, list[str]]]:
    """Each command, the exit code it should end with, and lines that its output should have."""
    for part in text.split("$ ")[1:]:
        command, *lines = part.rstrip("\n").split("\n")
        words, _, code = command.partition("   # exit ")
        yield words, int(code or 0), lines


def carry_out(words: list[str], clock: Clock) -> int:
    match words:
        case ["pennyform", *rest]:
            return main(rest)
        case ["sleep", seconds]:
            clock.now += timedelta(seconds=float(seconds))
        case ["rm", file]:
            Path(file).unlink()
        case ["cp", file, target]:
            shutil.copy(file, target)
            with Path(target).open("ab") as copy:
                copy.write(b"%")
        case ["sed", "-i", script, file]:
            substitute(script, Path(file))
        case _:
            raise AssertionError(words)
    return 0


def substitute(script: str, file: Path) -> None:
    text = file.read_text()
    for one in script.split(";"):
        _, old, new, _ = one.strip().split("/")
        text, number = re.subn(old, new, text, flags=re.MULTILINE)
        assert number, one
    file.write_text(text)


def occurs(line: str, output: str) -> bool:
    pattern = r"\s+".join(".*".join(map(re.escape, word.split("…"))) for word in line.split())
    return re.search(rf"^\s*{pattern}\s*$", output, re.MULTILINE) is not None


def test_the_page_is_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sandbox, "Sandbox", functools.partial(sandbox.Sandbox, clock=clock))
    for kind, name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "yaml":
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_text(text, encoding="utf-8")
        elif kind == "python":
            exec(compile(text, str(PAGE), "exec"), {})
        else:
            for command, code, lines in commands(text):
                assert carry_out(shlex.split(command), clock) == code, capsys.readouterr()
                output = capsys.readouterr().out
                assert [line for line in lines if not occurs(line, output)] == [], output
