"""A JSON Schema for the definitions that use one template: its parameters are the fields of ``values``.

Pure data in, data out: the schemas of the templates that come with pennyform are emitted, those of the user's
own are made by ``pennyform init --schemas``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pennyform.codegen.definitions.expressions import EXPRESSION, with_expressions
from pennyform.codegen.definitions.fields import DECIMAL_MESSAGE, DECIMAL_PATTERN, Schema

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


def read_templates(folder: Path) -> dict[str, dict[str, Any]]:
    """The templates in ``folder`` by name, each with what it takes over from the one that it extends."""
    read = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml"))
    }
    return {name: _whole(name, read) for name in read}


def _whole(name: str, read: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    own = read[name]
    base = _whole(own["extends"], read) if "extends" in own else {}
    joined = {part: {**base.get(part, {}), **own.get(part, {})} for part in ("parameters", "invoice")}
    return {**base, **own, **joined}


def template_schema(single: Schema, series: Schema, name: str, template: Mapping[str, Any]) -> Schema:
    """The schema of a definition that says ``template: NAME``.

    Args:
        single: the schema of a definition of one invoice.
        series: the schema of a definition with ``for_each``.
        name: of the template.
        template: what it says, whole.

    Returns:
        A draft-07 schema: values are typed, and what the template does not give is required.
    """
    values = _values(template.get("parameters", {}))
    given = template.get("invoice", {}).keys()
    required = [*single["else"]["required"], "template", *(["values"] if values["required"] else [])]
    required = [field for field in dict.fromkeys(required) if field not in given]
    loose = {**_loose(values), "required": values["required"]}
    return {
        "$schema": single["$schema"],
        "title": f"Invoice by the template {name}",
        "description": template.get("description", single["description"]),
        "x-pennyform": {"kind": "invoice", "template": name},
        "type": "object",
        "if": {"required": ["for_each"]},
        "then": _part(series, name, loose, [*required, "for_each"]),
        "else": _part(single, name, values, required, for_each=series["properties"]["for_each"]),
    }


def _loose(values: Schema) -> Schema:
    """``values`` for many invoices: any may be an expression, a list too, which is then one of the row."""
    loose = with_expressions(values, {})
    for name, member in loose["properties"].items():
        if "items" in member:
            words = {word: member.pop(word) for word in ("title", "description") if word in member}
            loose["properties"][name] = {**words, "anyOf": [member, EXPRESSION]}
    return loose


def _part(schema: Schema, name: str, values: Schema, required: list[str], **offered: Schema) -> Schema:
    own = {**schema["properties"]["template"], "const": name, "default": name}
    properties = {**schema["properties"], "template": own, "values": values, **offered}
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": required}


def _values(parameters: Mapping[str, Mapping[str, Any]]) -> Schema:
    return {
        "title": "Values for the template",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _parameter(name, declared) for name, declared in parameters.items()},
        "required": [name for name, declared in parameters.items() if "default" not in declared],
    }


def _parameter(name: str, declared: Mapping[str, Any]) -> Schema:
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
    return _or_nothing(schema) if "default" in declared and declared["default"] is None else schema


def _or_nothing(schema: Schema) -> Schema:
    enum = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [schema["type"], "null"], **enum}
