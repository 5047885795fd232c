"""A definition that names a template → one that names none.

From there on the two kinds are treated alike. Every resolved value keeps the place it was written at, be it
in the definition, in its data file, or in the template.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pennyform.findings import Finding
from pennyform.invoices.expressions.evaluate import Evaluation, Scope
from pennyform.invoices.money import dates
from pennyform.invoices.schema.schema import Schema
from pennyform.invoices.templates.inheritance import Template
from pennyform.invoices.templates.resolved_definition import ResolvedDefinition
from pennyform.invoices.templates.values import values_for
from pennyform.invoices.yaml.document import Document, Mark, Path

_About = TypeVar("_About")
_OWN = ("template", "values")
_LISTS = ("invoice_lines", "invoice_line_sections")
# What expressions may refer to besides the template's parameters.
HEADER_NAMES = ("external_reference", "customer", "date", "deadline", "currency", "language")


def resolve(
    written: ResolvedDefinition, one: Template, schema: Schema, *, from_text: bool = False
) -> tuple[ResolvedDefinition | None, list[Finding]]:
    """Give a definition what its template provides.

    Args:
        written: an invoice definition that names the template.
        one: that template.
        schema: the definition schema of invoices, which says what type each field takes.
        from_text: whether the definition's values come from a data file, where numbers may be text.

    Returns:
        The definition without ``template`` and ``values``: its own keys before the template's defaults, its
        own lines after the template's; None when the values do not fit. And every finding.
    """
    document = written.document
    values, findings = values_for(document, one, from_text=from_text)
    if findings:
        return None, findings
    scope = header_scope(document).within(values, dict(_stated(document, one)))
    evaluation = Evaluation(one.document)
    given = evaluation.evaluated(schema, scope, ("invoice",))
    if evaluation.findings:
        return None, evaluation.findings
    return _joined(written, evaluation, given), []


def header_scope(document: Document) -> Scope:
    """What the header of ``document`` says literally, as native values."""
    header = {name: document.value.get(name) for name in HEADER_NAMES}
    said = {name: value for name, value in header.items() if isinstance(value, str) and "{{" not in value}
    days = {name: dates.parse(value) or value for name, value in said.items() if name in ("date", "deadline")}
    marks = {name: document.mark((name,)) for name in said}
    return Scope({**said, **days}, marks)


def _stated(document: Document, one: Template) -> Iterator[tuple[str, Mark]]:
    """Where the value of each parameter is written, by its name; entries of lists as ``name.0.field``."""
    for name in one.parameters:
        root: Path = ("values", name)
        marks, path = document.marks, root
        if root not in marks:
            marks, path = one.document.marks, ("parameters", name, "default")
        for written, mark in marks.items():
            if written[: len(path)] == path:
                yield ".".join(map(str, (name, *written[len(path) :]))), mark


def _joined(written: ResolvedDefinition, evaluation: Evaluation, given: dict[str, Any]) -> ResolvedDefinition:
    """The definition's own fields over the given ones; lines of both, the given ones first."""
    document = written.document
    own = {name: value for name, value in document.value.items() if name not in _OWN}
    value = {**given, **own}
    by = {}
    for name in _LISTS:
        if name in given and isinstance(own.get(name), list):
            by[name] = len(given[name])
            value[name] = [*given[name], *own[name]]
    marks = {**dict(_kept(evaluation.marks, own)), **dict(_shifted(document.marks, by))}
    origins = {**dict(_kept(evaluation.origins, own)), **dict(_shifted(written.origins, by))}
    spoiled = {path for path, _ in _shifted(dict.fromkeys(document.spoiled), by)}
    return ResolvedDefinition(Document(document.file, value, marks, spoiled), origins)


def _kept(marks: Mapping[Path, _About], own: Mapping[str, Any]) -> Iterator[tuple[Path, _About]]:
    """What is known about values that the template gives and the definition does not say itself."""
    for path, mark in marks.items():
        if path and (path[0] in _LISTS or path[0] not in own):
            yield path, mark


def _shifted(marks: Mapping[Path, _About], by: Mapping[str, int]) -> Iterator[tuple[Path, _About]]:
    """What is known about the definition's own values, its lines moved behind the template's."""
    for path, mark in marks.items():
        if len(path) > 1 and path[0] in by and isinstance(path[1], int):
            yield (path[0], path[1] + by[str(path[0])], *path[2:]), mark
        elif path[:1] not in (("template",), ("values",)):
            yield path, mark
