"""CSV text → cells with their places.

As in RFC 4180: quotes around a cell, doubled inside one; lines end with LF or CR LF. What separates cells
(``,``, ``;`` or a tab) is what the header line has most of. Python's csv module reads the rows; since it
does not say where a cell stands, each row is then compared with its lines.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pennyform.invoices.yaml.reader import LARGEST_FILE

_SEPARATORS = (",", ";", "\t")
# Possessive, so that a doubled quote at the end of the text is never taken for a closing one.
_QUOTED = re.compile(r'"(?:[^"]|"")*+"')
_BARE_CARRIAGE_RETURN = re.compile(r"\r(?!\n)")

# A cell may be as large as its file; the module's own limit is 128 KiB.
csv.field_size_limit(LARGEST_FILE)


class Cell(NamedTuple):  # a file of a megabyte may have half a million of them
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
    header = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=header.count)
    lines = list(io.StringIO(text, newline="\n"))
    # Not `strict`: the module would raise without a place. A malformed row is returned, and refused below.
    reader = csv.reader(lines, delimiter=separator)
    while True:
        start = reader.line_num
        try:
            texts = next(reader, None)
        except csv.Error as error:
            raise _carriage_return("".join(lines[start : reader.line_num]), start + 1) from error
        if texts is None:
            return
        row = list(_cells(texts, "".join(lines[start : reader.line_num]), start + 1, separator))
        if len(row) > 1 or (row and row[0].text):
            yield row


def _cells(texts: Sequence[str], raw: str, line: int, separator: str) -> Iterator[Cell]:
    """The cells of one row, whose lines are ``raw`` and begin at ``line``, each with its place."""
    line_start = position = end = 0
    for text in texts:
        column = position - line_start + 1
        if raw.startswith('"', position):
            quoted = _QUOTED.match(raw, position)
            if not quoted:
                raise CsvError("this quote is not closed", "close it where the cell ends", line, column)
            yield Cell(text, line, column)
            end = quoted.end()
            line += raw.count("\n", position, end)
            line_start = raw.rfind("\n", position, end) + 1 or line_start
            if raw[end : end + 1] not in ("", separator, "\r", "\n"):
                problem, fix = "text follows the closing quote of a cell", "write quotes inside a cell twice"
                raise CsvError(problem, fix, line, end - line_start + 1)
        else:
            if '"' in text:
                problem = "a quote inside a cell that does not begin with one"
                fix = "put quotes around the whole cell, and write those inside it twice"
                raise CsvError(problem, fix, line, column + text.index('"'))
            yield Cell(text.strip(" "), line, column)
            end = position + len(text)
        position = end + 1
    if raw[end:] not in ("", "\n", "\r", "\r\n"):
        raise _carriage_return(raw[line_start:], line)


def _carriage_return(raw: str, line: int) -> CsvError:
    """The error about the first one in ``raw``, which begins at ``line``."""
    match = _BARE_CARRIAGE_RETURN.search(raw)
    end = match.end() if match else 0
    line += raw.count("\n", 0, end)
    column = end - (raw.rfind("\n", 0, end) + 1) + 1
    return CsvError("a carriage return without a line feed", "end lines with LF or CR LF", line, column)
