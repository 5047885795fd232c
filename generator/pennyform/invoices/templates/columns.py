"""What the columns of a data file mean, declared once in the definition: ``columns:`` of ``for_each``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal

from pennyform.findings import Finding, Severity, closest_name
from pennyform.invoices.expressions.notation import (
    ISO_FORM,
    NotationError,
    NumberNotation,
    notation_finding,
    parse_date,
    parse_number,
)
from pennyform.invoices.sources.data_file import Row
from pennyform.invoices.yaml.document import Document, YamlMapping, YamlValue


@dataclass(frozen=True, slots=True)
class Column:
    """What stands in a column: numbers in a notation, or dates in a form; perhaps nothing in some cells."""

    type: str
    notation: NumberNotation
    form: str
    is_optional: bool


def parse_columns(document: Document, rows: Sequence[Row]) -> tuple[Mapping[str, Column], list[Finding]]:
    """The columns that ``for_each`` of ``document`` declares, and what is wrong with the declarations.

    Args:
        document: has passed the schema of definitions with ``for_each``.
        rows: those of its data file; a column that none of them has is misspelled.
    """
    for_each = document.value["for_each"]
    declared = for_each.get("columns", {}) if isinstance(for_each, dict) else {}
    known = {name for row in rows for name in row.values}
    columns: dict[str, Column] = {}
    findings = []
    for name, declaration in declared.items():
        path = ("for_each", "columns", name)
        if rows and name not in known:
            findings.append(_unknown_column(document, name, known))
            continue
        try:
            columns[name] = _parse_column(declaration)
        except ValueError as error:
            findings.append(
                document.finding(
                    "data-column", f"`{name}` cannot be read so: {error}", path, fix="correct the declaration"
                )
            )
    return columns, findings


def _parse_column(declaration: YamlMapping) -> Column:
    """The column of a valid declaration; raises ValueError where its words contradict one another."""
    column_type = declaration["type"]
    if column_type == "date":
        form = declaration.get("form", ISO_FORM)
        with suppress(NotationError):
            parse_date("", form)  # only whether the form has all three parts
        return Column(column_type, NumberNotation(), form, declaration.get("optional", False))
    currency = "%" if column_type == "percentage" else declaration.get("currency", "")
    notation = NumberNotation(
        declaration.get("point", "."),
        declaration.get("thousands", ""),
        currency,
        declaration.get("trailing_minus", False),
    )
    return Column(column_type, notation, "", declaration.get("optional", False))


def _unknown_column(document: Document, name: str, known: set[str]) -> Finding:
    close = closest_name(name, sorted(known))
    return document.finding(
        "data-column",
        f"the data file has no column `{name}`",
        ("for_each", "columns", name),
        key=True,
        detail=f"Its columns: {', '.join(f'`{column}`' for column in sorted(known))}.",
        fix=f"write `{close}`" if close else "delete it",
    )


def read_columns(row: Row, columns: Mapping[str, Column], document: Document) -> tuple[Row, list[Finding]]:
    """``row`` with the values of declared columns read, and a finding at each cell that cannot be."""
    if not columns:
        return row, []
    values = dict(row.values)
    findings = []
    for name, column in columns.items():
        mark = row.marks.get(name, row.mark)
        value = row.values.get(name)
        if value is None or value == "":
            values[name] = None
            if not column.is_optional:
                summary = f"the row has nothing in the column `{name}`"
                fix = "fill it in, or declare the column `optional: true`"
                findings.append(
                    Finding(
                        "text-notation", Severity.ERROR, summary, mark.file, mark.line, mark.column, fix=fix
                    )
                )
            continue
        try:
            values[name] = _read_value(value, column)
        except NotationError as error:
            reader = document.place(("for_each", "columns", name))
            findings.append(notation_finding(error, mark, reader, f"columns: {name}"))
    return replace(row, values=values), findings


def _read_value(value: YamlValue, column: Column) -> YamlValue:
    """A cell as the column declares it; what YAML and JSON know for a number already stays as it is."""
    if column.type == "date":
        if not isinstance(value, str):
            raise NotationError(str(value), f"is no date written as {column.form}")
        return parse_date(value, column.form)
    if isinstance(value, str):
        value = parse_number(value, column.notation)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise NotationError(str(value), "is no number")
    if column.type == "integer" and value != int(value):
        raise NotationError(f"{value:f}", "is not a whole number")
    return int(value) if column.type == "integer" else value
