"""The keys that definitions have beyond the contract's request, from their declared short forms.

A mapping writes plain JSON Schema with four words of its own: ``amount`` for quoted decimal text, ``key`` for
a natural key, ``component`` for an enum of the contract, ``alternatives`` for fields of which one says what
is meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pennyform.codegen.definitions.fields import (
    DECIMAL_MESSAGE,
    DECIMAL_PATTERN,
    NOTHING,
    Fields,
    Schema,
    natural_key,
)


def added(fields: Fields, name: str, declared: Mapping[str, Any]) -> Schema:
    """The schema of the added key ``name``, marked as pennyform's own.

    Args:
        fields: knows the contract's components.
        name: how a definition calls the key.
        declared: its schema, with short forms.
    """
    if "key" in declared:
        words = {word: declared[word] for word in ("title", "description", "examples")}
        schema = natural_key({**words, **declared["key"]}, sends=name)
    else:
        schema = expanded(fields, declared)
    return {**schema, "x-pennyform-added": True}


def expanded(fields: Fields, declared: Mapping[str, Any]) -> Schema:
    """``declared`` with its short forms written out, at every depth."""
    schema: Schema = {}
    for word, value in declared.items():
        match word:
            case "properties":
                schema[word] = {name: expanded(fields, member) for name, member in value.items()}
            case "items" | "additionalProperties" if isinstance(value, Mapping):
                schema[word] = expanded(fields, value)
            case "amount":
                schema |= _amount(value)
            case "component":
                schema |= _component(fields, value, declared.get("without", ()))
            case "alternatives":
                schema |= _alternatives(value)
            case "without":
                pass
            case _:
                schema[word] = value
    return schema


def _amount(types: Any) -> Schema:
    return {
        "type": "string" if types is True else types,
        "format": "decimal",
        "pattern": DECIMAL_PATTERN,
        "patternErrorMessage": DECIMAL_MESSAGE,
    }


def _component(fields: Fields, name: str, without: Any) -> Schema:
    schema = fields.convert({"$ref": f"#/components/schemas/{name}"})
    return {**schema, "enum": [value for value in schema["enum"] if value not in without]}


def _alternatives(companions: Mapping[str, list[str]]) -> Schema:
    """Of several fields the first that is there counts; the last is needed when none is.

    ``companions`` are the fields that may go with each. What goes with another alternative only is refused.
    """
    (name, own), *others = companions.items()
    if not others:
        return {"required": [name]}
    foreign = [field for other, theirs in others for field in (other, *theirs) if field not in own]
    return {
        "if": {"required": [name]},
        "then": {"properties": dict.fromkeys(foreign, NOTHING)},
        "else": _alternatives(dict(others)),
    }
