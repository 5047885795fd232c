"""CSV text → cells with their places.

As in RFC 4180: quotes around a cell, doubled inside one; lines end with LF or CR LF. What separates cells
(``,``, ``;`` or a tab) is what the header line has most of. Python's own reader does not say where a cell
stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_SEPARATORS = (",", ";", "\t")


class Cell(NamedTuple):
    """The text of one cell, and where it begins; line and column count from 1."""

    text: str
    line: int
    column: int


class CsvError(ValueError):
    """The text is no CSV; the message says why, ``fix`` what to do."""

    def __init__(self, problem: str, fix: str, line: int, column: int) -> None:
        super().__init__(problem)
        self.fix = fix
        self.line = line
        self.column = column


def csv_rows(text: str) -> Iterator[list[Cell]]:
    """The rows of ``text``, empty lines left out; the first one is the header.

    Raises:
        CsvError: a quote is not closed, or stands where none may.
    """
    reader = _Reader(text, _separator(text))
    while (row := reader.row()) is not None:
        if len(row) > 1 or row[0].text:
            yield row


def _separator(text: str) -> str:
    header = text.partition("\n")[0]
    return max(_SEPARATORS, key=header.count)


class _Reader:
    """Reads cell by cell, keeping count of lines and columns."""

    def __init__(self, text: str, separator: str) -> None:
        self._text = text
        self._separator = separator
        self._at = 0
        self._line = 1
        self._line_start = 0

    def row(self) -> list[Cell] | None:
        """The next row; None at the end."""
        if self._at >= len(self._text):
            return None
        cells = [self._cell()]
        while self._next() == self._separator:
            self._at += 1
            cells.append(self._cell())
        self._end_line()
        return cells

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _cell(self) -> Cell:
        line, column = self._line, self._at - self._line_start + 1
        text = self._quoted() if self._next() == '"' else self._plain()
        return Cell(text, line, column)

    def _plain(self) -> str:
        start = self._at
        while self._next() not in ("", self._separator, "\r", "\n"):
            if self._next() == '"':
                raise self._error(
                    "a quote inside a cell that does not begin with one",
                    "put quotes around the whole cell, and write those inside it twice",
                )
            self._at += 1
        return self._text[start : self._at].strip(" ")

    def _quoted(self) -> str:
        opened = self._error("this quote is not closed", "close it where the cell ends")
        parts = []
        self._at += 1
        while True:
            end = self._text.find('"', self._at)
            if end < 0:
                raise opened
            part = self._text[self._at : end]
            self._count_lines(self._at, end)
            parts.append(part)
            self._at = end + 1
            if self._next() != '"':
                break
            parts.append('"')
            self._at += 1
        if self._next() not in ("", self._separator, "\r", "\n"):
            raise self._error("text follows the closing quote of a cell", "write quotes inside a cell twice")
        return "".join(parts)

    def _count_lines(self, start: int, end: int) -> None:
        breaks = self._text.count("\n", start, end)
        if breaks:
            self._line += breaks
            self._line_start = self._text.rfind("\n", start, end) + 1

    def _end_line(self) -> None:
        if self._next() == "\r":
            self._at += 1
            if self._next() not in ("", "\n"):
                raise self._error("a carriage return without a line feed", "end lines with LF or CR LF")
        if self._next() == "\n":
            self._at += 1
            self._line += 1
            self._line_start = self._at

    def _error(self, problem: str, fix: str) -> CsvError:
        return CsvError(problem, fix, self._line, self._at - self._line_start + 1)
