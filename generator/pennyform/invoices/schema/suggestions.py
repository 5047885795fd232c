"""A field that a definition may not have: what its author probably meant by it."""

from __future__ import annotations

from collections.abc import Iterator

from pennyform.findings import Finding
from pennyform.invoices.schema.aliases import OTHER_NAMES, REFUSED
from pennyform.invoices.schema.messages import object_name, shorten
from pennyform.invoices.schema.schema import Schema
from pennyform.invoices.yaml.document import Document, Path

_MOST_LISTED = 8


def unknown_field_finding(
    document: Document, root: Schema, allowed: Schema, path: Path
) -> tuple[str, Finding]:
    """Explain the unknown field at ``path``.

    Args:
        document: where it stands.
        root: the schema of the definition.
        allowed: the schema of the object that the field stands in.
        path: of the field.

    Returns:
        The field that was probably meant, "" when there is no telling; and the finding.
    """
    name = str(path[-1])
    known = allowed.get("properties", {})
    summary = f"{object_name(path[:-1])} has no field `{shorten(name)}`"
    instead, detail, fix = _suggest(name, known, root)
    return instead, document.finding("unknown-field", summary, path, key=True, detail=detail, fix=fix)


def _suggest(name: str, known: Schema, root: Schema) -> tuple[str, str, str]:
    """The right field if there is one, why the given one is wrong, and the fix."""
    for right, schema in known.items():
        if isinstance(schema, dict) and schema.get("x-pennyform-key", {}).get("sends") == name:
            detail = "Ids differ between companies: a definition names what you know."
            example = schema.get("examples", ["REFERENCE"])[0]
            return right, detail, f"write `{right}: {example}`, or `{right}: {{id: 123}}`"
    other = OTHER_NAMES.get(name)
    if other in known:
        return str(other), "", f"write `{other}`"
    if name in REFUSED and "invoice_lines" in str(root.get("properties", {}).keys()):
        return "", REFUSED[name].reason, REFUSED[name].fix
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1, cutoff=0.7)
    if close:
        return close[0], "", f"write `{close[0]}`"
    # Right, but at the wrong level: mostly an indentation too many or too few.
    elsewhere = next((path for path in _fields(root) if path[-1] == name), None)
    if elsewhere:
        parent = ".".join(elsewhere[:-1])
        return "", "", f"it belongs under `{parent}`" if parent else "it belongs at the top"
    listed = ", ".join(f"`{field}`" for field in known) if len(known) <= _MOST_LISTED else ""
    return "", f"Known here: {listed}." if listed else "", "delete it"


def _fields(schema: Schema, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every field that ``schema`` knows, outer ones first."""
    properties: Schema = schema.get("items", schema).get("properties", {})
    members = [(name, member) for name, member in properties.items() if isinstance(member, dict)]
    for name, _ in members:
        yield (*path, name)
    for name, member in members:
        if "x-pennyform-key" not in member:
            yield from _fields(member, (*path, name))
