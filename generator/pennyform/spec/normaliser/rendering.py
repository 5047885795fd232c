"""The normalised document: OpenAPI 3.1 with a component for every shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pennyform.spec.document.extensions import DIRECTION, FILE_SIZE, METHOD, RESOURCE, STABILITY
from pennyform.spec.document.json_types import JsonObject
from pennyform.spec.normaliser.components import Shape
from pennyform.spec.normaliser.contract import Body, Operation, Parameter, Schema
from pennyform.spec.normaliser.operations import Draft

OPENAPI = "3.1.0"
_COMPONENT = "#/components/schemas/"


def render_document(
    document: JsonObject,
    drafts: Sequence[Draft],
    shapes: Mapping[str, Shape],
    names: Mapping[str, str],
    error: Schema | None,
) -> tuple[JsonObject, tuple[Operation, ...]]:
    """Put the normalised document together.

    Args:
        document: the corrected contract, for what is copied from it.
        drafts: its operations.
        shapes: by key.
        names: the shapes' names, by key.
        error: what every error answer refers to, if any is declared.

    Returns:
        The document, and the operations with references into it, sorted by resource, path and method.
    """
    named = {key: _COMPONENT + name for key, name in names.items()}
    operations = {draft.operation.operation_id: _named_operation(draft.operation, named) for draft in drafts}
    paths: JsonObject = {}
    for draft in drafts:
        operation = operations[draft.operation.operation_id]
        item = paths.setdefault(operation.path, {})
        item[operation.method.lower()] = _operation(draft, operation, _renamed(error, named))
    scopes = sorted({scope for operation in operations.values() for scope in operation.scopes})
    rendered = {
        "openapi": OPENAPI,
        "info": document["info"],
        "servers": document.get("servers", []),
        "paths": paths,
        "components": {
            "securitySchemes": _security(document.get("components", {}).get("securitySchemes", {}), scopes),
            "schemas": {
                names[key]: _component(shapes[key], named)
                for key in sorted(shapes, key=lambda key: names[key])
            },
        },
    }
    order = sorted(
        operations.values(), key=lambda operation: (operation.resource, operation.path, operation.method)
    )
    return rendered, tuple(order)


def _named_operation(operation: Operation, named: Mapping[str, str]) -> Operation:
    parameters = tuple(replace(item, schema=_renamed(item.schema, named)) for item in operation.parameters)
    request = operation.request and replace(
        operation.request, schema=_renamed(operation.request.schema, named)
    )
    return replace(
        operation, parameters=parameters, request=request, answer=_renamed(operation.answer, named)
    )


def _renamed(value: Any, named: Mapping[str, str]) -> Any:
    """The value with names in place of keys of shapes."""
    if isinstance(value, list):
        return [_renamed(item, named) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value and isinstance(value["$ref"], str):
        return {**value, "$ref": named[value["$ref"]]}
    return {key: _renamed(item, named) for key, item in value.items()}


def _component(shape: Shape, named: Mapping[str, str]) -> Schema:
    own = shape.descriptions.get("")
    component: Schema = {DIRECTION: shape.direction, **({"description": next(iter(own))} if own else {})}
    component |= {key: value for key, value in shape.schema.items() if key not in ("properties", "type")}
    rest = {"type": shape.schema["type"]} if "type" in shape.schema else {}
    if "properties" in shape.schema:
        rest["properties"] = {
            name: _property(schema, shape.descriptions.get(name))
            for name, schema in shape.schema["properties"].items()
        }
    return {**_renamed({**component, **rest}, named)}


def _property(schema: Schema, texts: JsonObject | None) -> Schema:
    return {**schema, "description": next(iter(texts))} if texts else schema


def _operation(draft: Draft, operation: Operation, error: Schema | None) -> JsonObject:
    rendered: JsonObject = {
        "operationId": operation.operation_id,
        **{key: draft.raw[key] for key in ("summary", "description") if key in draft.raw},
        "tags": [operation.resource],
        RESOURCE: operation.resource,
        METHOD: operation.name,
        "security": _requirements(draft.raw, operation),
        **{key: draft.raw[key] for key in (STABILITY, FILE_SIZE) if key in draft.raw},
    }
    if operation.deprecated:
        rendered["deprecated"] = True
    if operation.parameters:
        rendered["parameters"] = [_parameter(parameter) for parameter in operation.parameters]
    if operation.request:
        rendered["requestBody"] = _request(operation.request, draft.encoding)
    success: JsonObject = {"description": "success"}
    if operation.answer is not None:
        success["content"] = {"application/json": {"schema": operation.answer}}
    rendered["responses"] = {str(operation.status): success}
    for status in operation.errors:
        content = {"content": {"application/json": {"schema": error}}} if error else {}
        rendered["responses"][str(status)] = {"description": "error", **content}
    return rendered


def _requirements(raw: JsonObject, operation: Operation) -> list[dict[str, list[str]]]:
    """One requirement per scope: that is how OpenAPI says *one of*."""
    schemes = sorted({scheme for requirement in raw.get("security", []) for scheme in requirement})
    return [{scheme: [scope]} for scheme in schemes for scope in operation.scopes] or [
        {scheme: []} for scheme in schemes
    ]


def _parameter(parameter: Parameter) -> JsonObject:
    return {
        "name": parameter.name,
        "in": parameter.location,
        "required": parameter.required,
        "schema": parameter.schema,
    }


def _request(request: Body, encoding: JsonObject) -> JsonObject:
    media: JsonObject = {"schema": request.schema, **({"encoding": encoding} if encoding else {})}
    return {"required": request.required, "content": {request.media_type: media}}


def _security(schemes: JsonObject, scopes: Sequence[str]) -> JsonObject:
    """The schemes, their flows with every scope that an operation asks for."""
    completed: JsonObject = {}
    for name, scheme in schemes.items():
        flows = {
            kind: {**flow, "scopes": dict.fromkeys(sorted({*flow.get("scopes", {}), *scopes}), "")}
            for kind, flow in scheme.get("flows", {}).items()
        }
        completed[name] = {**scheme, **({"flows": flows} if flows else {})}
    return completed
