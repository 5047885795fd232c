"""Text in 80 columns: nothing breaks inside a word, an amount or a reference, and columns stay aligned."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pennyform.report.shared.ansi import SEQUENCE

WIDTH = 80
# Narrower than this, a first column is not worth its place beside the remaining.
_NARROWEST = 12
# An amount and its currency, or a number and its unit of percent.
_AMOUNT = re.compile(r"(?<=\d) (?=[A-Z]{3}\b|%)")
_GLUE = "\N{NO-BREAK SPACE}"


def wrap(text: str, indent: str, hanging: str = "  ") -> list[str]:
    """``text`` in lines of at most 80 columns, as far as its words are short enough.

    Args:
        text: one line.
        indent: before the first line.
        hanging: what the other lines are indented by besides.
    """
    lines, line = list[str](), indent
    for word in _AMOUNT.sub(_GLUE, text).split(" "):
        is_first = not line.strip()
        if not is_first and _length(f"{line} {word}") > WIDTH:
            lines.append(line)
            line, is_first = indent + hanging, True
        line += word if is_first else f" {word}"
    return [done.replace(_GLUE, " ").rstrip() for done in (*lines, line)]


def _length(text: str) -> int:
    """How many columns a text takes: colours take none."""
    return len(re.sub(SEQUENCE, "", text))


def table(
    rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset(), indent: int = 0
) -> list[list[str]]:
    """The lines of each row; empty columns take no space.

    A first cell that leaves no room for the others stands above them; where they do not fit at all, they are
    broken between cells.

    Args:
        rows: cells; each row with the same number of them.
        right: which columns are aligned to the right.
        indent: how far the first line of a row is indented by whoever prints it.
    """
    used = [index for index in range(len(rows[0]) if rows else 0) if any(row[index] for row in rows)]
    if not used:
        return [[""] for _ in rows]
    first, *remaining = used
    widths = {index: max(len(row[index]) for row in rows) for index in used}
    room = WIDTH - indent - sum(widths[index] + 2 for index in remaining)
    if remaining and room < 0:
        return [_stacked([row[index] for index in used if row[index]], indent) for row in rows]
    if remaining and room < min(_NARROWEST, widths[first]):
        room = 0
    fitting = [len(row[first]) for row in rows if len(row[first]) <= room]
    width = max(fitting, default=0)

    def cell(row: Sequence[str], index: int) -> str:
        return row[index].rjust(widths[index]) if index in right else row[index].ljust(widths[index])

    made = []
    for row in rows:
        rest = "".join(f"  {cell(row, index)}" for index in remaining).rstrip()
        if len(row[first]) <= room:
            head = row[first].rjust(width) if first in right else row[first].ljust(width)
            made.append([f"{head}{rest}".rstrip()])
        else:
            above = [line.strip() for line in wrap(row[first], " " * indent, "")]
            lines = [above[0], *(" " * indent + line for line in above[1:])]
            made.append([*lines, *([" " * (indent + width) + rest] if rest else [])])
    return made


def _stacked(cells: Sequence[str], indent: int) -> list[str]:
    lines, line = list[str](), cells[0]
    for cell in cells[1:]:
        if len(line) + 2 + len(cell) + (0 if lines else indent) > WIDTH:
            lines.append(line)
            line = f"{' ' * (indent + 2)}{cell}"
        else:
            line += f"  {cell}"
    return [*lines, line]
