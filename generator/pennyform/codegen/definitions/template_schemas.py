"""A JSON Schema for the definitions that use one template: its parameters are the fields of ``values``.

Pure data in, data out: the schemas of the templates that come with pennyform are emitted, those of the user's
own are made by ``pennyform init --schemas``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pennyform.codegen.definitions.fields import DECIMAL_MESSAGE, DECIMAL_PATTERN, make_nullable
from pennyform.spec.document.json_types import JsonObject
from pennyform.spec.document.strict_yaml import load_yaml
from pennyform.spec.normaliser.contract import Schema

EXPRESSION: Schema = {"type": "string", "pattern": r"\{\{"}
_WORDS = ("title", "description")
# What says how a definition is to be read is never an expression.
_LITERAL = ("kind", "template")


def allow_expressions(schema: Schema) -> Schema:
    """``schema``, of a definition or a part of one, with any value possibly an expression.

    What is required stays so. Only for editors: the tool validates what the expressions gave.
    """
    if "x-pennyform-key" in schema:
        return schema
    if "properties" in schema:
        members = {name: allow_expressions(member) for name, member in schema["properties"].items()}
        return {**schema, "properties": members}
    if "items" in schema:
        return {**schema, "items": allow_expressions(schema["items"])}
    if _is_literal(schema):
        return schema
    words: Schema = {name: schema[name] for name in (*_WORDS, "default") if name in schema}
    return {**words, "anyOf": [{k: v for k, v in schema.items() if k not in words}, EXPRESSION]}


def editable_definition(single: Schema) -> Schema:
    """The schema of a definition of one invoice as it is written: a value may be an expression."""
    literal = {name: single["properties"][name] for name in _LITERAL if name in single["properties"]}
    edited = allow_expressions(single)
    return computed_choice({**edited, "properties": {**edited["properties"], **literal}})


def computed_choice(schema: Schema) -> Schema:
    """``schema`` with nothing asked for where a computed value says which fields there are.

    Such as that of ``customer_type``: the tool validates what it comes to.
    """
    chosen = schema.get("if", {}).get("properties", {})
    constants = [name for name, member in chosen.items() if "const" in member]
    if not constants:
        return schema
    computed = {"required": constants, "properties": dict.fromkeys(constants, EXPRESSION)}
    return {**schema, "else": {"if": computed, "then": {}, "else": schema["else"]}}


def _is_literal(schema: Schema) -> bool:
    """Whether a value takes any text, or is a flag: whether an invoice becomes final can be read there."""
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    constraints = {"enum", "const", "pattern", "format"} & schema.keys()
    return types == ["boolean"] or ("string" in types and not constraints)


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
    if _is_literal(schema):
        return schema
    return {**words, "anyOf": [{k: v for k, v in schema.items() if k not in words}, EXPRESSION]}


_TYPES: dict[str, Schema] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "amount": {
        "type": "string",
        "format": "decimal",
        "pattern": DECIMAL_PATTERN,
        "patternErrorMessage": DECIMAL_MESSAGE,
    },
    "date": {"type": "string", "format": "date", "examples": ["2026-01-31"]},
    "boolean": {"type": "boolean"},
    "list": {"type": "array"},
}
_LIMITED = ("integer", "number")


def read_templates(folder: Path) -> dict[str, JsonObject]:
    """The templates in ``folder`` by name, each with what it takes over from the one that it extends."""
    sources: dict[str, JsonObject] = {
        path.stem: load_yaml(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml"))
    }

    def inherit(name: str) -> JsonObject:
        template = sources[name]
        base = inherit(template["extends"]) if "extends" in template else {}
        parts = {part: {**base.get(part, {}), **template.get(part, {})} for part in ("parameters", "invoice")}
        return {**base, **template, **parts}

    return {name: inherit(name) for name in sources}


def template_schema(single: Schema, series: Schema, name: str, template: JsonObject) -> Schema:
    """The schema of a definition that says ``template: NAME``.

    Args:
        single: the schema of a definition of one invoice.
        series: the schema of a definition with ``for_each``.
        name: of the template.
        template: what it says, with what it inherits.

    Returns:
        A draft-07 schema: values are typed, and what the template does not give is required.
    """
    values = _values(template.get("parameters", {}))
    required = [*_required(single), "template", *(["values"] if values["required"] else [])]
    required = [field for field in dict.fromkeys(required) if field not in template.get("invoice", {})]
    # In a series any value may be an expression: a whole list too, which is then one of the row.
    row_values = with_expressions(values, {}) | {"required": values["required"]}
    for field, member in row_values["properties"].items():
        if "items" in member:
            words = {word: member.pop(word) for word in ("title", "description") if word in member}
            row_values["properties"][field] = {**words, "anyOf": [member, EXPRESSION]}

    def part(schema: Schema, values: Schema, required: list[str], **offered: Schema) -> Schema:
        template_key = {**schema["properties"]["template"], "const": name, "default": name}
        properties = {**schema["properties"], "template": template_key, "values": values, **offered}
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": properties,
            "required": required,
        }

    return {
        "$schema": single["$schema"],
        "title": f"Invoice by the template {name}",
        "description": template.get("description", single["description"]),
        "x-pennyform": {"kind": "invoice", "template": name},
        "type": "object",
        "if": {"required": ["for_each"]},
        "then": part(series, row_values, [*required, "for_each"]),
        "else": part(
            editable_definition(single),
            allow_expressions(values),
            required,
            for_each=series["properties"]["for_each"],
        ),
    }


def _values(parameters: Mapping[str, JsonObject]) -> Schema:
    return {
        "title": "Values for the template",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _parameter(name, declared) for name, declared in parameters.items()},
        "required": [name for name, declared in parameters.items() if "default" not in declared],
    }


def _parameter(name: str, declared: JsonObject) -> Schema:
    schema: Schema = {"title": name.replace("_", " ").capitalize()}
    if declared.get("description"):
        schema["description"] = declared["description"]
    schema |= _TYPES[declared["type"]]
    if "fields" in declared:
        schema["items"] = {**_values(declared["fields"]), "title": f"Entry of {name}"}
    if declared["type"] in _LIMITED:
        schema |= {limit: declared[limit] for limit in ("minimum", "maximum") if limit in declared}
    if "enum" in declared:
        schema["enum"] = list(declared["enum"])
    if declared.get("default") is not None:
        schema["default"] = declared["default"]
    return make_nullable(schema) if "default" in declared and declared["default"] is None else schema


def _required(single: Schema) -> list[str]:
    """What a definition needs that has neither template nor other sources of its lines."""
    demands = single
    while "else" in demands:
        demands = demands["else"]
    required: list[str] = demands["required"]
    return required
