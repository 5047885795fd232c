"""A definition that names a template → one that names none.

The values that it gives to the template's parameters are checked first. From there on the two kinds are
treated alike. Every resolved value keeps the place it was written at, be it in the definition, in its data
file, or in the template.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import TypeVar

from pennyform.findings import Finding, closest_name
from pennyform.invoices.checks.references import ResolvedDefinition
from pennyform.invoices.expressions.evaluate import Evaluation, Scope
from pennyform.invoices.expressions.filters import is_number
from pennyform.invoices.expressions.l10n import language_of
from pennyform.invoices.model import UNSET, Settings, Unset
from pennyform.invoices.model.budget import Budget
from pennyform.invoices.money import scalars
from pennyform.invoices.money.scalars import canonical
from pennyform.invoices.schema import Schema
from pennyform.invoices.templates.inheritance import LISTS, Template, shift_entries
from pennyform.invoices.templates.parameters import TYPES, UnknownFieldError, WrongValueError, to_native
from pennyform.invoices.yaml.document import Document, Mark, Path, YamlMapping

_About = TypeVar("_About")
_TEMPLATE_FIELDS = ("template", "values")
# What expressions may refer to besides the template's parameters.
HEADER_NAMES = ("external_reference", "customer", "date", "deadline", "currency", "language")
# The name that a template has besides: the language of its texts.
TEXT_LANGUAGE = "text_language"
# And in the definition of something else than an invoice, by its kind.
_HEADER_NAMES = {
    "customer": ("external_reference", "customer_type", "name", "first_name", "last_name", "reference"),
    "product": ("external_reference", "label", "unit", "vat_rate", "currency", "reference"),
}


def apply_template(
    definition: ResolvedDefinition,
    template: Template,
    schema: Schema,
    budget: Budget,
    settings: Settings,
    customer_language: str | Unset = UNSET,
) -> tuple[ResolvedDefinition | None, list[Finding]]:
    """Give a definition what its template provides.

    Args:
        definition: an invoice definition that names the template. The values of one that was made for a row
            come from a data file, where numbers may be text.
        template: what it names.
        schema: the definition schema of invoices, which says what type each field takes.
        budget: what evaluating the template draws on.
        settings: say which language the texts of templates have.
        customer_language: what the card of the customer says, if it is declared.

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
    scope = header_scope(document, schema)
    language = settings.template_language
    if language == "customer":
        language = language_of(scope.names.get("language"), customer_language)
    marks_of_values = _value_marks(definition, template)
    if TEXT_LANGUAGE in values and values[TEXT_LANGUAGE] is None:
        # A parameter of that name that is left out is what the settings say.
        del values[TEXT_LANGUAGE], marks_of_values[TEXT_LANGUAGE]
    scope = scope.within({TEXT_LANGUAGE: language}, {}).within(values, marks_of_values)
    evaluation = Evaluation(template.document, budget, constant=template.constant)
    provided = evaluation.evaluate(schema, scope, ("invoice",))
    if evaluation.findings:
        return None, evaluation.findings
    return _joined(definition, template, evaluation, provided), []


def _joined(
    definition: ResolvedDefinition, template: Template, evaluation: Evaluation, provided: YamlMapping
) -> ResolvedDefinition:
    """A definition with what its template ``provided``: its own fields first, its own lines last."""
    document = definition.document
    fields = {name: value for name, value in document.value.items() if name not in _TEMPLATE_FIELDS}
    value = {**provided, **fields}
    offsets = {}
    for name in LISTS:
        if name in provided and isinstance(fields.get(name), list):
            offsets[name] = len(provided[name])
            value[name] = [*provided[name], *fields[name]]
    origins = {**_from_template(evaluation.origins, fields), **_from_definition(definition.origins, offsets)}
    pattern = definition.pattern.joined.find(evaluation.shape, template.name) if definition.pattern else None
    if pattern:
        marks = {
            **pattern.marks,
            **_from_template(_of_computed(evaluation.marks, evaluation.origins), fields),
            **_from_definition(_of_computed(document.marks, definition.origins), offsets),
        }
    else:
        marks = {**_from_template(evaluation.marks, fields), **_from_definition(document.marks, offsets)}
        if definition.pattern:
            pattern = definition.pattern.joined.add(evaluation.shape, value, origins, marks, template.name)
    spoiled = set(_from_definition(dict.fromkeys(document.spoiled), offsets))
    joined = Document(document.file, value, marks, spoiled)
    return ResolvedDefinition(joined, origins, definition.row, pattern)


def _of_computed(marks: Mapping[Path, Mark], computed: Iterable[Path]) -> dict[Path, Mark]:
    return {path: marks[path] for path in computed}


def header_scope(document: Document, schema: Schema) -> Scope:
    """What the header of ``document``, a definition by ``schema``, says literally, as native values."""
    names = _HEADER_NAMES.get(schema["x-pennyform"]["kind"], HEADER_NAMES)
    header = {name: document.value.get(name) for name in names}
    # Text with an expression is not known yet: the template's own expressions cannot refer to it.
    literals = {name: value for name, value in header.items() if isinstance(value, str) and "{{" not in value}
    days: YamlMapping = {
        name: scalars.parse(literals[name]) or literals[name]
        for name in ("date", "deadline")
        if name in literals
    }
    marks = {name: document.mark((name,)) for name in literals}
    return Scope({**literals, **days}, marks)


def _value_marks(definition: ResolvedDefinition, template: Template) -> dict[str, Mark]:
    """Where the value of each parameter is written, by its name; entries of lists as ``name.0.field``."""
    marks, pattern = definition.document.marks, definition.pattern
    if pattern and template.name in pattern.marks_of_values:
        known = pattern.marks_of_values[template.name]
        computed = {
            ".".join(map(str, path[1:])): marks[path]
            for path in definition.origins
            if path[0] == "values" and path[1] in template.parameters
        }
        return {**known, **computed}
    of_values, defaults = _marks_by_name(marks, 1), _marks_by_name(template.document.marks, 2)
    value_marks = {}
    for name in template.parameters:
        # The default counts where no value is stated.
        is_stated = ("values", name) in marks
        of_name = (
            of_values.get(("values", name)) if is_stated else defaults.get(("parameters", name, "default"))
        )
        for path, mark in of_name or ():
            value_marks[".".join(map(str, (name, *path)))] = mark
    if pattern:
        pattern.marks_of_values[template.name] = dict(value_marks)
    return value_marks


def _marks_by_name(marks: Mapping[Path, Mark], depth: int) -> dict[Path, list[tuple[Path, Mark]]]:
    """The marks of values below each path of one step more than ``depth``, with the rest of their paths."""
    by_name: dict[Path, list[tuple[Path, Mark]]] = {}
    for path, mark in marks.items():
        if len(path) > depth:
            by_name.setdefault(path[: depth + 1], []).append((path[depth + 1 :], mark))
    return by_name


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


def resolve_values(
    document: Document, template: Template, computed: Collection[Path] = (), *, from_text: bool = False
) -> tuple[YamlMapping, list[Finding]]:
    """The native value of each parameter, as given in ``document`` or the default; and every finding.

    Args:
        document: a definition that names the template.
        template: what it names.
        computed: the paths of values that expressions gave, where a number is as exact as a quoted amount.
        from_text: whether numbers may be text, as in a CSV file.
    """
    values = document.value.get("values") or {}
    if not isinstance(values, dict):
        return {}, []  # the schema's finding
    findings = [_unknown(document, name, template) for name in values if name not in template.parameters]
    misspelled = {finding.fix for finding in findings}
    native: YamlMapping = {}
    for name, parameter in template.parameters.items():
        if name not in values and parameter.required:
            # A misspelled name is one mistake, not an unknown value and a missing one.
            if f"write `{name}`" in misspelled:
                continue
            path: Path = ("values",) if "values" in document.value else ("template",)
            findings.append(
                document.finding(
                    "missing-value",
                    f"the template `{template.name}` needs a value for `{name}`",
                    path,
                    key=True,
                    detail=f"{name}: {parameter.description or TYPES[parameter.type]}",
                    fix=f"add `{name}: …` under `values`",
                )
            )
            continue
        value = values.get(name, parameter.default)
        if parameter.type == "amount" and ("values", name) in computed and is_number(value):
            value = canonical(Decimal(str(value)))
        try:
            native[name] = to_native(parameter, value, from_text=from_text)
        except WrongValueError as error:
            path = ("values", name, *error.path)
            subject = f"entry {path[-1] + 1}" if isinstance(path[-1], int) else f"`{path[-1]}`"
            is_name = isinstance(error, UnknownFieldError)
            findings.append(
                document.finding(
                    "wrong-value", f"{subject} must be {error}", path, key=is_name, fix=error.fix
                )
            )
    return native, findings


def _unknown(document: Document, name: str, template: Template) -> Finding:
    close = closest_name(name, template.parameters)
    listed = ", ".join(f"`{parameter}`" for parameter in template.parameters)
    return document.finding(
        "unknown-value-name",
        f"the template `{template.name}` has no parameter `{name}`",
        ("values", name),
        key=True,
        detail=f"Its parameters: {listed}." if listed else "It has no parameters.",
        fix=f"write `{close}`" if close else "delete it",
    )
