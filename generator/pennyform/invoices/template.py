"""YAML invoice templates: typed parameters, header defaults, lines with expressions.

A definition that names a template is resolved to one that names none; from there on the two kinds are treated
alike. Every resolved value keeps the place it was written at, be it in the definition or in the template.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from pennyform.findings import Finding
from pennyform.invoices import dates
from pennyform.invoices.amounts import canonical
from pennyform.invoices.document import Document, Mark, Path
from pennyform.invoices.parameters import Template, values_for
from pennyform.invoices.schema import Schema

_OWN = ("template", "values")
# What expressions may refer to besides the template's parameters.
_HEADER_NAMES = ("external_reference", "customer", "date", "deadline", "currency", "language")


def resolve(document: Document, one: Template, schema: Schema) -> tuple[Document | None, list[Finding]]:
    """Give ``document`` what its template provides.

    Args:
        document: an invoice definition that names the template.
        one: that template.
        schema: the definition schema of invoices, which says what type each field takes.

    Returns:
        The definition without ``template`` and ``values``: its own keys before the template's defaults, its
        own lines after the template's; None when the values do not fit. And every finding.
    """
    values, findings = values_for(document, one)
    if findings:
        return None, findings
    evaluation = _Evaluation(one, _header_names(document) | values, document)
    given = evaluation.evaluated(one.document.value["invoice"], schema, ("invoice",))
    if evaluation.findings:
        return None, evaluation.findings
    return _joined(document, evaluation.marks, given), []


def _header_names(document: Document) -> dict[str, Any]:
    """What the definition itself says in its header, as native values."""
    names = {name: document.value.get(name) for name in _HEADER_NAMES}
    return {
        name: (dates.parse(value) or value) if name in ("date", "deadline") else value
        for name, value in names.items()
        if isinstance(value, str)
    }


class _Evaluation:
    """Evaluates the scalars of one template for one definition.

    ``marks`` says where each value of the template comes from: the template, or the definition where an
    expression does nothing but name one of its values.
    """

    def __init__(self, one: Template, names: Mapping[str, Any], definition: Document) -> None:
        self.document = one.document
        self.names = names
        self.definition = definition
        self.marks = dict(one.document.marks)
        self.findings: list[Finding] = []

    def evaluated(self, value: Any, schema: Schema, path: Path) -> Any:
        """``value`` with its expressions replaced by what they give, in the type that ``schema`` takes."""
        if isinstance(value, dict):
            known = schema.get("properties", {})
            return {
                name: self.evaluated(one, known.get(name, {}), (*path, name)) for name, one in value.items()
            }
        if isinstance(value, list):
            items = schema.get("items", {})
            return [self.evaluated(one, items, (*path, index)) for index, one in enumerate(value)]
        return self._scalar(value, schema, path) if isinstance(value, str) else value

    def _scalar(self, text: str, schema: Schema, path: Path) -> Any:
        if "{" not in text:
            return text
        # Importing Jinja costs more than validating a file; most files need no expression.
        from pennyform.invoices.expression import ExpressionError, evaluate, holds_expression

        if not holds_expression(text):
            return text
        stated = self.definition.marks.get(("values", text.strip("{ }")))
        if stated:
            self.marks[path] = stated
        try:
            return _as_field(schema, evaluate(text, self.names))
        except ExpressionError as error:
            self.findings.append(
                self.document.finding(
                    "expression",
                    f"the expression cannot be evaluated: {error}",
                    path,
                    detail=f"Needed for {self.definition.file}. Known here: {', '.join(sorted(self.names))}.",
                )
            )
            return None


def _as_field(schema: Schema, value: Any) -> Any:
    """A native value as the field writes it: an amount as text, a date as text, a number as a number."""
    types = schema.get("type", [])
    takes_text = "string" in ([types] if isinstance(types, str) else types)
    if isinstance(value, date):
        return value.isoformat()
    if takes_text and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return canonical(Decimal(value)) if schema.get("format") == "decimal" else f"{value:f}"
    return value


def _joined(document: Document, given_marks: Mapping[Path, Mark], given: dict[str, Any]) -> Document:
    """The definition's own fields over the given ones; lines of both, the given ones first."""
    own = {name: value for name, value in document.value.items() if name not in _OWN}
    given_lines = given.get("invoice_lines", [])
    value = given | own
    if isinstance(own.get("invoice_lines"), list):
        value["invoice_lines"] = [*given_lines, *own["invoice_lines"]]
    marks = dict(_moved(given_marks, own)) | dict(_shifted(document.marks, len(given_lines)))
    spoiled = {path for path, _ in _shifted(dict.fromkeys(document.spoiled), len(given_lines))}
    return Document(document.file, value, marks, spoiled)


def _moved(marks: Mapping[Path, Mark], own: Mapping[str, Any]) -> Iterator[tuple[Path, Mark]]:
    """The marks of what the template gives and the definition does not say itself."""
    for path, mark in marks.items():
        if len(path) > 1 and path[0] == "invoice" and (path[1] == "invoice_lines" or path[1] not in own):
            yield path[1:], mark


def _shifted(marks: Mapping[Path, Any], by: int) -> Iterator[tuple[Path, Any]]:
    """The definition's own marks, its lines moved behind the template's."""
    for path, mark in marks.items():
        if len(path) > 1 and path[0] == "invoice_lines" and isinstance(path[1], int):
            yield ("invoice_lines", path[1] + by, *path[2:]), mark
        elif path[:1] not in (("template",), ("values",)):
            yield path, mark
