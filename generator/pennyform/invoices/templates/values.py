"""The values that a definition gives to the parameters of its template."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from pennyform.findings import Finding
from pennyform.invoices.expressions.filters import is_number
from pennyform.invoices.money.amounts import canonical
from pennyform.invoices.templates.inheritance import Template
from pennyform.invoices.templates.parameters import TYPES, UnknownFieldError, WrongValueError, to_native
from pennyform.invoices.yaml.document import Document, Path, YamlMapping


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
    native: YamlMapping = {}
    for name, parameter in template.parameters.items():
        if name not in values and parameter.required:
            # A misspelled name is one mistake, not an unknown value and a missing one.
            if any(finding.fix == f"write `{name}`" for finding in findings):
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
    from difflib import get_close_matches

    close = get_close_matches(name, template.parameters, n=1, cutoff=0.6)
    listed = ", ".join(f"`{parameter}`" for parameter in template.parameters)
    return document.finding(
        "unknown-value-name",
        f"the template `{template.name}` has no parameter `{name}`",
        ("values", name),
        key=True,
        detail=f"Its parameters: {listed}." if listed else "It has no parameters.",
        fix=f"write `{close[0]}`" if close else "delete it",
    )
