"""The canonical form of a definition: keys in the schema's order, amounts quoted, everything else as it was.

Whole lines are moved and quotes are added; comments and blank lines go with the key below them. What comes
out is read again and must say the same, or the file stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pennyform.findings import Finding, Severity, errors
from pennyform.invoices.formatter.lines import Lines
from pennyform.invoices.money.amounts import parse_amount
from pennyform.invoices.schema.schema import Schema, leaves
from pennyform.invoices.yaml.document import Document, Path, YamlValue
from pennyform.invoices.yaml.reader import read

_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class FormatResult:
    """The canonical form. ``content`` is None when there is none to be had; the findings say why."""

    content: bytes | None
    findings: list[Finding]


def format_definition(content: bytes, document: Document, schema: Schema) -> FormatResult:
    """Bring a definition into canonical form.

    Args:
        content: the bytes of its file.
        document: what they say, read without errors.
        schema: says which keys there are, in their order, and which of them are amounts.
    """
    text = content.decode("utf-8-sig")
    if text.replace("\r\n", "").count("\r"):
        return _format_refused(document, "lines end in carriage returns alone", "use line feeds")
    amounts = _unquoted_amounts(document, schema)
    lines = Lines(text)
    for path, amount in amounts.items():
        lines.quote(document.marks[path], amount)
    # Inner mappings first: sorting an outer one moves the lines that the marks of the inner ones name.
    for path, order in reversed(_ordered_mappings(document.value, schema)):
        lines.sort(document, path, order)
    result = str(lines)
    after, findings = read(result.encode(), document.file)
    is_same = (
        after is not None
        and not errors(findings)
        and _is_same(document.value, after.value, amounts)
        and _letters(text) == _letters(result)
    )
    if not is_same:
        return _format_refused(document, "moving its lines would change what it says", "lay it out by hand")
    mark = _BYTE_ORDER_MARK if content.startswith(_BYTE_ORDER_MARK.encode()) else ""
    return FormatResult((mark + result).encode(), [])


def format_finding(content: bytes, canonical: bytes, name: str) -> Finding | None:
    """The finding that a file is not in canonical form, at the first line that differs; None when it is."""
    if content == canonical:
        return None
    pairs = zip(content.split(b"\n"), canonical.split(b"\n"), strict=False)
    line = next((number for number, (before, after) in enumerate(pairs, 1) if before != after), 1)
    return Finding(
        "format-needed",
        Severity.ERROR,
        "the file is not in canonical form",
        file=name,
        line=line,
        column=1,
    )


def _format_refused(document: Document, reason: str, fix: str) -> FormatResult:
    finding = document.finding("format-refused", f"the file is left as it is: {reason}", fix=fix)
    return FormatResult(None, [finding])


def _unquoted_amounts(document: Document, schema: Schema) -> dict[Path, str]:
    """Each number that stands where an amount belongs, with the text of that amount."""
    amounts = {}
    for path, leaf, value in leaves(schema, document.value):
        variant = leaf["anyOf"][0] if "anyOf" in leaf else leaf
        types = variant.get("type", [])
        is_amount = variant.get("format") == "decimal" and "string" in types and "number" not in types
        if is_amount and isinstance(value, int | Decimal) and not isinstance(value, bool):
            text = f"{Decimal(value):f}"
            if parse_amount(text) is not None:
                amounts[path] = text
    return amounts


def _ordered_mappings(value: YamlValue, schema: Schema, path: Path = ()) -> list[tuple[Path, list[str]]]:
    """Every mapping whose fields the schema orders, outer ones first, with that order."""
    mappings: list[tuple[Path, list[str]]] = []
    if isinstance(value, dict) and isinstance(schema.get("properties"), dict):
        properties = schema["properties"]
        mappings.append((path, list(properties)))
        for name, member in value.items():
            if isinstance(properties.get(name), dict):
                mappings += _ordered_mappings(member, properties[name], (*path, name))
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, item in enumerate(value):
            mappings += _ordered_mappings(item, schema["items"], (*path, index))
    return mappings


# A second check that needs no YAML: a line lost or doubled, a comment included, would show here.
def _letters(text: str) -> list[str]:
    """Every character but spaces and quotes, comments included, sorted."""
    return sorted("".join(text.replace('"', "").split()))


def _is_same(before: YamlValue, after: YamlValue, amounts: dict[Path, str], path: Path = ()) -> bool:
    """Whether two values are equal, but for the quotes around ``amounts``."""
    if path in amounts:
        return Decimal(before) == parse_amount(after)
    if type(before) is not type(after):
        return False
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(
            _is_same(before[name], after[name], amounts, (*path, name)) for name in before
        )
    if isinstance(before, list):
        return len(before) == len(after) and all(
            _is_same(pair[0], pair[1], amounts, (*path, index))
            for index, pair in enumerate(zip(before, after, strict=True))
        )
    return bool(before == after)
