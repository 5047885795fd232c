"""A definition with ``for_each`` → one definition for each row of its data file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pennyform.findings import Finding
from pennyform.invoices.expressions.evaluate import Evaluation, Scope
from pennyform.invoices.schema.schema import Schema
from pennyform.invoices.sources.data_file import DataFile, Row, data_file
from pennyform.invoices.sources.discover import DATA_FOLDER, is_data
from pennyform.invoices.sources.safe_path import UnsafePathError, resolve_inside
from pennyform.invoices.templates.apply import header_scope
from pennyform.invoices.templates.resolved_definition import ResolvedDefinition
from pennyform.invoices.yaml.document import Document

_YAML = (".yaml", ".yml")
_SUFFIXES = (*_YAML, ".json", ".csv", ".tsv", ".txt")


class Expanded(NamedTuple):
    """The definition that one row gives."""

    whole: ResolvedDefinition
    row: Row


def rows(document: Document, root: Path) -> tuple[DataFile, Path | None]:
    """The rows that the definition ``document`` is for, and the file they are in.

    Args:
        document: has passed the schema of definitions with ``for_each``.
        root: the folder of the invoice repository.

    Returns:
        No rows, and a finding, when the file cannot be used.
    """
    stated = _stated(document)["file"]
    folder = Path(document.file).parent
    try:
        file = resolve_inside(root, folder.resolve(), stated)
    except UnsafePathError as refused:
        return _unusable(document, f"`{stated[:60]}` cannot be read: {refused}", fix=refused.fix), None
    if file.suffix.lower() not in _SUFFIXES:
        problem = f"`{stated[:60]}` is no data file: those are CSV, YAML and JSON"
        return _unusable(document, problem, fix="save it as CSV, which every spreadsheet does"), None
    if file.suffix.lower() in _YAML and not is_data(file, root):
        problem = f"a YAML data file lies in a folder called `{DATA_FOLDER}`"
        return _unusable(
            document, problem, "Elsewhere it would be taken for a definition.", "move it there"
        ), None
    return data_file(file, os.path.normpath(folder / stated)), file


def expand(document: Document, found: list[Row], schema: Schema) -> tuple[list[Expanded], list[Finding]]:
    """The definitions that ``document`` stands for: one for each row that counts.

    Args:
        document: has passed the schema of definitions with ``for_each``.
        found: the rows of its data file.
        schema: of a single definition, which says what type each field takes.
    """
    if "{{" not in document.value["external_reference"]:
        return [], [_one_reference(document)]
    stated = _stated(document)
    plain = {name: value for name, value in document.value.items() if name != "for_each"}
    single = Document(document.file, plain, document.marks, document.spoiled)
    expanded: list[Expanded] = []
    findings: list[Finding] = []
    for scope, row in _scopes(document, found, stated.get("as", "row")):
        evaluation = Evaluation(single)
        condition = stated.get("when")
        if condition is None or evaluation.is_true(condition, scope, ("for_each", "when")):
            value = evaluation.evaluated(schema, scope, ())
            one = Document(document.file, value, evaluation.marks, document.spoiled)
            if not evaluation.findings:
                expanded.append(Expanded(ResolvedDefinition(one, evaluation.origins), row))
        findings += evaluation.findings
    return expanded, findings


def _stated(document: Document) -> dict[str, Any]:
    stated = document.value["for_each"]
    return stated if isinstance(stated, dict) else {"file": stated}


def _scopes(document: Document, found: list[Row], called: str) -> Iterator[tuple[Scope, Row]]:
    header = header_scope(document)
    for index, row in enumerate(found, start=1):
        sources = {f"{called}.{column}": mark for column, mark in row.marks.items()}
        names = {**header.names, called: row.values, "index": index}
        yield Scope(names, {**header.sources, **sources}, f"For {row.place}."), row


def _unusable(document: Document, summary: str, detail: str = "", fix: str = "") -> DataFile:
    path = ("for_each", "file") if isinstance(document.value["for_each"], dict) else ("for_each",)
    return DataFile([], None, [document.finding("data-file", summary, path, detail=detail, fix=fix)])


def _one_reference(document: Document) -> Finding:
    return document.finding(
        "series-reference",
        "every row would give the same reference",
        ("external_reference",),
        detail="A reference names one invoice for ever.",
        fix='take something of the row into it, as in "FEE-{{ row.number }}"',
    )
