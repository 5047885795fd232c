"""Definitions whose values may be expressions: templates, and definitions that make many invoices."""

from __future__ import annotations

from collections.abc import Mapping

from pennyform.spec.normaliser.contract import Schema

EXPRESSION: Schema = {"type": "string", "pattern": r"\{\{"}
_WORDS = ("title", "description")


def with_expressions(
    schema: Schema, added_to_items: Mapping[str, Mapping[str, Schema]], path: str = ""
) -> Schema:
    """``schema`` with nothing required, and any value possibly an expression.

    Args:
        schema: of a definition, or a part of one.
        added_to_items: further fields for the entries of a list, by the list's path (``invoice_lines``).
        path: where ``schema`` stands.
    """
    words: Schema = {name: schema[name] for name in _WORDS if name in schema}
    if "properties" in schema and "x-pennyform-key" not in schema:
        members = {
            name: with_expressions(member, added_to_items, f"{path}.{name}".lstrip("."))
            for name, member in schema["properties"].items()
        }
        keywords: Schema = {name: schema[name] for name in ("type", "x-pennyform-added") if name in schema}
        return {**words, **keywords, "additionalProperties": False, "properties": members}
    if "items" in schema:
        items = with_expressions(schema["items"], added_to_items, path)
        if path in added_to_items:
            items["properties"] = {**added_to_items[path], **items["properties"]}
        return {**schema, "items": items}
    types = schema.get("type", [])
    takes_any_text = "string" in ([types] if isinstance(types, str) else types) and not (
        {"enum", "const", "pattern", "format"} & schema.keys()
    )
    # A flag, such as whether an invoice becomes final, stays readable where it stands.
    if takes_any_text or types == "boolean":
        return schema
    return {**words, "anyOf": [{k: v for k, v in schema.items() if k not in words}, EXPRESSION]}
