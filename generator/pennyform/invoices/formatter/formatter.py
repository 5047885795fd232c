"""The canonical form of a definition: keys in the schema's order, amounts quoted, everything else as it was.

Whole lines are moved and quotes are added; comments and blank lines go with the key below them. What comes
out is read again and must say the same, or the file stays as it is.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from pennyform.findings import Finding, Severity, errors
from pennyform.invoices.formatter.lines import Lines
from pennyform.invoices.money.amounts import parse_amount
from pennyform.invoices.schema.schema import Schema, leaves
from pennyform.invoices.yaml.document import Document, Path
from pennyform.invoices.yaml.reader import read

_BYTE_ORDER_MARK = "\ufeff"


class Formatted(NamedTuple):
    """The canonical form. ``content`` is None when there is none to be had; the findings say why."""

    content: bytes | None
    findings: list[Finding]


def formatted(content: bytes, document: Document, schema: Schema) -> Formatted:
    """Bring a definition into canonical form.

    Args:
        content: the bytes of its file.
        document: what they say, read without errors.
        schema: says which keys there are, in their order, and which of them are amounts.
    """
    text = content.decode("utf-8-sig")
    if text.replace("\r\n", "").count("\r"):
        return Formatted(None, [_refused(document, "lines end in carriage returns alone", "use line feeds")])
    lines = Lines(text)
    for path, raw in _unquoted_amounts(document, schema):
        lines.quote(document.marks[path], raw)
    for path, order in reversed(_mappings(document.value, schema)):
        lines.sort(document, path, order)
    result = str(lines)
    if not _says_the_same(text, result, document, schema):
        return Formatted(None, [_refused(document, "moving its lines would change what it says", "")])
    mark = _BYTE_ORDER_MARK if content.startswith(_BYTE_ORDER_MARK.encode()) else ""
    return Formatted((mark + result).encode(), [])


def needed(content: bytes, canonical: bytes, name: str) -> Finding | None:
    """The finding that a file is not in canonical form, at the first line that differs; None when it is."""
    if content == canonical:
        return None
    pairs = zip(content.split(b"\n"), canonical.split(b"\n"), strict=False)
    line = next((number for number, (is_, will_be) in enumerate(pairs, 1) if is_ != will_be), 1)
    return Finding(
        "format-needed",
        Severity.ERROR,
        "the file is not in canonical form",
        file=name,
        line=line,
        column=1,
        fix="run `pennyform fmt`",
    )


def _refused(document: Document, why: str, fix: str) -> Finding:
    return document.finding(
        "format-refused", f"the file is left as it is: {why}", fix=fix or "lay it out by hand"
    )


def _unquoted_amounts(document: Document, schema: Schema) -> list[tuple[Path, str]]:
    """Each number that stands where an amount belongs, with the text of that amount."""
    found = []
    for path, leaf, value in leaves(schema, document.value):
        is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
        if is_number and _is_amount(leaf) and parse_amount(f"{Decimal(value):f}") is not None:
            found.append((path, f"{Decimal(value):f}"))
    return found


def _is_amount(leaf: Schema) -> bool:
    first = leaf["anyOf"][0] if "anyOf" in leaf else leaf
    types = first.get("type", [])
    return first.get("format") == "decimal" and "string" in types and "number" not in types


def _mappings(value: Any, schema: Schema, path: Path = ()) -> list[tuple[Path, list[str]]]:
    """Every mapping whose fields the schema orders, outer ones first, with that order."""
    if isinstance(value, dict) and isinstance(schema.get("properties"), dict):
        properties = schema["properties"]
        inner = [
            one
            for name, member in value.items()
            if isinstance(properties.get(name), dict)
            for one in _mappings(member, properties[name], (*path, name))
        ]
        return [(path, list(properties)), *inner]
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        items = schema["items"]
        return [one for index, item in enumerate(value) for one in _mappings(item, items, (*path, index))]
    return []


def _says_the_same(before: str, after: str, document: Document, schema: Schema) -> bool:
    """Whether both texts mean one definition and hold the same characters, but for quotes."""
    again, findings = read(after.encode(), document.file)
    if again is None or errors(findings):
        return False
    amounts = {path for path, _ in _unquoted_amounts(document, schema)}
    return _is_same(document.value, again.value, amounts) and _letters(before) == _letters(after)


def _letters(text: str) -> list[str]:
    """Every character but spaces and quotes, comments included, sorted."""
    return sorted("".join(text.replace('"', "").split()))


def _is_same(one: Any, other: Any, amounts: set[Path], path: Path = ()) -> bool:
    if path in amounts:
        return Decimal(one) == parse_amount(other)
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            _is_same(one[name], other[name], amounts, (*path, name)) for name in one
        )
    if isinstance(one, list):
        return len(one) == len(other) and all(
            _is_same(mine, yours, amounts, (*path, index))
            for index, (mine, yours) in enumerate(zip(one, other, strict=True))
        )
    return bool(one == other)
