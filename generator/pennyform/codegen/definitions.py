"""The JSON Schemas of definitions: the contract's request schemas plus a small declared mapping.

What an author may write in an invoice, a customer or a product is derived from what the API accepts;
``templates/definitions/*.yaml`` declares only the differences (natural keys for ids, added keys, fields that
pennyform sets itself, words for editors). Besides validating, the emitted schemas carry the mapping for the
tool at run time: ``x-pennyform`` at the root and ``x-pennyform-key`` at a natural key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pennyform import data
from pennyform.codegen.definition_fields import Fields, Schema, UnsupportedShapeError, merged, restriction
from pennyform.spec import Contract

_DRAFT = "http://json-schema.org/draft-07/schema#"
_KINDS = ("invoice", "customer", "product", "pennyform", "invoice-template")
_EXPRESSION: Schema = {"type": "string", "pattern": r"\{\{"}


def emit(contract: Contract, mappings: Path | None = None) -> dict[str, bytes]:
    """The schemas of all kinds of definitions.

    Args:
        contract: the normalised contract.
        mappings: the folder of declared mappings; the project's own when left out.

    Returns:
        Bytes by path below ``generated/``.

    Raises:
        UnsupportedShapeError: the contract has a union that the mapping does not tell apart.
        KeyError: the mapping names an operation that the contract does not have.
    """
    folder = mappings or data.templates() / "definitions"
    emitted: dict[str, Schema] = {}
    for kind in _KINDS:
        mapping = yaml.safe_load((folder / f"{kind}.yaml").read_text(encoding="utf-8"))
        emitted[kind] = _definition(kind, mapping, contract, emitted)
    return {
        f"schemas/{kind}.schema.json": (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode()
        for kind, schema in emitted.items()
    }


def _definition(
    kind: str, mapping: Mapping[str, Any], contract: Contract, emitted: Mapping[str, Schema]
) -> Schema:
    components = contract.document.get("components", {}).get("schemas", {})
    fields = Fields(components, mapping)
    if "operations" in mapping:
        body = _alternatives(fields, mapping, contract)
    elif "operation" in mapping:
        body = fields.convert(_variant(fields, _request(contract, mapping["operation"]), mapping))
    else:
        body = {"type": "object", "additionalProperties": False, "properties": {}, "required": []}
    if "derives" in mapping:
        body["properties"] |= _derived(fields, mapping["derives"], emitted)
    return _assembled(kind, mapping, body)


def _request(contract: Contract, operation_id: str) -> Schema:
    for operation in contract.operations:
        if operation.operation_id == operation_id and operation.request:
            return operation.request.schema
    raise KeyError(f"the contract has no operation {operation_id} with a body")


def _variant(fields: Fields, schema: Schema, mapping: Mapping[str, Any]) -> Schema:
    """Of a union, the variant whose constants are the declared ones; another schema as it is."""
    schema = fields.resolve(schema)
    variants = schema.get("anyOf") or schema.get("oneOf")
    if not variants:
        return schema
    for variant in map(fields.resolve, variants):
        if all(_allows_only(fields, variant, name, value) for name, value in mapping["variant"].items()):
            return variant
    raise UnsupportedShapeError(f"no variant of {mapping['operation']} has {mapping['variant']}")


def _allows_only(fields: Fields, variant: Schema, name: str, value: object) -> bool:
    member = fields.resolve(variant["properties"].get(name, {}))
    return bool(member.get("enum") == [value] or ("const" in member and member["const"] == value))


def _alternatives(fields: Fields, mapping: Mapping[str, Any], contract: Contract) -> Schema:
    """Several operations behind one kind of definition, told apart by an added key."""
    variants = {name: fields.convert(_request(contract, id_)) for name, id_ in mapping["operations"].items()}
    key, default = mapping["told_apart_by"], mapping["default"]
    shapes = list(variants.values())
    (other,) = (name for name in variants if name != default)
    told_apart = fields.worded({"type": "string", "enum": list(variants), "default": default}, "", key)
    return merged(shapes) | {
        "properties": {key: told_apart, **merged(shapes)["properties"]},
        "required": [],
        "if": {"required": [key], "properties": {key: {"const": other}}},
        "then": restriction(variants[other], shapes),
        "else": restriction(variants[default], shapes),
    }


def _assembled(kind: str, mapping: Mapping[str, Any], body: Schema) -> Schema:
    sets = mapping.get("sets", {})
    properties = {name: schema for name, schema in body["properties"].items() if name not in sets}
    properties |= {name: {**schema, "x-pennyform-added": True} for name, schema in mapping["added"].items()}
    required = [name for name in body["required"] if name not in sets]
    required = list(dict.fromkeys([*mapping["required"], *required]))
    order = {name: place for place, name in enumerate(mapping.get("order", ()))}
    ordered = sorted(properties, key=lambda name: order.get(name, len(order)))
    return {
        "$schema": _DRAFT,
        "title": mapping["title"],
        "description": mapping["description"],
        "x-pennyform": _for_the_tool(kind, mapping),
        **{name: value for name, value in body.items() if name not in ("properties", "required")},
        "properties": {name: properties[name] for name in ordered},
        **_required(required, mapping),
    }


def _required(required: list[str], mapping: Mapping[str, Any]) -> Schema:
    if "required_with_template" not in mapping:
        return {"required": required}
    return {
        "if": {"required": ["template"]},
        "then": {"required": mapping["required_with_template"]},
        "else": {"required": required},
    }


def _for_the_tool(kind: str, mapping: Mapping[str, Any]) -> Schema:
    names = ("operation", "operations", "told_apart_by", "default", "sets")
    return {"kind": kind, **{name: mapping[name] for name in names if name in mapping}}


def _derived(fields: Fields, declared: Mapping[str, Any], emitted: Mapping[str, Schema]) -> Schema:
    """The invoice part of a template: nothing required, and any value may be an expression."""
    source = emitted[declared["from"]]
    kept = {name: schema for name, schema in source["properties"].items() if name not in declared["without"]}
    part = _with_expressions({"type": "object", "additionalProperties": False, "properties": kept})
    return {declared["name"]: fields.worded(part, "", declared["name"])}


def _with_expressions(schema: Schema) -> Schema:
    if "properties" in schema and "x-pennyform-key" not in schema:
        loose = {name: _with_expressions(member) for name, member in schema["properties"].items()}
        closed = {"type": schema["type"], "additionalProperties": False, "properties": loose}
        return {**{name: schema[name] for name in ("title", "description") if name in schema}, **closed}
    if "items" in schema:
        return {**schema, "items": _with_expressions(schema["items"])}
    words: Schema = {name: schema[name] for name in ("title", "description") if name in schema}
    return {**words, "anyOf": [{k: v for k, v in schema.items() if k not in words}, _EXPRESSION]}
