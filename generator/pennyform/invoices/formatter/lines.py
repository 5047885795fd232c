"""The lines of a definition, and what formatting does with them: move blocks of them, and quote values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pennyform.invoices.yaml.document import Document, Mark, Path

_BEFORE_A_KEY = re.compile(r"[ ]*(?:- +)*")
_NUMBER = re.compile(r"[-+0-9.eE]+")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One key of a mapping: its name, and its lines from ``start`` up to ``end``, comments above included."""

    name: str
    start: int
    end: int


class Lines:
    """The lines of one file, counted from 0.

    Marks of the file as it was read stay true while sorting goes from inner mappings to outer ones, because a
    mapping keeps the lines that it has.
    """

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        # A last line without a line feed could not be moved.
        if self._lines[-1]:
            self._lines.append("")

    def __str__(self) -> str:
        return "\n".join(self._lines)

    def quote(self, mark: Mark, amount: str) -> None:
        """Put quotes around the number at ``mark``, which says ``amount``."""
        line, start = self._lines[mark.line - 1], mark.column - 1
        number = _NUMBER.match(line, start)
        # Written otherwise, as in 1e2, it stays: quoting it would change what it says.
        if number and number.group() == amount:
            self._lines[mark.line - 1] = f'{line[:start]}"{amount}"{line[number.end() :]}'

    def sort(self, document: Document, path: Path, order: Sequence[str]) -> None:
        """Bring the keys of the mapping at ``path`` into ``order``; unknown keys stay behind the known ones.

        A mapping in braces, or one that shares lines with something else, is left alone.
        """
        entries = self._entries(document, path, order)
        rank = {name: place for place, name in enumerate(order)}
        in_order = sorted(entries, key=lambda entry: rank.get(entry.name, len(rank)))
        if in_order == entries:
            return
        start, end = entries[0].start, entries[-1].end
        dash, first_line = "", self._lines[start]
        # The dash of a list's item becomes spaces, and goes back before whichever key is then the first.
        if path and isinstance(path[-1], int) and start == document.marks[path].line - 1:
            before = first_line[: document.marks[(*path, entries[0].name)].key_column - 1]
            self._lines[start] = " " * len(before) + first_line[len(before) :]
            dash = before if before.strip() else ""
        blocks = [self._lines[entry.start : entry.end] for entry in in_order]
        former_first = in_order.index(entries[0])
        if former_first:
            # A block that comes first leaves the blank lines above it to the block whose place it takes.
            blank = 0
            while not blocks[0][blank].strip():
                blank += 1
            blocks[former_first][:0] = blocks[0][:blank]
            del blocks[0][:blank]
        for number, line in enumerate(blocks[0] if dash else ()):
            if line.strip() and not line.strip().startswith("#"):
                blocks[0][number] = dash + line[len(dash) :]
                break
            # Comments above the key move out to the dash.
            blocks[0][number] = " " * dash.rfind("-") + line.strip() if line.strip() else line
        self._lines[start:end] = [line for block in blocks for line in block]

    def _entries(self, document: Document, path: Path, order: Sequence[str]) -> list[_Entry]:
        """The keys of a mapping in the order in which they are written; none when they cannot be moved."""
        members = _member_names(document, path)
        marks = [document.marks[(*path, name)] for name in members]
        # Keys in braces share a line, and so may an explicit key (`? key`) and its value.
        columns = {mark.key_column for mark in marks}
        if len(columns) != 1 or len({mark.key_line for mark in marks}) != len(marks) or not order:
            return []
        for mark in marks:
            before = self._lines[mark.key_line - 1][: mark.key_column - 1]
            is_first_of_item = mark is marks[0] and _BEFORE_A_KEY.fullmatch(before)
            if before.strip() and not is_first_of_item:
                return []
        column = columns.pop() - 1
        floor = self._floor(document, path)
        starts = [self._block_start(mark.key_line - 1, column, floor) for mark in marks]
        if not path:
            # Remarks at the top of a file stay there, but for a comment that a blank line sets off from them.
            first_key = marks[0].key_line - 1
            blank = [number for number in range(starts[0], first_key) if not self._lines[number].strip()]
            starts[0] = blank[-1] + 1 if blank else first_key
        ends = [*starts[1:], self._end(document, path)]
        return [_Entry(*fields) for fields in zip(members, starts, ends, strict=True)]

    def _floor(self, document: Document, path: Path) -> int:
        """The first line that can belong to the first key of the mapping at ``path``."""
        if not path:
            return 0
        mark = document.marks[path]
        return mark.line - 1 if isinstance(path[-1], int) else mark.key_line

    def _block_start(self, line: int, column: int, floor: int) -> int:
        """Where the remarks above a key begin; comments further in belong to what is above."""
        start = line
        for number in range(line - 1, floor - 1, -1):
            text = self._lines[number].lstrip()
            indentation = len(self._lines[number]) - len(text)
            if text and not (text.startswith("#") and indentation <= column):
                break
            start = number
        return start

    def _end(self, document: Document, path: Path) -> int:
        """Where the lines at ``path`` end: before what follows, or before the file's last remarks."""
        if not path:
            last = len(self._lines) - 1
            return self._block_start(last, 0, 0) if not self._lines[last] else last + 1
        parent, step = path[:-1], path[-1]
        if isinstance(step, int):
            following: Path = (*parent, step + 1)
        else:
            names = _member_names(document, parent)
            following = (*parent, *names[names.index(step) + 1 :][:1])
        if following == parent or following not in document.marks:
            return self._end(document, parent)
        mark = document.marks[following]
        column = mark.key_column - 1
        if isinstance(following[-1], int):
            # A list's item begins at its dash, which has no mark.
            column = self._lines[mark.line - 1].rfind("-", 0, mark.column - 1)
        return self._block_start(mark.key_line - 1, column, self._floor(document, path))


def _member_names(document: Document, path: Path) -> list[str]:
    value = document.value
    for step in path:
        value = value[step]
    return list(value)
