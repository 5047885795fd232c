"""A definition with ``for_each`` → one definition for each row of its data file."""

from __future__ import annotations

import os
from pathlib import Path

from pennyform.findings import Finding
from pennyform.invoices.checks.references import ResolvedDefinition
from pennyform.invoices.expressions.evaluate import Evaluation, Scope, constant_parts
from pennyform.invoices.model.budget import Budget
from pennyform.invoices.schema import Schema
from pennyform.invoices.schema.patterns import Patterns
from pennyform.invoices.sources.data_file import DataFile, Row, read_data_file
from pennyform.invoices.sources.discover import DATA_FOLDER, is_data
from pennyform.invoices.sources.source_file import FileReader, Source, UnsafePathError, resolve_inside
from pennyform.invoices.templates.apply import header_scope
from pennyform.invoices.templates.columns import parse_columns, read_columns
from pennyform.invoices.yaml.document import Document, YamlMapping

_YAML = (".yaml", ".yml")
_SUFFIXES = (*_YAML, ".json", ".csv", ".tsv", ".txt")


def read_rows(document: Document, root: Path, reader: FileReader) -> tuple[DataFile, Path | None]:
    """The rows that the definition ``document`` is for, and the file they are in.

    Args:
        document: has passed the schema of definitions with ``for_each``.
        root: the folder of the invoice repository.
        reader: reads the file.

    Returns:
        No rows, and a finding, when the file cannot be used.
    """
    name = _for_each(document)["file"]
    folder = Path(document.file).parent
    detail = ""
    try:
        file = resolve_inside(root, folder.resolve(), name)
    except UnsafePathError as error:
        problem, fix = f"`{name[:60]}` cannot be read: {error}", error.fix
    else:
        if file.suffix.lower() not in _SUFFIXES:
            problem = f"`{name[:60]}` is no data file: those are CSV, YAML and JSON"
            fix = "save it as CSV, which every spreadsheet does"
        elif file.suffix.lower() in _YAML and not is_data(file, root):
            problem = f"a YAML data file lies in a folder called `{DATA_FOLDER}`"
            detail, fix = "Elsewhere it would be taken for a definition.", "move it there"
        else:
            # Findings call the file as the user would, not by the resolved path that is read.
            return read_data_file(Source(file, os.path.normpath(folder / name), "", root), reader), file
    path = ("for_each", "file") if isinstance(document.value["for_each"], dict) else ("for_each",)
    return DataFile([], None, [document.finding("data-file", problem, path, detail=detail, fix=fix)]), None


def expand_series(
    document: Document, rows: list[Row], schema: Schema, budget: Budget
) -> tuple[list[ResolvedDefinition], list[Finding]]:
    """The definitions that ``document`` stands for: one for each row that its condition holds for.

    Args:
        document: has passed the schema of definitions with ``for_each``.
        rows: those of its data file.
        schema: of a single definition, which says what type each field takes.
        budget: what evaluating draws on.
    """
    if "{{" not in document.value["external_reference"]:
        finding = document.finding(
            "series-reference",
            "every row would give the same reference",
            ("external_reference",),
            fix='take something of the row into it, as in "FEE-{{ row.number }}"',
        )
        return [], [finding]
    for_each = _for_each(document)
    name, condition = for_each.get("as", "row"), for_each.get("when")
    single = Document(
        document.file,
        {field: value for field, value in document.value.items() if field != "for_each"},
        document.marks,
        document.spoiled,
    )
    header = header_scope(document, schema)
    constant = constant_parts(single)
    definitions: list[ResolvedDefinition] = []
    findings: list[Finding] = []
    patterns = Patterns()
    columns, problems = parse_columns(document, rows)
    findings += problems
    # The row's names hide those of the header: `row` and `index` mean the same in every definition.
    for index, source_row in enumerate(rows, start=1):
        row, unreadable = read_columns(source_row, columns, document)
        names = {**header.names, name: row.values, "index": index}
        # A plain mapping for each row: it is several times as fast as one of layers.
        sources = {f"{name}.{column}": mark for column, mark in row.marks.items()}
        scope = Scope(names, {**header.sources, **sources} if header.sources else sources, row.place)
        # A new one for each row: it keeps the places of one result.
        evaluation = Evaluation(single, budget, constant=constant)
        is_wanted = condition is None or evaluation.is_true(condition, scope, ("for_each", "when"))
        if unreadable:
            # A row that is left out may hold anything, such as sums; where that cannot be told, it is meant.
            findings += unreadable if is_wanted or evaluation.findings else []
            continue
        if is_wanted:
            value = evaluation.evaluate(schema, scope, ())
            made = Document(document.file, value, evaluation.marks, document.spoiled)
            if not evaluation.findings:
                shape = evaluation.shape
                pattern = patterns.find(shape) or patterns.add(
                    shape, value, evaluation.origins, evaluation.marks
                )
                definitions.append(ResolvedDefinition(made, evaluation.origins, row, pattern))
        findings += evaluation.findings
    return definitions, findings


def _for_each(document: Document) -> YamlMapping:
    value = document.value["for_each"]
    return value if isinstance(value, dict) else {"file": value}
