"""A data file → rows: one mapping each, with the place of every value.

CSV has a header line and only text; YAML and JSON hold a list of mappings. All of it is read as strictly as
definitions are. CSV is as in RFC 4180: quotes around a cell, doubled inside one; lines end with LF or CR LF.
What separates cells (``,``, ``;`` or a tab) is what the header line has most of. Python's csv module reads
the rows; since it does not say where a cell stands, each row is then compared with its lines.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pennyform.findings import Finding, Severity, errors
from pennyform.invoices.model import Place
from pennyform.invoices.sources.source_file import FileReader, Source
from pennyform.invoices.yaml.document import Document, Mark, YamlMapping
from pennyform.invoices.yaml.reader import LARGEST_FILE, decode, read

MOST_ROWS = 20_000
MOST_COLUMNS = 1_000
_TOO_LONG = f"the file has more than {MOST_ROWS:,} rows"
_YAML = (".yaml", ".yml", ".json")
_SEPARATORS = (",", ";", "\t")
# Possessive, so that a doubled quote at the end of the text is never taken for a closing one.
_QUOTED = re.compile(r'"(?:[^"]|"")*+"')
_BARE_CARRIAGE_RETURN = re.compile(r"\r(?!\n)")

# A cell may be as large as its file; the module's own limit is 128 KiB.
csv.field_size_limit(LARGEST_FILE)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its values by column, the place of each (by ``column`` or ``column.inner``), and its own."""

    values: YamlMapping
    marks: dict[str, Mark]
    mark: Mark

    @property
    def place(self) -> str:
        """Where the row begins, as people write it."""
        return f"{self.mark.file}:{self.mark.line}"


@dataclass(frozen=True, slots=True)
class DataFile:
    """The content of a data file. ``content`` are its bytes, None when they were not read."""

    rows: list[Row]
    content: bytes | None
    findings: list[Finding]


def read_data_file(source: Source, reader: FileReader) -> DataFile:
    """Read and parse a data file."""
    content, problem = reader.content(source)
    if content is None:
        return DataFile([], None, [problem] if problem else [])
    name = source.name
    reader.draw(source, content)
    if source.path.suffix.lower() in _YAML:
        document, findings = read(content, name)
        rows = _list_rows(document, findings) if document else []
    else:
        text, findings = decode(content, name)
        rows = _csv_rows(text, name, findings) if text is not None else []
    if not rows and not errors(findings):
        findings.append(Finding("data-empty", Severity.ERROR, "the data file has no rows", name, 1, 1))
    reader.budget.draw("rows", len(rows), lambda: Place(name, 1, 1))
    return DataFile(rows, content, findings)


def _list_rows(document: Document, findings: list[Finding]) -> list[Row]:
    """The rows of a YAML or JSON file, a list of mappings; adds to ``findings``."""
    if not isinstance(document.value, list):
        summary, fix = "a data file holds a list of mappings", "begin each entry with `- `"
        findings.append(document.finding("data-form", summary, fix=fix))
        return []
    # Sorted by entry in one pass: looking through all marks for each of many rows would take quadratic time.
    marks: list[dict[str, Mark]] = [{} for _ in document.value]
    for path, mark in document.marks.items():
        if len(path) > 1 and isinstance(path[0], int):
            marks[path[0]][".".join(map(str, path[1:]))] = mark
    rows: list[Row] = []
    for index, entry in enumerate(document.value):
        if len(rows) == MOST_ROWS:
            findings.append(document.finding("data-too-long", _TOO_LONG, (index,)))
            break
        if isinstance(entry, dict):
            rows.append(Row(entry, marks[index], document.mark((index,))))
        else:
            findings.append(document.finding("data-form", "an entry of a data file is a mapping", (index,)))
    return rows


def _csv_rows(text: str, name: str, findings: list[Finding]) -> list[Row]:
    """The rows of a CSV file below its header; adds to ``findings``."""
    rows: list[Row] = []
    header: list[Cell] = []
    columns: list[str] = []
    try:
        for cells in csv_rows(text):
            if not header:
                header, columns = cells, [cell.text for cell in cells]
                if len(columns) > MOST_COLUMNS:
                    summary = f"the file has more than {MOST_COLUMNS:,} columns"
                    fix = "leave out the columns that nothing reads"
                    findings.append(_cell_finding(cells[MOST_COLUMNS], name, "data-column", summary, fix))
                    break
                findings += _header_findings(header, name)
            elif len(rows) == MOST_ROWS:
                findings.append(_cell_finding(cells[0], name, "data-too-long", _TOO_LONG))
                break
            elif len(cells) != len(header):
                summary = f"the row has {len(cells)} cells, the header {len(header)}"
                fix = "put quotes around text that holds a separator"
                findings.append(_cell_finding(cells[0], name, "data-form", summary, fix))
            else:
                marks = [Mark(name, cell.line, cell.column, cell.line, cell.column) for cell in cells]
                values = [cell.text for cell in cells]
                rows.append(
                    Row(
                        dict(zip(columns, values, strict=True)),
                        dict(zip(columns, marks, strict=True)),
                        marks[0],
                    )
                )
    except CsvError as error:
        findings.append(
            Finding("data-form", Severity.ERROR, str(error), name, error.line, error.column, fix=error.fix)
        )
    return rows


def _header_findings(header: Sequence[Cell], name: str) -> Iterator[Finding]:
    """Columns without a name, or with that of another one."""
    names: set[str] = set()
    for cell in header:
        if not cell.text:
            summary, fix = "a column has no name", "the first line names every column"
            yield _cell_finding(cell, name, "data-column", summary, fix)
        elif cell.text in names:
            summary, fix = f"another column is called `{cell.text[:60]}`", "give one of them another name"
            yield _cell_finding(cell, name, "data-column", summary, fix)
        names.add(cell.text)


def _cell_finding(cell: Cell, name: str, rule: str, summary: str, fix: str = "") -> Finding:
    return Finding(rule, Severity.ERROR, summary, file=name, line=cell.line, column=cell.column, fix=fix)


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
