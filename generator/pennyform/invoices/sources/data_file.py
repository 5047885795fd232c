"""A data file → rows: one mapping each, with the place of every value.

CSV has a header line and only text; YAML and JSON hold a list of mappings. All of it is read as strictly as
definitions are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pennyform.findings import Finding, Severity, errors
from pennyform.invoices.sources.csv_cells import Cell, CsvError, csv_rows
from pennyform.invoices.sources.source_file import FileReader, Source
from pennyform.invoices.yaml.document import Document, Mark, YamlMapping
from pennyform.invoices.yaml.reader import decode, read

MOST_ROWS = 20_000
_YAML = (".yaml", ".yml", ".json")


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
    if source.path.suffix.lower() in _YAML:
        document, findings = read(content, name)
        rows = _list_rows(document, findings) if document else []
    else:
        text, findings = decode(content, name)
        rows = _csv_rows(text, name, findings) if text is not None else []
    if not rows and not errors(findings):
        findings.append(Finding("data-empty", Severity.ERROR, "the data file has no rows", name, 1, 1))
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
    rows = []
    for index, entry in enumerate(document.value):
        if isinstance(entry, dict):
            rows.append(Row(entry, marks[index], document.mark((index,))))
        else:
            findings.append(document.finding("data-form", "an entry of a data file is a mapping", (index,)))
    return rows


def _csv_rows(text: str, name: str, findings: list[Finding]) -> list[Row]:
    """The rows of a CSV file below its header; adds to ``findings``."""
    rows: list[Row] = []
    header: list[Cell] = []
    try:
        for cells in csv_rows(text):
            if not header:
                header = cells
                findings += _bad_columns(header, name)
            elif len(rows) == MOST_ROWS:
                summary = f"the file has more than {MOST_ROWS:,} rows"
                findings.append(_cell_finding(cells[0], name, "data-too-long", summary))
                break
            elif len(cells) != len(header):
                summary = f"the row has {len(cells)} cells, the header {len(header)}"
                fix = "put quotes around text that holds a separator"
                findings.append(_cell_finding(cells[0], name, "data-form", summary, fix))
            else:
                columns = [cell.text for cell in header]
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


def _bad_columns(header: list[Cell], name: str) -> Iterator[Finding]:
    columns: set[str] = set()
    for cell in header:
        if not cell.text:
            summary, fix = "a column has no name", "the first line names every column"
            yield _cell_finding(cell, name, "data-column", summary, fix)
        elif cell.text in columns:
            summary = f"another column is called `{cell.text[:60]}`"
            yield _cell_finding(cell, name, "data-column", summary, "give one of them another name")
        columns.add(cell.text)


def _cell_finding(cell: Cell, name: str, rule: str, summary: str, fix: str = "") -> Finding:
    return Finding(rule, Severity.ERROR, summary, file=name, line=cell.line, column=cell.column, fix=fix)
