"""Templates themselves: what one declares, what it takes over from another, and what cannot be meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

from pennyform.findings import Finding
from pennyform.invoices.templates.parameters import Parameter, WrongValueError, declared, native
from pennyform.invoices.yaml.document import Document, Mark, Path

_LISTS = ("invoice_lines", "invoice_line_sections")


class Template(NamedTuple):
    """A template that has passed its schema, whole: what it extends is part of it.

    ``name`` is the name of its file without the suffix. ``document`` may hold values of several files; each
    mark knows its own.
    """

    name: str
    document: Document
    parameters: Mapping[str, Parameter]


def template(document: Document, base: Template | None = None) -> tuple[Template | None, list[Finding]]:
    """The template in ``document``, named after its file, and what is wrong with it.

    Args:
        document: has passed the schema of templates.
        base: what it extends.
    """
    parameters: dict[str, Parameter] = {}
    findings = []
    for name, stated in document.value.get("parameters", {}).items():
        try:
            parameters[name] = declared(name, stated)
        except WrongValueError as wrong:
            findings.append(_wrong(document, ("parameters", name, *wrong.path), wrong))
    whole = inherited(document, base.document) if base else document
    one = Template(PurePath(document.file).stem, whole, {**(base.parameters if base else {}), **parameters})
    findings += [
        *_defaults(document, parameters),
        *_shapes(document, parameters, base),
        *_loops(one, document),
    ]
    return (None if findings else one), findings


def inherited(document: Document, base: Document) -> Document:
    """``document`` with what it does not say itself taken from ``base``: its lines follow the base's."""
    own, theirs = document.value["invoice"], base.value["invoice"]
    lists = {
        name: [*theirs.get(name, ()), *own.get(name, ())] for name in _LISTS if name in {**theirs, **own}
    }
    parameters = {**base.value.get("parameters", {}), **document.value.get("parameters", {})}
    value = {**document.value, "parameters": parameters, "invoice": {**theirs, **own, **lists}}
    by = {name: len(theirs.get(name, ())) for name in _LISTS}
    kept = {path: mark for path, mark in base.marks.items() if not _replaces(document.value, path)}
    return Document(document.file, value, {**kept, **dict(_shifted(document.marks, by))}, document.spoiled)


def _replaces(own: Mapping[str, Any], path: Path) -> bool:
    """Whether a template that says ``own`` replaces what the extended one says at ``path``."""
    if len(path) < 2 or path[0] not in ("invoice", "parameters"):
        return path[:1] != () and path[0] in own and path[0] not in ("invoice", "parameters")
    return path[1] not in _LISTS and path[1] in own.get(str(path[0]), {})


def _shifted(marks: Mapping[Path, Mark], by: Mapping[str, int]) -> Iterator[tuple[Path, Mark]]:
    for path, mark in marks.items():
        if len(path) > 2 and path[0] == "invoice" and path[1] in by and isinstance(path[2], int):
            yield (*path[:2], path[2] + by[str(path[1])], *path[3:]), mark
        else:
            yield path, mark


def _defaults(document: Document, parameters: Mapping[str, Parameter]) -> Iterator[Finding]:
    """Defaults and allowed values that their own parameter refuses."""
    for name, parameter in parameters.items():
        values: dict[Path, Any] = {} if parameter.required else {("default",): parameter.default}
        values |= {("enum", index): value for index, value in enumerate(parameter.enum)}
        for step, value in values.items():
            yield from _refused(document, ("parameters", name, *step), parameter, value)
        for field, of_field in parameter.fields.items():
            if not of_field.required:
                path = ("parameters", name, "fields", field, "default")
                yield from _refused(document, path, of_field, of_field.default)


def _refused(document: Document, path: Path, parameter: Parameter, value: Any) -> Iterator[Finding]:
    try:
        native(parameter, value)
    except WrongValueError as wrong:
        yield _wrong(document, (*path, *wrong.path), wrong, parameter.name)


def _wrong(document: Document, path: Path, wrong: WrongValueError, name: str = "") -> Finding:
    return document.finding("wrong-value", f"`{name or path[-1]}` must be {wrong}", path, fix=wrong.fix)


def _shapes(
    document: Document, parameters: Mapping[str, Parameter], base: Template | None
) -> Iterator[Finding]:
    """Lists without fields, fields without a list, and types that the extended template does not expect."""
    for name, parameter in parameters.items():
        path = ("parameters", name)
        if (parameter.type == "list") != bool(parameter.fields):
            needs = "needs `fields`" if parameter.type == "list" else "has no `fields`: they are for a `list`"
            yield document.finding("template-parameter", f"`{name}` {needs}", path, key=True)
        inherited_one = base.parameters.get(name) if base else None
        if inherited_one and inherited_one.type != parameter.type:
            yield document.finding(
                "template-parameter",
                f"`{name}` is {inherited_one.type} in the template that this one extends",
                (*path, "type"),
                detail="Its expressions reckon with that type.",
                fix=f"write `{inherited_one.type}`, or give the parameter another name",
            )


def _loops(one: Template, own: Document) -> Iterator[Finding]:
    """``for_each`` over something that is no list and no whole number."""
    for index, line in enumerate(one.document.value["invoice"].get("invoice_lines", ())):
        path = ("invoice", "invoice_lines", index, "for_each")
        name = line.get("for_each")
        parameter = one.parameters.get(name)
        wrong = name is not None and (parameter is None or parameter.type not in ("list", "integer"))
        if wrong and one.document.mark(path).file == own.file:
            loops = [known for known, each in one.parameters.items() if each.type in ("list", "integer")]
            listed = ", ".join(f"`{known}`" for known in loops)
            yield one.document.finding(
                "template-loop",
                f"`{name}` is no parameter of the type `list` or `integer`",
                path,
                detail=f"There are: {listed}." if loops else "The template has no such parameter.",
            )
