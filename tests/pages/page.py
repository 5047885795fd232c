"""The parts of a page that can be carried out: files to write, commands to run, output to compare.

- A block of the language ``console`` has commands after ``$`` and lines of their output, in order. ``…``
  stands for anything, ``# exit 4`` behind a command for its exit code.
- A block of the language ``sh`` or ``bash`` has commands only.
- A block of any other language with a name behind it is a file of that name.
- ``<!-- run: COMMAND -->`` is a command that readers need not see: it makes what a page presumes.
- ``<!-- not run: REASON -->`` right above a block says why its commands or its Python are not carried out.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
COMMANDS = ("console", "sh", "bash")
# What people read and programs do not run.
SHOWN = ("csv", "json", "js", "sql", "text", "yaml")
_PART = re.compile(r"^<!-- (run|not run): (.*?) -->$|^```(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^(?:\$ )?(?:pennyform|pip|curl|python3?|nox) \S", re.MULTILINE)
_EXIT = re.compile(r"\s+# exit (\d+)$")


class Command(NamedTuple):
    """A command, the exit code that it ends with, and lines of its output."""

    text: str
    code: int
    output: list[str]


class Part(NamedTuple):
    """A block or a hidden command of a page, from a line on.

    Attributes:
        kind: ``file``, ``commands``, ``python``, or ``shown`` for what is only read.
        reason: why it is not carried out; "" where it is.
    """

    line: int
    kind: str
    name: str
    text: str
    reason: str = ""

    def commands(self) -> list[Command]:
        """What a block of commands does."""
        if self.name != "console":
            return [Command(text, 0, []) for text in _logical_lines(self.text)]
        shown = []
        for entry in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, *lines = entry.rstrip("\n").split("\n")
            code = _EXIT.search(command)
            shown.append(Command(_EXIT.sub("", command), int(code[1]) if code else 0, lines))
        return shown


def parts_of(page: Path) -> list[Part]:
    """The parts of a page, in order.

    Raises:
        ValueError: a block has no language, or commands where they would not be carried out.
    """
    text = page.read_text(encoding="utf-8")
    parts: list[Part] = []
    reason = ""
    for match in _PART.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        directive, argument, information, content = match.groups()
        if reason and directive:
            raise ValueError(f"{page.name}:{line}: a reason is not followed by a block")
        if directive == "run":
            parts.append(Part(line, "commands", "sh", argument))
        elif directive:
            reason = argument
        else:
            language, _, name = information.partition(" ")
            parts.append(_block(f"{page.name}:{line}", Part(line, language, name, content, reason)))
            reason = ""
    return parts


def _block(place: str, block: Part) -> Part:
    if block.kind in COMMANDS:
        return block._replace(kind="commands", name=block.kind)
    if block.kind == "python":
        return block
    if block.kind not in SHOWN:
        raise ValueError(f"{place}: a block of the language {block.kind!r}; known are {', '.join(SHOWN)}")
    if not block.reason and block.kind in ("text", "csv") and _COMMAND.search(block.text):
        raise ValueError(f"{place}: commands in a block that is not carried out, without a reason")
    return block._replace(kind="file" if block.name else "shown")


def _logical_lines(script: str) -> Iterator[str]:
    """The commands of a script, without comments; a quoted text may go over several lines."""
    command = ""
    for line in script.splitlines():
        command += line
        if command.endswith("\\"):
            command = command[:-1]
            continue
        try:
            words = shlex.split(command, comments=True)
        except ValueError:  # a quotation goes on
            command += "\n"
            continue
        if words:
            yield command
        command = ""


def pages() -> list[Path]:
    """All pages that can have commands."""
    return [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]


def not_carried_out() -> list[tuple[Path, Part]]:
    """Each block that is not carried out, and its page."""
    return [(page, part) for page in pages() for part in parts_of(page) if part.reason]
