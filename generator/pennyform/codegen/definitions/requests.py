"""The contract's side of a definition: which request it stands for, and what may be set on it later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pennyform.codegen.definitions.fields import Fields, Schema, UnsupportedShapeError, merged, restriction
from pennyform.spec import Contract


def request(contract: Contract, operation_id: str) -> Schema:
    """The schema of the body of an operation.

    Raises:
        KeyError: the contract has no such operation, or it takes no body.
    """
    for operation in contract.operations:
        if operation.operation_id == operation_id and operation.request:
            return operation.request.schema
    raise KeyError(f"the contract has no operation {operation_id} with a body")


def body(fields: Fields, mapping: Mapping[str, Any], contract: Contract) -> Schema:
    """What the mapping's operation takes, in definitions' words; an empty object when it names none.

    Raises:
        UnsupportedShapeError: the contract has a union that the mapping does not tell apart.
        KeyError: the mapping names an operation that the contract does not have.
    """
    if "operations" in mapping:
        return _alternatives(fields, mapping, contract)
    if "operation" not in mapping:
        return {"type": "object", "additionalProperties": False, "properties": {}, "required": []}
    whole = request(contract, mapping["operation"])
    converted = fields.convert(_variant(fields, whole, mapping.get("variant", {})))
    later = mapping.get("after_finalizing")
    if later:
        final = fields.convert(_variant(fields, whole, later["variant"]))
        _add_what_comes_later(converted, final, _settable(fields, request(contract, later["operation"])))
    return converted


def _variant(fields: Fields, schema: Schema, constants: Mapping[str, Any]) -> Schema:
    """Of a union, the variant whose constants are the declared ones; another schema as it is."""
    schema = fields.resolve(schema)
    variants = schema.get("anyOf") or schema.get("oneOf")
    if not variants:
        return schema
    for variant in map(fields.resolve, variants):
        if all(_allows_only(fields, variant, name, value) for name, value in constants.items()):
            return variant
    raise UnsupportedShapeError(f"no variant of the request has {dict(constants)}")


def _allows_only(fields: Fields, variant: Schema, name: str, value: object) -> bool:
    member = fields.resolve(variant["properties"].get(name, {}))
    return bool(member.get("enum") == [value] or ("const" in member and member["const"] == value))


def _alternatives(fields: Fields, mapping: Mapping[str, Any], contract: Contract) -> Schema:
    """Several operations behind one kind of definition, told apart by an added key."""
    variants = {name: fields.convert(request(contract, id_)) for name, id_ in mapping["operations"].items()}
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


def _add_what_comes_later(draft: Schema, final: Schema, settable: Mapping[str, frozenset[str]]) -> None:
    """Give ``draft`` the fields that only ``final`` has and that can still be set then, marked as such."""
    for name, schema in final["properties"].items():
        known = draft["properties"].get(name)
        if known is None and name in settable:
            draft["properties"][name] = {**schema, "x-pennyform-after-finalizing": True}
        elif known and "properties" in known.get("items", {}):
            of_items = dict.fromkeys(settable.get(name, ()), frozenset[str]())
            _add_what_comes_later(known["items"], schema["items"], of_items)


def _settable(fields: Fields, update: Schema) -> dict[str, frozenset[str]]:
    """The fields that an update takes, and for lists those of an entry that it changes."""
    found: dict[str, frozenset[str]] = {}
    for variant in _variants(fields, update):
        for name, member in variant.get("properties", {}).items():
            changed = fields.resolve(fields.resolve(member).get("properties", {}).get("update", {}))
            entry = fields.resolve(changed.get("items", {}))
            found[name] = found.get(name, frozenset()) | frozenset(entry.get("properties", ()))
    return found


def _variants(fields: Fields, schema: Schema) -> Iterator[Schema]:
    schema = fields.resolve(schema)
    variants = schema.get("anyOf") or schema.get("oneOf")
    return map(fields.resolve, variants) if variants else iter([schema])
