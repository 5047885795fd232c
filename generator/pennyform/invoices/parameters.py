"""The parameters of a template, and the values that a definition states for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import PurePath
from typing import Any, NamedTuple

from pennyform.findings import Finding
from pennyform.invoices import dates
from pennyform.invoices.amounts import parse_amount
from pennyform.invoices.document import Document, Path

_TYPES = {
    "text": "text",
    "integer": "a whole number",
    "number": "a number",
    "amount": 'a quoted amount, such as "650.00"',
    "date": "a date, such as 2026-01-31",
    "boolean": "true or false",
}


class Template(NamedTuple):
    """A template that has passed its schema. ``name`` is the name of its file without the suffix."""

    name: str
    document: Document

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """Each parameter's type, description, default and allowed values, by name."""
        parameters: Mapping[str, Mapping[str, Any]] = self.document.value["parameters"]
        return parameters


def template(document: Document) -> Template:
    """The template in ``document``, named after its file."""
    return Template(PurePath(document.file).stem, document)


def check_template(one: Template) -> list[Finding]:
    """Defaults and allowed values that their own parameter's type refuses."""
    return [
        _wrong_value(one.document, ("parameters", name, *step), name, declared)
        for name, declared in one.parameters.items()
        for step, value in _stated(declared)
        if typed(declared["type"], value) is None
    ]


def _stated(declared: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    if "default" in declared:
        yield ("default",), declared["default"]
    for index, value in enumerate(declared.get("enum", ())):
        yield ("enum", index), value


def typed(type_: str, value: Any) -> Any:
    """``value`` as the native value of a parameter of ``type_``; None when it is not one."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    match type_:
        case "text":
            return value if isinstance(value, str) else None
        case "integer":
            return value if is_whole else None
        case "number":
            return value if is_whole or isinstance(value, Decimal) else None
        case "amount":
            return parse_amount(value)
        case "date":
            return dates.parse(value) if isinstance(value, str) else None
        case _:
            return value if isinstance(value, bool) else None


def values_for(document: Document, one: Template) -> tuple[dict[str, Any], list[Finding]]:
    """The native value of each parameter, stated in ``document`` or the default; and every finding."""
    stated = document.value.get("values") or {}
    if not isinstance(stated, dict):
        return {}, []  # the schema's finding
    findings = [_unknown(document, name, one) for name in stated if name not in one.parameters]
    values = {}
    for name, declared in one.parameters.items():
        if name not in stated and "default" not in declared:
            # A misspelled name is one mistake, not an unknown value and a missing one.
            if not any(finding.fix == _write(name) for finding in findings):
                findings.append(_missing(document, name, declared, one))
            continue
        raw = stated.get(name, declared.get("default"))
        values[name] = typed(declared["type"], raw)
        if values[name] is None or ("enum" in declared and raw not in declared["enum"]):
            findings.append(_wrong_value(document, ("values", name), name, declared))
    return values, findings


def _unknown(document: Document, name: str, one: Template) -> Finding:
    from difflib import get_close_matches

    close = get_close_matches(name, one.parameters, n=1, cutoff=0.6)
    listed = ", ".join(f"`{parameter}`" for parameter in one.parameters)
    return document.finding(
        "unknown-value-name",
        f"the template `{one.name}` has no parameter `{name}`",
        ("values", name),
        key=True,
        detail=f"Its parameters: {listed}." if listed else "It has no parameters.",
        fix=_write(close[0]) if close else "delete it",
    )


def _write(name: str) -> str:
    return f"write `{name}`"


def _missing(document: Document, name: str, declared: Mapping[str, Any], one: Template) -> Finding:
    path: Path = ("values",) if "values" in document.value else ("template",)
    return document.finding(
        "missing-value",
        f"the template `{one.name}` needs a value for `{name}`",
        path,
        key=True,
        detail=f"{name}: {declared.get('description', _TYPES[declared['type']])}",
        fix=f"add `{name}: …` under `values`",
    )


def _wrong_value(document: Document, path: Path, name: str, declared: Mapping[str, Any]) -> Finding:
    allowed = ", ".join(f"`{value}`" for value in declared.get("enum", ()))
    must_be = f"one of {allowed}" if allowed else _TYPES[declared["type"]]
    return document.finding("wrong-value", f"`{name}` must be {must_be}", path)
