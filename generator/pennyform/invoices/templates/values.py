"""The values that a definition states for the parameters of its template."""

from __future__ import annotations

from typing import Any

from pennyform.findings import Finding
from pennyform.invoices.templates.inheritance import Template
from pennyform.invoices.templates.parameters import (
    TYPES,
    Parameter,
    UnknownFieldError,
    WrongValueError,
    native,
)
from pennyform.invoices.yaml.document import Document, Path


def values_for(
    document: Document, one: Template, *, from_text: bool = False
) -> tuple[dict[str, Any], list[Finding]]:
    """The native value of each parameter, stated in ``document`` or the default; and every finding.

    Args:
        document: a definition that names the template.
        one: that template.
        from_text: whether numbers may be text, as in a CSV file.
    """
    stated = document.value.get("values") or {}
    if not isinstance(stated, dict):
        return {}, []  # the schema's finding
    findings = [_unknown(document, name, one) for name in stated if name not in one.parameters]
    values = {}
    for name, parameter in one.parameters.items():
        if name not in stated and parameter.required:
            # A misspelled name is one mistake, not an unknown value and a missing one.
            if not any(finding.fix == _write(name) for finding in findings):
                findings.append(_missing(document, parameter, one))
            continue
        try:
            values[name] = native(parameter, stated.get(name, parameter.default), from_text=from_text)
        except WrongValueError as wrong:
            findings.append(_wrong(document, ("values", name, *wrong.path), wrong))
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


def _missing(document: Document, parameter: Parameter, one: Template) -> Finding:
    path: Path = ("values",) if "values" in document.value else ("template",)
    return document.finding(
        "missing-value",
        f"the template `{one.name}` needs a value for `{parameter.name}`",
        path,
        key=True,
        detail=f"{parameter.name}: {parameter.description or TYPES[parameter.type]}",
        fix=f"add `{parameter.name}: …` under `values`",
    )


def _wrong(document: Document, path: Path, wrong: WrongValueError) -> Finding:
    is_name = isinstance(wrong, UnknownFieldError)
    what = f"entry {path[-1] + 1}" if isinstance(path[-1], int) else f"`{path[-1]}`"
    return document.finding("wrong-value", f"{what} must be {wrong}", path, key=is_name, fix=wrong.fix)
