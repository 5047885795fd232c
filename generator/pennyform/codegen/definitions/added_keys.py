"""The keys that definitions have beyond the contract's request, from their declared short forms.

A mapping writes plain JSON Schema with four words of its own: ``amount`` for quoted decimal text, ``key`` for
a natural key, ``component`` for an enum of the contract, ``alternatives`` for fields of which one says what
is meant.
"""

from __future__ import annotations

from collections.abc import Mapping

from pennyform.codegen.definitions.fields import (
    DECIMAL_MESSAGE,
    DECIMAL_PATTERN,
    NOTHING,
    Fields,
    natural_key,
)
from pennyform.spec.document.json_types import JsonObject
from pennyform.spec.normaliser.contract import Schema


def added_key(fields: Fields, name: str, declared: JsonObject) -> Schema:
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
        schema = _expand(fields, declared)
    return {**schema, "x-pennyform-added": True}


def _expand(fields: Fields, declared: JsonObject) -> Schema:
    """``declared`` with its short forms written out, at every depth."""
    schema: Schema = {}
    for word, value in declared.items():
        match word:
            case "properties":
                schema[word] = {name: _expand(fields, member) for name, member in value.items()}
            case "items" | "additionalProperties" if isinstance(value, Mapping):
                schema[word] = _expand(fields, {**value})
            case "amount":
                schema |= {
                    "type": "string" if value is True else value,
                    "format": "decimal",
                    "pattern": DECIMAL_PATTERN,
                    "patternErrorMessage": DECIMAL_MESSAGE,
                }
            case "component":
                component = fields.convert({"$ref": f"#/components/schemas/{value}"})
                without = declared.get("without", ())
                values = [member for member in component["enum"] if member not in without]
                schema |= {**component, "enum": values}
            case "alternatives":
                schema |= _alternatives(value)
            case "without":
                pass
            case _:
                schema[word] = value
    return schema


def _alternatives(companions: Mapping[str, list[str]]) -> Schema:
    """Of several fields the first that is there counts; the last is needed when none is.

    ``companions`` are the fields that may go with each. What goes with another alternative only is refused.
    """
    (name, allowed), *rest = companions.items()
    if not rest:
        return {"required": [name]}
    foreign = [field for rival, theirs in rest for field in (rival, *theirs) if field not in allowed]
    return {
        "if": {"required": [name]},
        "then": {"properties": dict.fromkeys(foreign, NOTHING)},
        "else": _alternatives(dict(rest)),
    }
