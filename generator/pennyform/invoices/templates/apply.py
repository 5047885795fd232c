"""A definition that names a template → one that names none.

From there on the two kinds are treated alike. Every resolved value keeps the place it was written at, be it
in the definition, in its data file, or in the template.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from pennyform.findings import Finding
from pennyform.invoices.expressions.evaluate import Evaluation, Scope
from pennyform.invoices.money import dates
from pennyform.invoices.schema.schema import Schema
from pennyform.invoices.templates.inheritance import LISTS, Template, shift_entries
from pennyform.invoices.templates.resolved_definition import ResolvedDefinition
from pennyform.invoices.templates.values import resolve_values
from pennyform.invoices.yaml.document import Document, Mark, Path, YamlMapping

_About = TypeVar("_About")
_TEMPLATE_FIELDS = ("template", "values")
# What expressions may refer to besides the template's parameters.
HEADER_NAMES = ("external_reference", "customer", "date", "deadline", "currency", "language")


def apply_template(
    definition: ResolvedDefinition, template: Template, schema: Schema
) -> tuple[ResolvedDefinition | None, list[Finding]]:
    """Give a definition what its template provides.

    Args:
        definition: an invoice definition that names the template. The values of one that was made for a row
            come from a data file, where numbers may be text.
        template: what it names.
        schema: the definition schema of invoices, which says what type each field takes.

    Returns:
        The definition without ``template`` and ``values``: its own keys before the template's defaults, its
        own lines after the template's; None when the values do not fit. And every finding.
    """
    document = definition.document
    values, findings = resolve_values(
        document, template, definition.origins, from_text=definition.row is not None
    )
    if findings:
        return None, findings
    scope = header_scope(document).within(values, _value_marks(document, template))
    evaluation = Evaluation(template.document)
    provided = evaluation.evaluate(schema, scope, ("invoice",))
    if evaluation.findings:
        return None, evaluation.findings
    return _join(definition, evaluation, provided), []


def header_scope(document: Document) -> Scope:
    """What the header of ``document`` says literally, as native values."""
    header = {name: document.value.get(name) for name in HEADER_NAMES}
    # Text with an expression is not known yet: the template's own expressions cannot refer to it.
    literals = {name: value for name, value in header.items() if isinstance(value, str) and "{{" not in value}
    days: YamlMapping = {
        name: dates.parse(literals[name]) or literals[name]
        for name in ("date", "deadline")
        if name in literals
    }
    marks = {name: document.mark((name,)) for name in literals}
    return Scope({**literals, **days}, marks)


def _value_marks(document: Document, template: Template) -> dict[str, Mark]:
    """Where the value of each parameter is written, by its name; entries of lists as ``name.0.field``."""
    value_marks = {}
    for name in template.parameters:
        path: Path = ("values", name)
        marks = document.marks
        if path not in marks:  # the default counts
            marks, path = template.document.marks, ("parameters", name, "default")
        for value_path, mark in marks.items():
            if value_path[: len(path)] == path:
                value_marks[".".join(map(str, (name, *value_path[len(path) :])))] = mark
    return value_marks


def _join(
    definition: ResolvedDefinition, evaluation: Evaluation, provided: YamlMapping
) -> ResolvedDefinition:
    """The definition's own fields over those provided; lines of both, the provided ones first."""
    document = definition.document
    fields = {name: value for name, value in document.value.items() if name not in _TEMPLATE_FIELDS}
    value = {**provided, **fields}
    offsets = {}
    for name in LISTS:
        if name in provided and isinstance(fields.get(name), list):
            offsets[name] = len(provided[name])
            value[name] = [*provided[name], *fields[name]]
    marks = {**_from_template(evaluation.marks, fields), **_from_definition(document.marks, offsets)}
    origins = {**_from_template(evaluation.origins, fields), **_from_definition(definition.origins, offsets)}
    spoiled = set(_from_definition(dict.fromkeys(document.spoiled), offsets))
    return replace(definition, document=Document(document.file, value, marks, spoiled), origins=origins)


def _from_template(marks: Mapping[Path, _About], fields: YamlMapping) -> dict[Path, _About]:
    """What is known about values that the template provides and the ``fields`` of the definition do not."""
    # Entries of lists are never replaced: those of the definition come behind them.
    return {
        path: mark for path, mark in marks.items() if path and (path[0] in LISTS or path[0] not in fields)
    }


def _from_definition(marks: Mapping[Path, _About], offsets: Mapping[str, int]) -> dict[Path, _About]:
    """What is known about the definition's values, its lines moved behind the template's."""
    of_fields = {path: mark for path, mark in marks.items() if path[:1] not in (("template",), ("values",))}
    return shift_entries(of_fields, (), offsets)
