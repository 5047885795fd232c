"""Contracts that mean harm, and what is no contract; ``hostile_findings.txt`` says what becomes of each."""

from __future__ import annotations

import json
from typing import Any


def contract(**changes: Any) -> dict[str, Any]:
    """A small contract; ``changes`` are keys of its operation, ``document`` and ``schemas`` are its own."""
    document = {
        "openapi": "3.0.1",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/v1/things": {
                "post": {
                    "operationId": "postThing",
                    "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
                    "responses": {"204": {"description": ""}},
                    **{key: value for key, value in changes.items() if key not in ("document", "schemas")},
                }
            }
        },
        "components": {"schemas": changes.get("schemas", {})},
    }
    return {**document, **changes.get("document", {})}


def sending(schema: Any, **named: Any) -> dict[str, Any]:
    """A contract whose operation sends a schema."""
    body = {"content": {"application/json": {"schema": schema}}}
    return contract(requestBody=body, schemas=named)


def with_operation(path: str, method: str = "get", **operation: Any) -> dict[str, Any]:
    document = contract()
    added = {"operationId": "getOther", "responses": {"204": {"description": ""}}, **operation}
    document["paths"].setdefault(path, {})[method] = added
    return document


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return schema


def doubling(levels: int) -> dict[str, Any]:
    """Schemas that each refer to the next one twice, so that they unfold without end."""
    named: dict[str, Any] = {f"S{levels}": {"type": "string"}}
    for level in range(levels):
        inner = {"$ref": f"#/components/schemas/S{level + 1}"}
        named[f"S{level}"] = {"type": "object", "properties": {"a": inner, "b": {"items": inner}}}
    return sending({"$ref": "#/components/schemas/S0"}, **named)


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def closed(*names: str) -> dict[str, Any]:
    properties = {name: {"type": "string"} for name in names}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


def named(schema: dict[str, Any], name: str) -> dict[str, Any]:
    return {**schema, "x-pennyform-component": {"name": name}}


PAGE = {"text/html": {"schema": {"type": "string"}}}
GOOD = json.dumps(contract()).encode()

UNREADABLE = {
    "nothing": b"",
    "a page": b"<!doctype html>",
    "cut off within a text": GOOD[:100],
    "cut off between two keys": GOOD[:60],
    "two of them": GOOD * 2,
    "another encoding": GOOD.decode().encode("utf-16"),
    "a key twice": b'{"paths": {},\n "paths": {}}',
    "not a number": b'{"a": NaN}',
    "a number that is infinite": b'{"a": 1e999}',
    "a number without end": b'{"a": 1' + b"0" * 9_999 + b"}",
    "a fraction without end": b'{"a": 0.' + b"1" * 9_998 + b"}",
    "bottomless": b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
    "just too deep": json.dumps(sending(nested(130))).encode(),
    "too long": b" " * 40_000_000,
}
"""The bytes of a file."""

NO_CONTRACTS = {
    "an error message": {"error": "not found"},
    "a list": [],
    "another version": contract(document={"openapi": "2.0"}),
    "no operations": contract(document={"paths": {}}),
    "a schema that is text": sending(ref("A"), A="string"),
    "a schema that admits nothing": sending({"type": "object", "properties": {"a": False}}),
    "values that are no list": sending(ref("A"), A={"enum": {"a": 1}}),
    "a pattern that is none": sending({"type": "string", "pattern": "("}),
    "our own keywords, misused": contract(parameters=[query("filter", {"x-pennyform-filters": 5})]),
}

UNSAFE_TEXTS = {
    "a name that runs backwards": sending(closed("a\u202eb")),
    "a value with an escape sequence": sending({"type": "string", "enum": ["a", "\x1b[31mred"]}),
    "a name with nothing in it": sending(closed("a", "a\u200b")),
    "a header in a parameter's name": contract(parameters=[query("x\r\nHost: y", {"type": "string"})]),
}

UNSOUND_SCHEMAS = {
    "a schema in itself": sending(ref("A"), A={"type": "object", "properties": {"inner": ref("A")}}),
    "a circle of schemas": sending(
        ref("A"), A={"allOf": [ref("B")]}, B={"items": ref("C"), "type": "array"}, C={"anyOf": [ref("A")]}
    ),
    "a reference to another host": sending({"$ref": "https://example.com/evil.json#/A"}),
    "a reference to a file": sending({"$ref": "../../../etc/passwd"}),
    "a reference to nothing": sending(ref("Nowhere")),
    "an answer that refers to another host": contract(responses={"204": {"$ref": "//example.com/a"}}),
    "two types at once": sending({"type": ["string", "integer"]}),
    "text that is a number": sending({"allOf": [{"type": "string"}, {"type": "integer"}]}),
    "nothing to choose from": sending({"type": "string", "enum": []}),
    "no member to be": sending({"anyOf": []}),
    "closed doors on both sides": sending({"allOf": [closed("a"), closed("b")]}),
    "what unfolds without end": doubling(40),
}

UNSOUND_OPERATIONS = {
    "an id twice": with_operation("/v1/others", operationId="postThing"),
    "ids that differ in case alone": with_operation("/v1/others", operationId="PostThing"),
    "two methods of one name": with_operation("/v1/things/create", "post"),
    "an id that is a path": with_operation("/v1/others", operationId="../../evil"),
    "an id that is code": with_operation("/v1/others", operationId="__import__('os')"),
    "a path out of the folder": with_operation("/v1/others/../../etc"),
    "a path that is another host": with_operation("//example.com/v1/others"),
    "a path with a question": with_operation("/v1/others?all=1"),
    "a path with a parameter that nobody declares": with_operation("/v1/others/{id}"),
    "a parameter that is code": contract(parameters=[query("a, b=print()", {"type": "string"})]),
    "a method named by code": contract(**{"x-pennyform-method": "x(): import os"}),
    "a resource that closes the client": with_operation("/v1/close"),
    "two ways to succeed": contract(responses={"200": {"description": ""}, "201": {"description": ""}}),
    "no way to succeed": contract(responses={"default": {"description": ""}}),
    "a range of ways to succeed": contract(responses={"2XX": {"description": ""}}),
    "an answer that is a page": contract(responses={"200": {"description": "", "content": PAGE}}),
    "a body that is a page": contract(requestBody={"content": PAGE}),
    "everything at once": with_operation("/v1/../{id}", operationId="a b", **{"x-pennyform-resource": "A"}),
}

UNSOUND_NAMES = {
    "two shapes of one name": sending(
        {
            "type": "object",
            "properties": {"a_b": closed("x"), "a": {**closed(), "properties": {"b": closed("y")}}},
        }
    ),
    "a shape named by code": sending(named(closed("x"), "A(object): import os")),
    "a shape named by a keyword": sending(named(closed("x"), "None")),
    "a shape with two names": sending(
        {"type": "object", "properties": {"a": named(closed("x"), "A"), "b": named(closed("x"), "B")}}
    ),
    "two shapes with one name": sending(
        {"type": "object", "properties": {"a": named(closed("x"), "A"), "b": named(closed("y"), "A")}}
    ),
}

HARMLESS = {
    "keywords for names": with_operation(
        "/v1/class/{import}", operationId="lambda", parameters=[{**query("import", {}), "in": "path"}]
    ),
    "builtins for fields": sending(closed("__class__", "self", "None", "print", "$ref")),
    "prose that is code": contract(
        summary='"""\nimport os\n"""', description="{{ 7 * 7 }} {% raw %}", tags=["'; DROP TABLE"]
    ),
    "prose that runs backwards": contract(description="a\u202eb"),
    "components from outside": contract(
        schemas={"../../evil": closed("a"), "": closed("b"), "%00": closed("c")}
    ),
    "values of every kind": sending({"enum": [1, 1.5, True, None, "x", [], {}]}),
    "only null": sending({"type": "object", "properties": {"a": {"enum": [None]}, "b": {"type": "null"}}}),
    "a pattern that takes forever": sending({"type": "string", "pattern": "^(a+)+$"}),
    "thirty thousand values": sending({"type": "string", "enum": [f"v{n}" for n in range(30_000)]}),
    "as deep as it may be": sending(nested(50)),
    "a limit that nothing meets": sending({"type": "string", "minLength": 10**30}),
    "required, but not there": sending({**closed("a"), "required": ["b"]}),
    "a default of another kind": sending({"type": "integer", "default": "x"}),
    "unknown keywords": contract(callbacks={"x": {}}, **{"x-evil": "import os"}),
    "a tag that is a file": contract(tags=["../../etc/passwd"]),
    "servers elsewhere": contract(document={"servers": [{"url": "http://evil.example.com"}]}),
}

DOCUMENTS = {
    **NO_CONTRACTS, **UNSAFE_TEXTS, **UNSOUND_SCHEMAS, **UNSOUND_OPERATIONS, **UNSOUND_NAMES, **HARMLESS
}  # fmt: skip
"""What a file says."""

UNUSUAL = {
    "two types at once", "an id twice", "ids that differ in case alone", "two methods of one name",
    "an id that is a path", "an id that is code", "a parameter that is code", "two ways to succeed",
    "no way to succeed", "a range of ways to succeed", "an answer that is a page", "a body that is a page",
    "two shapes of one name",
}  # fmt: skip
"""What looks wrong and means something: it is emitted under names that do no harm."""
