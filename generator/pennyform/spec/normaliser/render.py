"""The normalised document: OpenAPI 3.1 with a component for every object, enum and union."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pennyform.spec.document.extensions import DIRECTION, FILE_SIZE, METHOD, RESOURCE, STABILITY
from pennyform.spec.document.json_types import Json, JsonObject
from pennyform.spec.normaliser.components import Component
from pennyform.spec.normaliser.contract import Operation, Parameter, Schema

OPENAPI = "3.1.0"
_JSON = "application/json"


def render_document(
    document: JsonObject,
    operations: Sequence[Operation],
    components: Mapping[str, Component],
    names: Mapping[str, str],
    error: Schema | None,
) -> tuple[JsonObject, tuple[Operation, ...]]:
    """Put the normalised document together.

    Args:
        document: the corrected contract, for what is copied from it.
        operations: with keys of components as references.
        components: by key.
        names: the components' names, by key.
        error: what every error answer refers to, if any is declared.

    Returns:
        The document, and the operations with references into it, sorted by resource, path and method.
    """
    references = {key: f"#/components/schemas/{name}" for key, name in names.items()}
    error = _with_names(error, references)
    operations = [_named_operation(operation, references) for operation in operations]
    paths: JsonObject = {}
    for operation in operations:
        item = paths.setdefault(operation.path, {})
        item[operation.method.lower()] = _render_operation(operation, error)
    # Each flow with every scope that an operation asks for, whether the scheme lists it or not.
    scopes = {scope for operation in operations for scope in operation.scopes}
    security_schemes: JsonObject = {}
    for name, scheme in document.get("components", {}).get("securitySchemes", {}).items():
        flows = {
            kind: {**flow, "scopes": dict.fromkeys(sorted({*flow.get("scopes", {}), *scopes}), "")}
            for kind, flow in scheme.get("flows", {}).items()
        }
        security_schemes[name] = {**scheme, **({"flows": flows} if flows else {})}
    rendered = {
        "openapi": OPENAPI,
        "info": document["info"],
        "servers": document.get("servers", []),
        "paths": paths,
        "components": {
            "securitySchemes": security_schemes,
            "schemas": {
                names[key]: _render_component(components[key], references)
                for key in sorted(components, key=lambda key: names[key])
            },
        },
    }
    order = sorted(operations, key=lambda operation: (operation.resource, operation.path, operation.method))
    return rendered, tuple(order)


def _with_names(value: Json, references: Mapping[str, str]) -> Json:
    """The value with references to names in place of keys of components."""
    if isinstance(value, list):
        return [_with_names(item, references) for item in value]
    if not isinstance(value, dict):
        return value
    # A property may be called `$ref`; its value is a schema.
    if isinstance(value.get("$ref"), str):
        return {**value, "$ref": references[value["$ref"]]}
    return {key: _with_names(item, references) for key, item in value.items()}


def _named_operation(operation: Operation, references: Mapping[str, str]) -> Operation:
    request = operation.request
    return replace(
        operation,
        parameters=tuple(
            replace(parameter, schema=_with_names(parameter.schema, references))
            for parameter in operation.parameters
        ),
        request=request and replace(request, schema=_with_names(request.schema, references)),
        answers=tuple(
            replace(answer, schema=_with_names(answer.schema, references)) for answer in operation.answers
        ),
    )


def _render_component(component: Component, references: Mapping[str, str]) -> Schema:
    own_text = next(iter(component.descriptions.get("", ())), None)
    schema: Schema = {DIRECTION: component.direction}
    if own_text is not None:
        schema["description"] = own_text
    schema |= {key: value for key, value in component.schema.items() if key not in ("properties", "type")}
    if "type" in component.schema:
        schema["type"] = component.schema["type"]
    if "properties" in component.schema:
        schema["properties"] = properties = dict(component.schema["properties"])
        for name, texts in component.descriptions.items():
            if name in properties:
                properties[name] = {**properties[name], "description": next(iter(texts))}
    return {**_with_names(schema, references)}


def _render_operation(operation: Operation, error: Schema | None) -> JsonObject:
    schemes = operation.security_schemes
    texts = {"summary": operation.summary, "description": operation.description}
    rendered: JsonObject = {
        "operationId": operation.operation_id,
        **{key: text for key, text in texts.items() if text},
        "tags": [operation.resource],
        RESOURCE: operation.resource,
        METHOD: operation.name,
        # One requirement per scope: that is how OpenAPI says *one of*.
        "security": [{scheme: [scope]} for scheme in schemes for scope in operation.scopes]
        or [{scheme: []} for scheme in schemes],
    }
    if operation.stability:
        rendered[STABILITY] = operation.stability
    if operation.file_megabytes is not None:
        rendered[FILE_SIZE] = operation.file_megabytes
    if operation.deprecated:
        rendered["deprecated"] = True
    if operation.parameters:
        rendered["parameters"] = [_render_parameter(parameter) for parameter in operation.parameters]
    if operation.request:
        request = operation.request
        media = {"schema": request.schema, **({"encoding": request.encoding} if request.encoding else {})}
        rendered["requestBody"] = {"required": request.required, "content": {request.media_type: media}}
    rendered["responses"] = {}
    for answer in operation.answers:
        schema = {} if answer.schema is None else {"schema": answer.schema}
        content = {"content": {answer.media_type: schema}} if answer.media_type else {}
        rendered["responses"][answer.status] = {"description": "success", **content}
    for status in operation.errors:
        content = {"content": {_JSON: {"schema": error}}} if error else {}
        rendered["responses"][str(status)] = {"description": "error", **content}
    return rendered


def _render_parameter(parameter: Parameter) -> JsonObject:
    rendered: JsonObject = {
        "name": parameter.name,
        "in": parameter.location,
        "required": parameter.required,
    }
    if parameter.style == "json":
        return {**rendered, "content": {_JSON: {"schema": parameter.schema}}}
    default = Parameter(parameter.name, parameter.location, {}, required=False)
    if parameter.location in ("path", "header"):
        default = replace(default, style="simple", explode=False)
    if (parameter.style, parameter.explode) != (default.style, default.explode):
        rendered |= {"style": parameter.style, "explode": parameter.explode}
    if parameter.allow_reserved:
        rendered["allowReserved"] = True
    return {**rendered, "schema": parameter.schema}
