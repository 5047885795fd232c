"""Reduce a vendor's contract to its facts; see :mod:`pennyform.spec.pin`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pennyform.findings import Finding
from pennyform.spec.description_facts import operation_facts, parameter_facts, text_facts
from pennyform.spec.document.load import METHODS
from pennyform.spec.document.pointers import child
from pennyform.spec.document.references import restore_references
from pennyform.spec.pin.notes import Notes
from pennyform.spec.pin.schemas import is_ours, pin_schema, with_facts

API = "x-pennyform-api"
"""In ``info``: which contract this is, ``company`` for example."""

_OPERATION_FACTS = frozenset(
    {"deprecated", "operationId", "parameters", "requestBody", "responses", "security", "tags"}
)
_PARAMETER_FACTS = frozenset(
    {"$ref", "allowReserved", "deprecated", "explode", "in", "name", "required", "schema", "style"}
)
_FLOW_FACTS = frozenset({"authorizationUrl", "refreshUrl", "scopes", "tokenUrl"})


@dataclass(frozen=True)
class Reduced:
    """A pinned document, and what was left out of it although it may be a fact.

    ``unread`` is for the record: one entry for each sentence that was not understood, with the digest that
    stands for it, its category, and where it stands. It holds none of the vendor's words.
    """

    document: dict[str, Any]
    findings: list[Finding]
    unread: list[dict[str, Any]]


def pin(document: Mapping[str, Any], *, api: str, file: str = "") -> tuple[dict[str, Any], list[Finding]]:
    """Reduce a contract to its facts.

    Args:
        document: an OpenAPI 3 document that ``load.load`` accepted, or a pinned one (which
            comes back unchanged).
        api: the name to keep it under, ``company`` for example.
        file: the name findings are reported under.

    Returns:
        The pinned document, keys in canonical order, and a warning for everything that was left out although
        it may be a fact.
    """
    reduced = reduce(document, api=api, file=file)
    return reduced.document, reduced.findings


def reduce(document: Mapping[str, Any], *, api: str, file: str = "") -> Reduced:
    """The same as :func:`pin`, with a record of the sentences that were not understood."""
    notes = Notes(file)
    info = document["info"]
    pinned: dict[str, Any] = {
        "openapi": document["openapi"],
        "info": {"title": str(info.get("title", api)), "version": str(info.get("version", "")), API: api},
        "servers": [{"url": server["url"]} for server in document.get("servers", []) if "url" in server],
        "paths": {
            path: _path_item(document["paths"][path], path, notes) for path in sorted(document["paths"])
        },
        "components": _components(document.get("components", {}), notes),
    }
    notes.unknown(document, pinned.keys() | {"tags", "security", "info"}, "")
    return Reduced(restore_references(pinned), notes.findings(), notes.record())


def _path_item(item: Mapping[str, Any], path: str, notes: Notes) -> dict[str, Any]:
    pointer = child("/paths", path)
    notes.unknown(item, {*METHODS, "parameters"}, pointer)
    pinned: dict[str, Any] = {}
    if "parameters" in item:
        pinned["parameters"] = _parameters(item["parameters"], pointer, notes)
    for method in METHODS:
        if method in item:
            pinned[method] = _operation(item[method], child(pointer, method), notes)
    return pinned


def _operation(operation: Mapping[str, Any], pointer: str, notes: Notes) -> dict[str, Any]:
    notes.unknown(operation, _OPERATION_FACTS, pointer)
    pinned: dict[str, Any] = {"operationId": operation["operationId"]}
    facts = {**operation, **notes.facts(operation_facts(operation), pointer)}
    for keyword in ("tags", "deprecated", "security", *filter(is_ours, sorted(facts))):
        if facts.get(keyword) not in (None, False):
            pinned[keyword] = facts[keyword]
    if operation.get("parameters"):
        pinned["parameters"] = _parameters(operation["parameters"], pointer, notes)
    if "requestBody" in operation:
        pinned["requestBody"] = _request_body(operation["requestBody"], child(pointer, "requestBody"), notes)
    responses = operation["responses"]
    pinned["responses"] = {
        status: _response(responses[status], f"{pointer}/responses/{status}", notes)
        for status in sorted(responses)
    }
    return pinned


def _parameters(parameters: list[Any], pointer: str, notes: Notes) -> list[dict[str, Any]]:
    return [
        _parameter(parameter, f"{pointer}/parameters/{index}", notes)
        for index, parameter in enumerate(parameters)
    ]


def _parameter(parameter: Mapping[str, Any], pointer: str, notes: Notes) -> dict[str, Any]:
    notes.unknown(parameter, _PARAMETER_FACTS, pointer)
    pinned = {
        keyword: parameter[keyword]
        for keyword in ("$ref", "name", "in", "required", "deprecated", "style", "explode", "allowReserved")
        if keyword in parameter
    }
    if "schema" in parameter:
        schema = pin_schema(parameter["schema"], f"{pointer}/schema", notes)
        pinned["schema"] = with_facts(schema, notes.facts(parameter_facts(parameter), pointer))
    return pinned


def _request_body(body: Mapping[str, Any], pointer: str, notes: Notes) -> dict[str, Any]:
    notes.unknown(body, {"$ref", "content", "required"}, pointer)
    if "$ref" in body:
        return {"$ref": body["$ref"]}
    return {
        "required": bool(body.get("required")),
        "content": _content(body.get("content", {}), pointer, notes),
    }


def _response(response: Mapping[str, Any], pointer: str, notes: Notes) -> dict[str, Any]:
    notes.unknown(response, {"$ref", "content", "headers"}, pointer)
    notes.facts(text_facts(response), pointer)
    if "$ref" in response:
        return {"$ref": response["$ref"]}
    # OpenAPI demands a description; an empty one says that the sentence was left out.
    pinned: dict[str, Any] = {"description": ""}
    if "headers" in response:
        pinned["headers"] = {
            name: {
                "schema": pin_schema(header.get("schema", {}), child(child(pointer, "headers"), name), notes)
            }
            for name, header in sorted(response["headers"].items())
        }
    if response.get("content"):
        pinned["content"] = _content(response["content"], pointer, notes)
    return pinned


def _content(content: Mapping[str, Any], pointer: str, notes: Notes) -> dict[str, Any]:
    pinned: dict[str, Any] = {}
    for media_type in sorted(content):
        place = child(child(pointer, "content"), media_type)
        notes.unknown(content[media_type], {"schema", "encoding"}, place)
        pinned[media_type] = {
            "schema": pin_schema(content[media_type].get("schema", {}), f"{place}/schema", notes)
        }
        if content[media_type].get("encoding"):
            pinned[media_type]["encoding"] = content[media_type]["encoding"]
    return pinned


def _components(components: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    notes.unknown(components, {"responses", "schemas", "securitySchemes", "parameters"}, "/components")
    pinned: dict[str, Any] = {}
    read = {
        "schemas": pin_schema,
        "responses": _response,
        "parameters": _parameter,
        "securitySchemes": _security_scheme,
    }
    for kind, reduce in read.items():
        if components.get(kind):
            pinned[kind] = {
                name: reduce(item, child(f"/components/{kind}", name), notes)
                for name, item in sorted(components[kind].items())
            }
    return pinned


def _security_scheme(scheme: Mapping[str, Any], pointer: str, notes: Notes) -> dict[str, Any]:
    facts = ("type", "name", "in", "scheme", "bearerFormat", "openIdConnectUrl")
    notes.unknown(scheme, {*facts, "flows"}, pointer)
    pinned: dict[str, Any] = {keyword: scheme[keyword] for keyword in facts if keyword in scheme}
    if "flows" in scheme:
        pinned["flows"] = {name: _flow(flow) for name, flow in sorted(scheme["flows"].items())}
    return pinned


def _flow(flow: Mapping[str, Any]) -> dict[str, Any]:
    pinned = {keyword: flow[keyword] for keyword in sorted(_FLOW_FACTS & flow.keys())}
    pinned["scopes"] = dict.fromkeys(sorted(flow.get("scopes", {})), "")
    return pinned
