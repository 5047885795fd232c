"""Whether a JSON value has the structure of an OpenAPI 3 document, keyword by keyword.

Whatever passes can be walked without asking again what is an object and what is a list. Keywords that are not
listed are not looked at: pinning leaves them out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pennyform.spec.description_facts import (
    DECIMALS,
    DEFAULT,
    DEPRECATED_VALUES,
    FILE_SIZE,
    FILTERS,
    INCLUDES,
    SORTS,
    STABILITY,
)
from pennyform.spec.document.pointers import child
from pennyform.spec.normaliser.components import DECLARED
from pennyform.spec.normaliser.methods import METHOD, RESOURCE

Fault = tuple[str, str]
"""A JSON Pointer, and what is expected there."""

# What a keyword holds: a kind below or one of _SCALARS; [kind] is a list of it, {kind} an object whose values
# are of it, and a|b one of two. A keyword that ends with ! must be there, unless a reference stands for all.
_KINDS: Mapping[str, Mapping[str, str]] = {
    "document": {
        "openapi!": "version",
        "info!": "info",
        "servers": "[server]",
        "paths!": "{path item}",
        "components": "components",
    },
    "info": {"title": "text", "version": "text"},
    "server": {"url": "text"},
    "components": {
        "schemas": "{schema}",
        "responses": "{response}",
        "parameters": "{parameter}",
        "securitySchemes": "{security scheme}",
    },
    "security scheme": {"type!": "text", "flows": "{flow}"},
    "flow": {"authorizationUrl": "text", "tokenUrl": "text", "refreshUrl": "text", "scopes": "{any}"},
    "path item": {
        **dict.fromkeys(("get", "put", "post", "delete", "options", "head", "patch", "trace"), "operation"),
        "parameters": "[parameter]",
    },
    "operation": {
        "operationId!": "text",
        "tags": "[text]",
        "deprecated": "flag",
        "security": "[{[text]}]",
        "parameters": "[parameter]",
        "requestBody": "body",
        "responses!": "{response}",
        **dict.fromkeys((STABILITY, RESOURCE, METHOD), "text"),
        FILE_SIZE: "number",
    },
    "parameter": {"$ref": "text", "name!": "text", "in!": "text", "required": "flag", "schema": "schema"},
    "body": {"$ref": "text", "required": "flag", "content": "{media type}"},
    "response": {"$ref": "text", "content": "{media type}", "headers": "{header}"},
    "header": {"schema": "schema"},
    "media type": {"schema": "schema", "encoding": "{any}"},
    "schema": {
        "$ref": "text",
        "type": "text|[text]",
        "format": "text",
        "pattern": "pattern",
        "enum": "[any]",
        "nullable": "flag",
        "deprecated": "flag",
        "uniqueItems": "flag",
        "required": "[text]",
        "properties": "{schema}",
        "items": "schema",
        "additionalProperties": "schema|flag",
        "not": "schema",
        **dict.fromkeys(("allOf", "anyOf", "oneOf"), "[schema]"),
        **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"), "number"),
        **dict.fromkeys(("minProperties", "maxProperties", "multipleOf"), "number"),
        **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), "number|flag"),
        FILTERS: "{[text]}",
        **dict.fromkeys((SORTS, INCLUDES), "[text]"),
        **dict.fromkeys((DEFAULT, DECIMALS), "number"),
        DEPRECATED_VALUES: "[any]",
        STABILITY: "text",
        DECLARED: "{text}",
    },
}
_SCALARS: Mapping[str, Callable[[Any], bool]] = {
    "any": lambda _: True,
    "flag": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "pattern": lambda value: isinstance(value, str) and _is_pattern(value),
    "text": lambda value: isinstance(value, str),
    "version": lambda value: isinstance(value, str) and value.startswith("3."),
}


def _is_pattern(text: str) -> bool:
    """Whether it is a regular expression of JSON Schema's kind, which is not quite Python's."""
    from jsonschema_rs import Draft202012Validator, ValidationError

    try:
        Draft202012Validator({"pattern": text})
    except ValidationError:
        return False
    return True


def faults(document: Any) -> Iterator[Fault]:
    """Every place where ``document`` is not what OpenAPI has there."""
    yield from _faults("document", document, "")


def _faults(expected: str, value: Any, pointer: str) -> Iterator[Fault]:
    if "|" in expected:
        yield from _neither(expected.split("|"), value, pointer)
    elif expected in _SCALARS:
        if not _SCALARS[expected](value):
            yield pointer, _said(expected)
    elif expected.startswith("["):
        yield from _list(expected[1:-1], value, pointer)
    elif not isinstance(value, dict):
        yield pointer, _said(expected)
    elif expected.startswith("{"):
        for name, item in value.items():
            yield from _faults(expected[1:-1], item, child(pointer, name))
    else:
        yield from _object(_KINDS[expected], value, pointer)


def _neither(alternatives: list[str], value: Any, pointer: str) -> Iterator[Fault]:
    """The faults of the alternative that the value is at least of the right type for."""
    for alternative in alternatives:
        found = list(_faults(alternative, value, pointer))
        if not found:
            return
        if all(place != pointer for place, _ in found):
            yield from found
            return
    yield pointer, " or ".join(map(_said, alternatives))


def _list(expected: str, value: Any, pointer: str) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield pointer, _said(f"[{expected}]")
        return
    for position, item in enumerate(value):
        yield from _faults(expected, item, child(pointer, position))


def _object(keywords: Mapping[str, str], value: dict[str, Any], pointer: str) -> Iterator[Fault]:
    for keyword, expected in keywords.items():
        name = keyword.removesuffix("!")
        if name in value:
            yield from _faults(expected, value[name], child(pointer, name))
        elif name != keyword and "$ref" not in value:
            yield child(pointer, name), f"{_said(expected)}, and nothing is there"


def _said(expected: str) -> str:
    if expected.startswith("["):
        return f"a list, each item {_said(expected[1:-1])}"
    if expected.startswith("{"):
        return "an object"
    words = {
        "any": "anything",
        "flag": "true or false",
        "pattern": "a regular expression",
        "version": "a version that begins with '3.'",
    }
    article = "an" if expected[0] in "aeiou" else "a"
    return words.get(expected, expected if expected in _SCALARS else f"{article} {expected} object")
