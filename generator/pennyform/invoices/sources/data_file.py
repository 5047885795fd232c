"""A data file → rows: one mapping each, with the place of every value.

CSV has a header line and only text; YAML and JSON hold a list of mappings. All of it is read as strictly as
definitions are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pennyform.findings import Finding, Severity, errors
from pennyform.invoices.sources.csv_cells import Cell, CsvError, csv_rows
from pennyform.invoices.yaml.document import Document, Mark
from pennyform.invoices.yaml.document import Path as Steps
from pennyform.invoices.yaml.reader import decode, read, read_bytes

MOST_ROWS = 20_000
_YAML = (".yaml", ".yml", ".json")


class Row(NamedTuple):
    """One row: its values by column, the place of each (by ``column`` or ``column.inner``), and its own."""

    values: dict[str, Any]
    marks: dict[str, Mark]
    mark: Mark

    @property
    def place(self) -> str:
        """Where the row begins, as people write it."""
        return f"{self.mark.file}:{self.mark.line}"


class DataFile(NamedTuple):
    """What one data file holds. ``content`` are its bytes, None when they were not read."""

    rows: list[Row]
    content: bytes | None
    findings: list[Finding]


def data_file(path: Path, name: str) -> DataFile:
    """Read the data file at ``path``, which findings call ``name``."""
    content, problem = read_bytes(path, name)
    if content is None:
        return DataFile([], None, [problem] if problem else [])
    if path.suffix.lower() in _YAML:
        document, findings = read(content, name)
        rows = _of_list(document, findings) if document else []
    else:
        text, findings = decode(content, name)
        rows = _of_csv(text, name, findings) if text is not None else []
    if not rows and not errors(findings):
        findings.append(Finding("data-empty", Severity.ERROR, "the data file has no rows", name, 1, 1))
    return DataFile(rows, content, findings)


# --- YAML and JSON ----------------------------------------------------------------------------------------


def _of_list(document: Document, findings: list[Finding]) -> list[Row]:
    if not isinstance(document.value, list):
        findings.append(
            document.finding(
                "data-form", "a data file holds a list of mappings", fix="begin each entry with `- `"
            )
        )
        return []
    rows = []
    for index, entry in enumerate(document.value):
        if isinstance(entry, dict):
            rows.append(Row(entry, dict(_inner(document, index)), document.mark((index,))))
        else:
            findings.append(document.finding("data-form", "an entry of a data file is a mapping", (index,)))
    return rows


def _inner(document: Document, index: int) -> Iterator[tuple[str, Mark]]:
    for path, mark in document.marks.items():
        if len(path) > 1 and path[0] == index:
            yield _dotted(path[1:]), mark


def _dotted(path: Steps) -> str:
    return ".".join(map(str, path))


# --- CSV --------------------------------------------------------------------------------------------------


def _of_csv(text: str, name: str, findings: list[Finding]) -> list[Row]:
    rows: list[Row] = []
    header: list[Cell] = []
    try:
        for cells in csv_rows(text):
            if not header:
                header = cells
                findings += _bad_columns(header, name)
            elif len(rows) == MOST_ROWS:
                findings.append(
                    _at(cells[0], name, "data-too-long", f"the file has more than {MOST_ROWS:,} rows")
                )
                break
            elif len(cells) != len(header):
                findings.append(_uneven(cells, header, name))
            else:
                rows.append(_row(cells, header, name))
    except CsvError as error:
        findings.append(
            Finding("data-form", Severity.ERROR, str(error), name, error.line, error.column, fix=error.fix)
        )
    return rows


def _row(cells: list[Cell], header: list[Cell], name: str) -> Row:
    pairs = list(zip(header, cells, strict=True))
    marks = {column.text: _mark(cell, name) for column, cell in pairs}
    return Row({column.text: cell.text for column, cell in pairs}, marks, _mark(cells[0], name))


def _mark(cell: Cell, name: str) -> Mark:
    return Mark(name, cell.line, cell.column, cell.line, cell.column)


def _bad_columns(header: list[Cell], name: str) -> Iterator[Finding]:
    seen: set[str] = set()
    for cell in header:
        if not cell.text:
            yield _at(cell, name, "data-column", "a column has no name", "the first line names every column")
        elif cell.text in seen:
            summary = f"another column is called `{cell.text[:60]}`"
            yield _at(cell, name, "data-column", summary, "give one of them another name")
        seen.add(cell.text)


def _uneven(cells: list[Cell], header: list[Cell], name: str) -> Finding:
    summary = f"the row has {len(cells)} cells, the header {len(header)}"
    return _at(cells[0], name, "data-form", summary, "put quotes around text that holds a separator")


def _at(cell: Cell, name: str, rule: str, summary: str, fix: str = "") -> Finding:
    return Finding(rule, Severity.ERROR, summary, file=name, line=cell.line, column=cell.column, fix=fix)
