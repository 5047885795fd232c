"""Whether a JSON value has the structure of an OpenAPI 3 document.

The structure is a JSON Schema; whatever passes can be walked without asking again what is an object and what
is a list. It says less than OpenAPI's own schema on purpose. A keyword that is not listed is not looked at:
pinning leaves it out and reports it, so that a vendor's new keyword never keeps a contract from being read.
And a fault is reported where it is: OpenAPI's schema finds most of them only as "not valid under any of" a
whole body.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from pennyform.findings import Failure, Finding, Severity, failure, tidy
from pennyform.spec.document import extensions
from pennyform.spec.document.budget import LONGEST_NAME
from pennyform.spec.document.json_types import Json, JsonObject, all_values, child
from pennyform.spec.document.openapi import METHODS

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator


_NOT_REAL = "No real contract has that: check where this document comes from."
_SAVED_INSTEAD = "Check the file or URL: a login page or an error message is often saved in its place."


def _list(items: JsonObject) -> JsonObject:
    return {"type": "array", "items": items, "description": f"a list, each item {items['description']}"}


def _map(values: JsonObject) -> JsonObject:
    return {"type": "object", "additionalProperties": values, "description": "an object"}


def _object(kind: str, *other_types: str, words: str = "") -> JsonObject:
    """An object that ``$defs`` describes, or a scalar of another type."""
    article = "an" if kind[0] in "aeiou" else "a"
    return {
        "type": ["object", *other_types],
        "$ref": f"#/$defs/{kind.replace(' ', '_')}",
        "description": f"{article} {kind} object{words}",
    }


_ANY: JsonObject = {"description": "anything"}
_FLAG: JsonObject = {"type": "boolean", "description": "true or false"}
_NUMBER: JsonObject = {"type": "number", "description": "number"}
_TEXT: JsonObject = {"type": "string", "description": "text"}
_VERSION: JsonObject = {
    "type": "string",
    "pattern": r"^3\.",
    "description": "a version that begins with '3.'",
}
# A flag beside the limit in OpenAPI 3.0, the limit itself in 3.1.
_LIMIT: JsonObject = {"type": ["number", "boolean"], "description": "number or true or false"}
# A regular expression of JSON Schema's kind, which is not quite Python's.
_PATTERN: JsonObject = {"type": "string", "format": "regex", "description": "a regular expression"}
_TYPES: JsonObject = {
    "type": ["string", "array"],
    "items": _TEXT,
    "description": "text or a list, each item text",
}
_UNLESS_REFERENCE: JsonObject = {"required": ["$ref"]}

_OPERATION: JsonObject = {
    "operationId": _TEXT,
    "tags": _list(_TEXT),
    "deprecated": _FLAG,
    "security": _list(_map(_list(_TEXT))),
    "parameters": _list(_object("parameter")),
    "requestBody": _object("body"),
    "responses": _map(_object("response")),
    **dict.fromkeys((extensions.STABILITY, extensions.RESOURCE, extensions.METHOD, extensions.SKIP), _TEXT),
    extensions.FILE_SIZE: _NUMBER,
    "servers": _list(_object("server")),
}

_DEFINITIONS: dict[str, JsonObject] = {
    "document": {
        "required": ["openapi", "info", "paths"],
        "properties": {
            "openapi": _VERSION,
            "info": _object("info"),
            "servers": _list(_object("server")),
            "paths": _map(_object("path item")),
            "security": _list(_map(_list(_TEXT))),
            "webhooks": _map(_object("webhook item")),
            "components": _object("components"),
        },
    },
    "info": {"properties": {"title": _TEXT, "version": _TEXT}},
    "server": {
        "properties": {
            "url": _TEXT,
            "variables": _map({"type": "object", "description": "a server variable object"}),
        }
    },
    "components": {
        "properties": {
            "schemas": _map(_object("schema")),
            "responses": _map(_object("response")),
            "parameters": _map(_object("parameter")),
            "requestBodies": _map(_object("body")),
            "headers": _map(_object("header")),
            "pathItems": _map(_object("path item")),
            "securitySchemes": _map(_object("security scheme")),
        }
    },
    "security_scheme": {
        "properties": {"type": _TEXT, "flows": _map(_object("flow"))},
        "if": _UNLESS_REFERENCE,
        "else": {"required": ["type"]},
    },
    "flow": {
        "properties": {
            **dict.fromkeys(("authorizationUrl", "tokenUrl", "refreshUrl"), _TEXT),
            "scopes": _map(_ANY),
        }
    },
    "path_item": {
        "properties": {
            "$ref": _TEXT,
            **dict.fromkeys(METHODS, _object("operation")),
            "parameters": _list(_object("parameter")),
            "servers": _list(_object("server")),
        }
    },
    "webhook_item": {
        "properties": {
            **dict.fromkeys(METHODS, _object("webhook operation")),
            "parameters": _list(_object("parameter")),
            "servers": _list(_object("server")),
        }
    },
    "callback": {"properties": {"$ref": _TEXT}, "additionalProperties": _object("webhook item")},
    "webhook_operation": {"properties": _OPERATION},
    "operation": {
        "properties": {
            **_OPERATION,
            "callbacks": _map(_object("callback")),
        },
    },
    "parameter": {
        "properties": {
            **dict.fromkeys(("$ref", "name", "in", "style", extensions.NAME), _TEXT),
            **dict.fromkeys(("required", "explode", "allowReserved"), _FLAG),
            "schema": _object("schema"),
            "content": _map(_object("media type")),
        },
        "if": _UNLESS_REFERENCE,
        "else": {"required": ["name", "in"]},
    },
    "body": {"properties": {"$ref": _TEXT, "required": _FLAG, "content": _map(_object("media type"))}},
    "response": {
        "properties": {
            "$ref": _TEXT,
            "content": _map(_object("media type")),
            "headers": _map(_object("header")),
        }
    },
    "header": {"properties": {"$ref": _TEXT, "schema": _object("schema")}},
    "media_type": {"properties": {"schema": _object("schema"), "encoding": _map(_ANY)}},
    "schema": {
        "properties": {
            **dict.fromkeys(("$ref", "format", extensions.STABILITY, extensions.NAME), _TEXT),
            "type": _TYPES,
            "pattern": _PATTERN,
            **dict.fromkeys(("enum", extensions.DEPRECATED_VALUES), _list(_ANY)),
            **dict.fromkeys(("nullable", "deprecated", "uniqueItems", "readOnly", "writeOnly"), _FLAG),
            **dict.fromkeys(("required", extensions.SORTS, extensions.INCLUDES), _list(_TEXT)),
            "properties": _map(_object("schema", "boolean", words=" or true or false")),
            "items": _object("schema", "boolean", words=" or true or false"),
            "not": _object("schema"),
            "additionalProperties": _object("schema", "boolean", words=" or true or false"),
            **dict.fromkeys(("allOf", "anyOf", "oneOf"), _list(_object("schema"))),
            **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _NUMBER),
            **dict.fromkeys(("minProperties", "maxProperties", "minimum", "maximum"), _NUMBER),
            **dict.fromkeys(("multipleOf", extensions.DEFAULT, extensions.DECIMALS), _NUMBER),
            **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), _LIMIT),
            extensions.FILTERS: _map(_list(_TEXT)),
            extensions.DECLARED: _map(_TEXT),
        },
    },
}
_SCHEMA: JsonObject = {**_object("document"), "$defs": _DEFINITIONS}


def check_structure(document: Json, file: str, fix: str = _SAVED_INSTEAD) -> None:
    """Make sure that a JSON value is an OpenAPI 3 document that can be read.

    Args:
        document: the value.
        file: what findings call it.
        fix: what to do about it.

    Raises:
        Failure: it is not; every finding at once.
    """
    # Names become part of places, at every level below them.
    for value in all_values(document):
        name = max(value, key=len, default="") if isinstance(value, dict) else ""
        if len(name) > LONGEST_NAME:
            summary = f"the name {name[:40]!r}… is longer than {LONGEST_NAME} characters"
            raise failure("json-name", summary, file=file, fix=_NOT_REAL)
    problems = [(pointer, f"expected {expected}") for pointer, expected in structure_errors(document)]
    paths = document.get("paths") if isinstance(document, dict) else None
    if paths == {}:
        problems.append(("/paths", "there are no operations"))
    for path in paths if isinstance(paths, dict) else ():
        if not path.startswith("/"):
            problems.append((child("/paths", path), f"the path {path!r} does not begin with '/'"))
    findings = tidy(
        Finding(
            "not-a-contract",
            Severity.ERROR,
            f"{pointer or 'the document'}: {problem}",
            file=file,
            pointer=pointer,
            detail="Only an OpenAPI 3 document in JSON can be pinned.",
            fix=fix,
        )
        for pointer, problem in problems
    )
    if findings:
        raise Failure(findings)


def structure_errors(document: Json) -> Iterator[tuple[str, str]]:
    """Every place where ``document`` is not what OpenAPI has there: its JSON Pointer, what is expected."""
    from jsonschema_rs import ValidationErrorKind

    # Compiled at the first use: a command that reads no contract does not pay for it.
    for error in _validator().iter_errors(document):
        pointer = ""
        for step in error.instance_path:
            pointer = child(pointer, step)
        subschema: Json = _SCHEMA
        for keyword in error.schema_path[:-1]:
            if keyword not in ("if", "then", "else"):
                subschema = subschema[keyword]
        if isinstance(error.kind, ValidationErrorKind.Required):
            missing = error.kind.property
            expected = subschema["properties"][missing]["description"]
            yield child(pointer, missing), f"{expected}, and nothing is there"
        else:
            yield pointer, subschema["description"]


@cache
def _validator() -> Draft202012Validator:
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(_SCHEMA, validate_formats=True)
