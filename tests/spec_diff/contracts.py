"""Small contracts to compare, made from what a test is about."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
ITEM = "/api/external/v2/things/{id}"


def operation(**keywords: Any) -> Schema:
    """An operation that takes and answers nothing but what is given."""
    return {"operationId": "putThing", "responses": {"204": {"description": ""}}, **keywords}


def document(item: Schema | None = None, *, path: str = ITEM, **components: Any) -> Schema:
    """A pinned contract with one path item."""
    return {
        "openapi": "3.0.1",
        "info": {"title": "Things", "version": "2.0", "x-pennyform-api": "things"},
        "servers": [{"url": "https://api.example.com"}],
        "paths": {path: item or {"put": operation()}},
        "components": components,
    }


def sending(schema: Schema, **components: Any) -> Schema:
    """A contract whose operation is sent ``schema``."""
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    return document({"put": operation(requestBody=body)}, **components)


def answering(schema: Schema, **components: Any) -> Schema:
    """A contract whose operation answers ``schema``."""
    answer = {"description": "", "content": {"application/json": {"schema": schema}}}
    return document({"put": operation(responses={"200": answer})}, **components)


def taking(*parameters: Schema) -> Schema:
    """A contract whose operation takes parameters."""
    return document({"put": operation(parameters=list(parameters))})


def thing(**fields: Any) -> Schema:
    """A closed object with one more field, so that it is recognised when one is lost."""
    required = fields.pop("required", [])
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {"id": {"type": "integer"}, **fields},
        "required": required,
    }
