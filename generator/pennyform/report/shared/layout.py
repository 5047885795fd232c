"""Text for terminals: columns, lines that fit, and colour. The only place that knows how wide a line may be.

A line is broken between words only: never inside an amount with its currency, a percentage, a date, what
:func:`unbroken` marks (a reference, a path), or a quoted text that fits into a line. Numbers are aligned by
their decimal point. A value that is too long for its column stands on lines of its own above its row.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

_CODES = {"green": "32", "yellow": "33", "red": "31", "cyan": "36", "dim": "2", "bold": "1"}
_CODE = "|".join(_CODES.values())
SEQUENCE = rf"(\x1b\[(?:0|(?:{_CODE})(?:;(?:{_CODE}))*)m)"
"""What :class:`Ansi` writes around text, as a pattern with one group."""

# Control characters, which no text has that may be shown, stand for spaces that no line is broken at, and for
# those within quotes, which are if there is no other way.
_GLUE, _QUOTED_SPACE = "\x00", "\x01"
_SPACES = str.maketrans({_GLUE: " ", _QUOTED_SPACE: " "})
# The space of an amount with its currency, and of a percentage. Patterns are text: most output has no width.
_AMOUNT = r"(?<=\d) (?=[A-Z]{3}\b|%)"
_QUOTED = r"`[^`]*`|(?<!\w)'[^']*'(?!\w)|\"[^\"]*\""
# A number with what stands before its decimal point, its decimals, and what follows.
_NUMBER = r"(\D*\d[\d,]*)(\.\d+)?(.*)"
# Narrower than this, a column of names or of prose is not worth its place beside the others.
_NARROWEST, _NARROWEST_PROSE = 12, 32
_GAP = "  "


class Ansi(NamedTuple):
    """Wraps text in ANSI codes (SGR); when not ``enabled`` it gives text back as it is."""

    # A tuple: importing dataclasses would cost every commit's hook more than reading a definition does.

    enabled: bool = False

    def __call__(self, text: str, *styles: str) -> str:
        """``text`` in the given styles: ``green``, ``yellow``, ``red``, ``cyan``, ``dim``, ``bold``."""
        if not self.enabled or not styles:
            return text
        codes = ";".join(_CODES[style] for style in styles)
        return f"\x1b[{codes}m{text}\x1b[0m"


def unbroken(text: str) -> str:
    """``text`` so that no line is broken inside it: a reference, or a path, may have spaces."""
    return text.replace(" ", _GLUE)


def columns(text: str) -> int:
    """How many columns of a terminal ``text`` takes: colours and combining characters none, wide ones two.

    Wide are Chinese, Japanese and Korean characters and most emoji (UAX #11).
    """
    if "\x1b" in text:
        text = re.sub(SEQUENCE, "", text)
    if text.isascii():
        return len(text)
    return sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Layout(NamedTuple):
    """How text is laid out: its ``width`` in columns, None where lines may have any length; its colours."""

    width: int | None = None
    ansi: Ansi = Ansi()

    def wrap(self, text: str, lead: str = "", hanging: str = _GAP) -> list[str]:
        """``text`` in lines that fit, as far as its words are short enough.

        Args:
            text: one line, which may be coloured.
            lead: what stands before it; the other lines are indented by as much.
            hanging: what the other lines are indented by besides.
        """
        start = columns(lead)
        if self.width is None or start + columns(text) <= self.width:
            return [_line(lead, text)]
        indent = " " * start + hanging
        lines, line, taken, is_begun = list[str](), lead, start, False
        for word in _words(text, self.width - len(indent)):
            width = columns(word)
            if is_begun and taken + 1 + width > self.width:
                lines.append(line)
                line, taken, is_begun = indent, len(indent), False
            if word or is_begun:
                line, taken, is_begun = f"{line}{' ' * is_begun}{word}", taken + is_begun + width, True
        return [_line("", text) for text in (*lines, line)]

    def fit(self, lines: Iterable[str]) -> Iterator[str]:
        """``lines`` that fit, each indented as it was."""
        for line in lines:
            text = line.lstrip(" ")
            yield from self.wrap(text, line[: len(line) - len(text)])

    def cells(self, texts: Sequence[str], lead: str = "", gap: str = _GAP) -> list[str]:
        """``texts`` side by side, in lines that are broken between them only."""
        indent = " " * columns(lead) + _GAP
        lines, line, is_begun = list[str](), lead, False
        for text in filter(None, texts):
            joined = f"{line}{gap if is_begun else ''}{text}"
            if is_begun and self.width is not None and columns(joined) > self.width:
                lines.append(line)
                joined = f"{indent}{text}"
            line, is_begun = joined, True
        return [_line("", text) for text in (*lines, line)]

    def table(
        self, rows: Sequence[Sequence[str]], align: str, leads: str | Sequence[str] = ""
    ) -> list[list[str]]:
        """The lines of each row, mostly one; empty columns take no space.

        Args:
            rows: cells without colour, as many in each row as ``align`` has characters.
            align: of each column: ``<`` left, ``>`` right, ``.`` by the decimal point; ``^`` left too, in the
                column that gives way where rows are too long; ``w`` prose, which is broken between words, in
                the last column only.
            leads: what stands before the first line of every row, or of each: all of the same width.
        """
        leads = [leads] * len(rows) if isinstance(leads, str) else leads
        used = [index for index in range(len(align)) if any(row[index] for row in rows)]
        if not used:
            return [[lead.rstrip()] for lead in leads]
        made = [_aligned([row[index] for row in rows], align[index]) for index in used]
        kinds = "".join(align[index] for index in used)
        if self.width is None or columns(leads[0]) + _sum_of(made) <= self.width:
            lines = (_GAP.join(cells) for cells in zip(*made, strict=True))
            return [[_line(lead, text)] for lead, text in zip(leads, lines, strict=True)]
        if kinds.endswith("w") and len(used) > 1:
            heads = [[row[index] for index in used[:-1]] for row in rows]
            return self._with_prose(heads, kinds[:-1], [row[used[-1]] for row in rows], leads)
        return self._narrowed(made, kinds, leads)

    def compared(
        self, rows: Sequence[tuple[str, str, str]], lead: str, words: tuple[str, str] = ("", "→  ")
    ) -> list[str]:
        """A name and two values in each row, side by side and aligned; values that are too long are stacked.

        Args:
            rows: name, value that is there, value that was asked for.
            lead: what stands before each row.
            words: what stands before the two values.
        """
        cells = [(name, f"{words[0]}{before}", f"{words[1]}{after}") for name, before, after in rows]
        beside = self._beside(cells, columns(lead))
        aligned = iter(self.table([cells[index] for index in sorted(beside)], "<<<", lead))
        lines, indent = list[str](), " " * columns(lead) + _GAP
        widest = max(map(columns, words))
        for index, (name, *values) in enumerate(rows):
            if index in beside:
                lines += next(aligned)
                continue
            lines += self.wrap(name, lead)
            for word, value in zip(words, values, strict=True):
                lines += self.wrap(value, f"{indent}{_padded(word, widest)}", "")
        return lines

    def _beside(self, rows: Sequence[tuple[str, str, str]], start: int) -> set[int]:
        """Which rows fit side by side in common columns: as many of the short ones as do."""
        if self.width is None:
            return set(range(len(rows)))
        widths, fitting = [0, 0, 0], set[int]()
        for index in sorted(range(len(rows)), key=lambda index: sum(map(columns, rows[index]))):
            wider = [max(width, columns(cell)) for width, cell in zip(widths, rows[index], strict=True)]
            if start + sum(wider) + 2 * len(_GAP) <= self.width:
                widths = wider
                fitting.add(index)
        return fitting

    def _with_prose(
        self, rows: Sequence[Sequence[str]], kinds: str, prose: Sequence[str], leads: Sequence[str]
    ) -> list[list[str]]:
        """Rows whose last column is broken between words, beside the others or below what is too long."""
        most = (self.width or 0) - len(_GAP) - _NARROWEST_PROSE
        heads = self._replace(width=most).table(rows, kinds, leads)
        start = columns(leads[0])
        taken = max((columns(last) for *_, last in heads if columns(last) <= most), default=start)
        made = []
        for text, lines in zip(prose, heads, strict=True):
            *above, last = lines if columns(lines[-1]) <= most else [*lines, ""]
            made.append([*above, *self.wrap(text, f"{_padded(last, taken)}{_GAP}", "")])
        return [[line for line in lines if line] or [""] for lines in made]

    def _narrowed(self, made: list[list[str]], kinds: str, leads: Sequence[str]) -> list[list[str]]:
        """Rows that do not fit: values of one column stand above them, or they are broken between cells."""
        width, start, key = self.width or 0, columns(leads[0]), kinds.find("^")
        if key < 0:
            return self._broken(made, leads)
        values = [cell.rstrip() for cell in made[key]]
        remaining = [column for index, column in enumerate(made) if index != key]
        most = width - start - _sum_of(remaining) - len(_GAP)
        if most < min(_NARROWEST, max(map(columns, values))):
            # All of them stand above, and the others further right if they can.
            indent = " " * start + _GAP * (most >= 0)
            below = self._broken(remaining, [indent] * len(values)) if remaining else [[] for _ in values]
            return [
                [*self.wrap(value, lead), *filter(None, texts)]
                for value, lead, texts in zip(values, leads, below, strict=True)
            ]
        made[key] = _aligned([value if columns(value) <= most else "" for value in values], "<")
        lines = []
        for value, lead, cells in zip(values, leads, zip(*made, strict=True), strict=True):
            above = self.wrap(value, lead) if columns(value) > most else []
            text = _line(" " * start if above else lead, _GAP.join(cells))
            lines.append([*above, text] if text or not above else above)
        return lines

    def _broken(self, made: list[list[str]], leads: Sequence[str]) -> list[list[str]]:
        """Rows that are broken between cells, all at the same columns."""
        start = columns(leads[0])
        parts, taken = [list[list[str]]()], start
        for column in made:
            width = columns(column[0])
            if parts[-1] and taken + len(_GAP) + width > (self.width or 0):
                parts.append([])
                taken = start + len(_GAP)
            taken += width + (len(_GAP) if parts[-1] else 0)
            parts[-1].append(column)
        indent = " " * start + _GAP
        lines = []
        for index, lead in enumerate(leads):
            texts = (_GAP.join(column[index] for column in part) for part in parts)
            first, *more = (_line(indent if number else lead, text) for number, text in enumerate(texts))
            lines.append([first, *filter(None, more)])
        return lines


PLAIN = Layout()
"""Lines of any length, and no colours."""


def _words(text: str, room: int) -> Iterator[str]:
    """What may stand on different lines; a quoted text is one word if it fits into ``room`` columns."""
    text = re.sub(_AMOUNT, _GLUE, text)
    text = re.sub(_QUOTED, lambda quoted: quoted[0].replace(" ", _QUOTED_SPACE), text)
    for word in text.split(" "):
        if _QUOTED_SPACE in word and columns(word) > room:
            yield from word.split(_QUOTED_SPACE)
        else:
            yield word


def _line(lead: str, text: str) -> str:
    return f"{lead}{text}".translate(_SPACES).rstrip()


def _sum_of(made: Sequence[Sequence[str]]) -> int:
    """The width of aligned columns side by side."""
    return sum(columns(column[0]) for column in made) + len(_GAP) * (len(made) - 1)


def _aligned(cells: Sequence[str], kind: str) -> list[str]:
    """The cells of one column, each as wide as the widest."""
    if kind == ".":
        cells = _by_point(cells)
    width = max(map(columns, cells))
    return [_padded(cell, width, is_right=kind in ">.") for cell in cells]


def _by_point(cells: Sequence[str]) -> list[str]:
    """Numbers so that their decimal points stand below each other once they are aligned to the right."""
    parts = [re.fullmatch(_NUMBER, cell, re.DOTALL) for cell in cells]
    decimals = max((len(part[2] or "") for part in parts if part), default=0)
    rest = max((columns(part[3]) for part in parts if part), default=0)
    return [
        f"{part[1]}{part[2] or '':<{decimals}}{_padded(part[3], rest)}" if part else cell
        for cell, part in zip(cells, parts, strict=True)
    ]


def _padded(text: str, width: int, *, is_right: bool = False) -> str:
    space = " " * (width - columns(text))
    return f"{space}{text}" if is_right else f"{text}{space}"
