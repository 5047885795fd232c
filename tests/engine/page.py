"""The commands of docs/life-cycle.md, for whoever carries them out: a test, or a proxy that looks on."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "life-cycle.md"
_BLOCK = re.compile(r"^```(\w+) ?(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# Runs pennyform with some words; its exit code, and what it printed.
Run = Callable[[list[str]], tuple[int, str]]


class Clock:
    """The sandbox's, which only moves when the page sleeps."""

    def __init__(self) -> None:
        self.now = datetime(2025, 11, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def follow(clock: Clock, run: Run) -> None:
    """Write the files of the page into the current folder and carry its commands out.

    Raises:
        AssertionError: a command ended or printed otherwise than the page says.
    """
    for kind, name, text in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "yaml":
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_text(text, encoding="utf-8")
        elif kind == "python":
            exec(compile(text, str(PAGE), "exec"), {})
        else:
            for command, code, lines in _commands(text):
                ended, output = _carry_out(shlex.split(command), clock, run)
                assert ended == code, (command, output)
                assert [line for line in lines if not _occurs(line, output)] == [], output


def _commands(text: str) -> Iterator[tuple[str, int, list[str]]]:
    """Each command, the exit code it should end with, and lines that its output should have."""
    for part in text.split("$ ")[1:]:
        command, *lines = part.rstrip("\n").split("\n")
        words, _, code = command.partition("   # exit ")
        yield words, int(code or 0), lines


def _carry_out(words: list[str], clock: Clock, run: Run) -> tuple[int, str]:
    match words:
        case ["pennyform", *rest]:
            return run(rest)
        case ["sleep", seconds]:
            clock.now += timedelta(seconds=float(seconds))
        case ["rm", file]:
            Path(file).unlink()
        case ["cp", file, target]:
            shutil.copy(file, target)
            with Path(target).open("ab") as copy:
                copy.write(b"%")
        case ["sed", "-i", script, file]:
            _substitute(script, Path(file))
        case _:
            raise AssertionError(words)
    return 0, ""


def _substitute(script: str, file: Path) -> None:
    text = file.read_text()
    for one in script.split(";"):
        _, old, new, _ = one.strip().split("/")
        text, number = re.subn(old, new, text, flags=re.MULTILINE)
        assert number, one
    file.write_text(text)


def _occurs(line: str, output: str) -> bool:
    pattern = r"\s+".join(".*".join(map(re.escape, word.split("…"))) for word in line.split())
    return re.search(rf"^\s*{pattern}\s*$", output, re.MULTILINE) is not None
