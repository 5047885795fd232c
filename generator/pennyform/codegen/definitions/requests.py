"""The contract's side of a definition: which request it stands for, and what may be set on it later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pennyform.codegen.definitions.fields import Fields, UnsupportedShapeError, merge, restriction
from pennyform.spec import Contract
from pennyform.spec.document.json_types import JsonObject
from pennyform.spec.normaliser.contract import Schema


def request_schema(contract: Contract, operation_id: str) -> Schema:
    """The schema of the body of an operation.

    Raises:
        KeyError: the contract has no such operation, or it takes no body.
    """
    for operation in contract.operations:
        if operation.operation_id == operation_id and operation.request:
            return operation.request.schema
    raise KeyError(f"the contract has no operation {operation_id} with a body")


def derive_body(fields: Fields, mapping: JsonObject, contract: Contract) -> Schema:
    """What the mapping's operation takes, in definitions' words; an empty object when it names none.

    Raises:
        UnsupportedShapeError: the contract has a union that the mapping does not tell apart.
        KeyError: the mapping names an operation that the contract does not have.
    """
    if "operations" in mapping:
        return _join_operations(fields, mapping, contract)
    if "operation" not in mapping:
        return {"type": "object", "additionalProperties": False, "properties": {}, "required": []}
    request = request_schema(contract, mapping["operation"])
    converted = fields.convert(_select_variant(fields, request, mapping.get("variant", {})))
    # A finalized invoice is a legal document: only what the update of one takes can still be set.
    later = mapping.get("after_finalizing")
    if later:
        final = fields.convert(_select_variant(fields, request, later["variant"]))
        update = request_schema(contract, later["operation"])
        _add_fields_set_later(converted, final, _updatable_fields(fields, update))
    return converted


def _variants(fields: Fields, schema: Schema) -> Iterator[Schema]:
    schema = fields.resolve(schema)
    variants = schema.get("anyOf") or schema.get("oneOf")
    return map(fields.resolve, variants) if variants else iter([schema])


def _select_variant(fields: Fields, schema: Schema, constants: JsonObject) -> Schema:
    """Of a union, the variant whose constants are the declared ones; another schema as it is."""
    variants = list(_variants(fields, schema))
    if len(variants) == 1:
        return variants[0]
    for variant in variants:
        members = {name: fields.resolve(variant["properties"].get(name, {})) for name in constants}
        # A constant is written as `const`, or as an enum of one value.
        if all(
            members[name].get("enum") == [value]
            or ("const" in members[name] and members[name]["const"] == value)
            for name, value in constants.items()
        ):
            return variant
    raise UnsupportedShapeError(f"no variant of the request has {dict(constants)}")


def _join_operations(fields: Fields, mapping: JsonObject, contract: Contract) -> Schema:
    """Several operations behind one kind of definition, told apart by an added key."""
    variants = {
        name: fields.convert(request_schema(contract, operation_id))
        for name, operation_id in mapping["operations"].items()
    }
    key, default = mapping["told_apart_by"], mapping["default"]
    schemas = list(variants.values())
    (alternative,) = (name for name in variants if name != default)
    selector = fields.add_words({"type": "string", "enum": list(variants), "default": default}, "", key)
    return merge(schemas) | {
        "properties": {key: selector, **merge(schemas)["properties"]},
        "required": [],
        "if": {"required": [key], "properties": {key: {"const": alternative}}},
        "then": restriction(variants[alternative], schemas),
        "else": restriction(variants[default], schemas),
    }


def _add_fields_set_later(draft: Schema, final: Schema, updatable: Mapping[str, frozenset[str]]) -> None:
    """Give ``draft`` the fields that only ``final`` has and that can still be set then, marked as such."""
    for name, schema in final["properties"].items():
        in_draft = draft["properties"].get(name)
        sent = schema.get("x-pennyform-sends", name)
        if in_draft is None and sent in updatable:
            draft["properties"][name] = {**schema, "x-pennyform-after-finalizing": True}
        elif in_draft and "properties" in in_draft.get("items", {}):
            of_items = dict.fromkeys(updatable.get(name, ()), frozenset[str]())
            _add_fields_set_later(in_draft["items"], schema["items"], of_items)


def _updatable_fields(fields: Fields, update: Schema) -> dict[str, frozenset[str]]:
    """The fields that an update takes, and for lists those of an entry that it changes."""
    names: dict[str, frozenset[str]] = {}
    for variant in _variants(fields, update):
        for name, member in variant.get("properties", {}).items():
            # Lists are updated by an object: {create: [], update: [{id, …}], delete: []}.
            changed = fields.resolve(fields.resolve(member).get("properties", {}).get("update", {}))
            entry = fields.resolve(changed.get("items", {}))
            names[name] = names.get(name, frozenset()) | frozenset(entry.get("properties", ()))
    return names
