"""Templates themselves: what one declares, what it takes over from another, and what is contradictory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import NamedTuple, TypeVar

from pennyform.findings import Finding
from pennyform.invoices.expressions.evaluate import ConstantParts, constant_parts
from pennyform.invoices.expressions.literals import literal_expressions
from pennyform.invoices.templates.parameters import Parameter, WrongValueError, parse_parameter, to_native
from pennyform.invoices.yaml.document import Document, Path, YamlMapping, YamlValue

LISTS = ("invoice_lines", "invoice_line_sections")
"""The lists of an invoice that a template begins and a definition goes on with."""

_About = TypeVar("_About")


class Template(NamedTuple):
    """A template that has passed its schema; what it extends is part of it.

    ``name`` is the name of its file without the suffix. ``document`` may hold values of several files; each
    mark knows its own. ``constant`` is what of its invoice is the same for all values.
    """

    name: str
    document: Document
    parameters: Mapping[str, Parameter]
    constant: ConstantParts


def parse_template(document: Document, base: Template | None = None) -> tuple[Template | None, list[Finding]]:
    """The template in ``document``, named after its file, and what is wrong with it.

    Args:
        document: has passed the schema of templates.
        base: what it extends.
    """
    parameters: dict[str, Parameter] = {}
    findings = []
    for name, declaration in document.value.get("parameters", {}).items():
        try:
            parameters[name] = parse_parameter(name, declaration)
        except WrongValueError as error:
            findings.append(_wrong_value(document, ("parameters", name, *error.path), error))
    inherited = base.parameters if base else {}
    complete = inherit(document, base.document) if base else document
    template = Template(
        PurePath(document.file).stem,
        complete,
        {**inherited, **parameters},
        constant_parts(complete, ("invoice",)),
    )
    findings += [
        *_check_defaults(document, parameters),
        *_check_types(document, parameters, inherited),
        *_check_loops(template, document),
    ]
    return (None if findings else template), findings


def inherit(document: Document, base: Document) -> Document:
    """``document`` with what it does not say itself taken from ``base``: its lines follow the base's."""
    fields, inherited = document.value["invoice"], base.value["invoice"]
    lists = {
        name: [*inherited.get(name, ()), *fields.get(name, ())]
        for name in LISTS
        if name in inherited or name in fields
    }
    parameters = {**base.value.get("parameters", {}), **document.value.get("parameters", {})}
    value = {**document.value, "parameters": parameters, "invoice": {**inherited, **fields, **lists}}
    offsets = {name: len(inherited.get(name, ())) for name in LISTS}
    marks = {path: mark for path, mark in base.marks.items() if not _is_overridden(document.value, path)}
    marks |= shift_entries(document.marks, ("invoice",), offsets)
    return Document(document.file, value, marks, document.spoiled)


def _is_overridden(value: YamlMapping, path: Path) -> bool:
    """Whether a template that says ``value`` replaces what the extended one says at ``path``."""
    # Two mappings are merged by key, all else is replaced; lists of the invoice are joined.
    if len(path) < 2 or path[0] not in ("invoice", "parameters"):
        return path != () and path[0] in value and path[0] not in ("invoice", "parameters")
    return path[1] not in LISTS and path[1] in value.get(str(path[0]), {})


def shift_entries(
    marks: Mapping[Path, _About], parent: Path, offsets: Mapping[str, int]
) -> dict[Path, _About]:
    """``marks`` with the entries of each list below ``parent`` moved on by its offset."""
    depth = len(parent)
    shifted = {}
    for path, mark in marks.items():
        if len(path) > depth + 1 and path[:depth] == parent and path[depth] in offsets:
            name, index = path[depth : depth + 2]
            # Where the schema's finding is that the list is none, the step behind its name is no index.
            if isinstance(index, int):
                path = (*parent, name, index + offsets[str(name)], *path[depth + 2 :])  # noqa: PLW2901
        shifted[path] = mark
    return shifted


def _check_defaults(document: Document, parameters: Mapping[str, Parameter]) -> Iterator[Finding]:
    """Defaults and allowed values that their own parameter refuses."""
    for name, parameter in parameters.items():
        values: dict[Path, YamlValue] = {} if parameter.required else {("default",): parameter.default}
        values |= {("enum", index): value for index, value in enumerate(parameter.enum)}
        declared = [(parameter, step, value) for step, value in values.items()]
        declared += [
            (field, ("fields", field_name, "default"), field.default)
            for field_name, field in parameter.fields.items()
            if not field.required
        ]
        for declarer, step, value in declared:
            yield from literal_expressions(document, ("parameters", name, *step), "a parameter")
            try:
                to_native(declarer, value)
            except WrongValueError as error:
                path = ("parameters", name, *step, *error.path)
                yield _wrong_value(document, path, error, declarer.name)


def _wrong_value(document: Document, path: Path, error: WrongValueError, name: str = "") -> Finding:
    return document.finding("wrong-value", f"`{name or path[-1]}` must be {error}", path, fix=error.fix)


def _check_types(
    document: Document, parameters: Mapping[str, Parameter], inherited: Mapping[str, Parameter]
) -> Iterator[Finding]:
    """Lists without fields, fields without a list, and types that the extended template does not expect."""
    for name, parameter in parameters.items():
        path = ("parameters", name)
        if (parameter.type == "list") != bool(parameter.fields):
            problem = (
                "needs `fields`" if parameter.type == "list" else "has no `fields`: they are for a `list`"
            )
            yield document.finding("template-parameter", f"`{name}` {problem}", path, key=True)
        base = inherited.get(name)
        if base and base.type != parameter.type:
            yield document.finding(
                "template-parameter",
                f"`{name}` is {base.type} in the template that this one extends",
                (*path, "type"),
                detail="Its expressions reckon with that type.",
                fix=f"write `{base.type}`, or give the parameter another name",
            )


def _check_loops(template: Template, document: Document) -> Iterator[Finding]:
    """``for_each`` over something that is no list and no whole number."""
    loops = [name for name, parameter in template.parameters.items() if parameter.type in ("list", "integer")]
    for index, line in enumerate(template.document.value["invoice"].get("invoice_lines", ())):
        path = ("invoice", "invoice_lines", index, "for_each")
        name = line.get("for_each")
        # A line of the extended template is reported there.
        if name is not None and name not in loops and template.document.mark(path).file == document.file:
            listed = ", ".join(f"`{loop}`" for loop in loops)
            yield template.document.finding(
                "template-loop",
                f"`{name}` is no parameter of the type `list` or `integer`",
                path,
                detail=f"There are: {listed}." if loops else "The template has no such parameter.",
            )
