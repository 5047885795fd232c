"""Reduce a vendor's contract to its facts.

What stays: structure, names, types, limits, enums, patterns, formats, defaults, scopes, tags, deprecations.
What goes: every sentence, example and address of a person. The result is still a valid OpenAPI document.
Facts that stood only in sentences become extensions, see :mod:`pennyform.spec.prose`; copies of named schemas
become references, see :mod:`pennyform.spec.references`.

Only what is listed here passes: a keyword nobody thought of is left out and reported, never let through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pennyform.findings import Finding, Severity, tidy
from pennyform.spec.load import METHODS
from pennyform.spec.pointers import child
from pennyform.spec.prose import parameter_facts
from pennyform.spec.references import restore

API = "x-pennyform-api"
"""In ``info``: which contract this is, ``company`` for example."""

_SCHEMA_FACTS = frozenset(
    {
        "$ref",
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "default",
        "deprecated",
        "discriminator",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "items",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "not",
        "nullable",
        "oneOf",
        "pattern",
        "properties",
        "readOnly",
        "required",
        "type",
        "uniqueItems",
        "writeOnly",
    }
)
_PROSE = frozenset(
    {"title", "description", "summary", "example", "examples", "externalDocs", "xml", "contact", "license"}
)
_OPERATION_FACTS = frozenset(
    {"deprecated", "operationId", "parameters", "requestBody", "responses", "security", "tags"}
)
_PARAMETER_FACTS = frozenset(
    {"$ref", "allowReserved", "deprecated", "explode", "in", "name", "required", "schema", "style"}
)
_FLOW_FACTS = frozenset({"authorizationUrl", "refreshUrl", "scopes", "tokenUrl"})


@dataclass
class _Notes:
    """What pinning leaves out although it may be a fact; collected on the way."""

    file: str
    findings: list[Finding] = field(default_factory=list)

    def keyword(self, keyword: str, pointer: str) -> None:
        if keyword in _PROSE or keyword.startswith("x-"):
            return
        detail = "It may be a fact that the pinned contract should keep."
        self._add("unknown-keyword", f"the keyword {keyword!r} is left out", pointer, detail)

    def sentence(self, text: str, pointer: str) -> None:
        detail = "It may state a fact in a form that is not known yet."
        self._add("unread-sentence", f"not understood: {' '.join(text.split())[:200]!r}", pointer, detail)

    def _add(self, rule: str, summary: str, pointer: str, detail: str) -> None:
        fix = "Teach pennyform.spec to read it, or state the fact in the overlay."
        finding = Finding(rule, Severity.WARNING, summary, self.file, pointer=pointer, detail=detail, fix=fix)
        self.findings.append(finding)


def pin(document: Mapping[str, Any], *, api: str, file: str = "") -> tuple[dict[str, Any], list[Finding]]:
    """Reduce a contract to its facts.

    Args:
        document: an OpenAPI 3 document that :func:`pennyform.spec.load.load` accepted, or a pinned one (which
            comes back unchanged).
        api: the name to keep it under, ``company`` for example.
        file: the name findings are reported under.

    Returns:
        The pinned document, keys in canonical order, and a warning for everything that was left out although
        it may be a fact.
    """
    notes = _Notes(file)
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
    _note_unknown(document, pinned.keys() | {"tags", "security", "info"}, "", notes)
    return restore(pinned), tidy(notes.findings)


def _path_item(item: Mapping[str, Any], path: str, notes: _Notes) -> dict[str, Any]:
    pointer = child("/paths", path)
    _note_unknown(item, {*METHODS, "parameters"}, pointer, notes)
    pinned: dict[str, Any] = {}
    if "parameters" in item:
        pinned["parameters"] = _parameters(item["parameters"], pointer, notes)
    for method in METHODS:
        if method in item:
            pinned[method] = _operation(item[method], child(pointer, method), notes)
    return pinned


def _operation(operation: Mapping[str, Any], pointer: str, notes: _Notes) -> dict[str, Any]:
    _note_unknown(operation, _OPERATION_FACTS, pointer, notes)
    pinned: dict[str, Any] = {"operationId": operation["operationId"]}
    for keyword in ("tags", "deprecated", "security"):
        if operation.get(keyword) not in (None, False):
            pinned[keyword] = operation[keyword]
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


def _parameters(parameters: list[Any], pointer: str, notes: _Notes) -> list[dict[str, Any]]:
    return [
        _parameter(parameter, f"{pointer}/parameters/{index}", notes)
        for index, parameter in enumerate(parameters)
    ]


def _parameter(parameter: Mapping[str, Any], pointer: str, notes: _Notes) -> dict[str, Any]:
    _note_unknown(parameter, _PARAMETER_FACTS, pointer, notes)
    pinned = {
        keyword: parameter[keyword]
        for keyword in ("$ref", "name", "in", "required", "deprecated", "style", "explode", "allowReserved")
        if keyword in parameter
    }
    if "schema" in parameter:
        facts, unclear = parameter_facts(str(parameter.get("name")), str(parameter.get("description", "")))
        pinned["schema"] = _schema(parameter["schema"], f"{pointer}/schema", notes) | facts
        for text in unclear:
            notes.sentence(text, pointer)
    return pinned


def _request_body(body: Mapping[str, Any], pointer: str, notes: _Notes) -> dict[str, Any]:
    _note_unknown(body, {"$ref", "content", "required"}, pointer, notes)
    if "$ref" in body:
        return {"$ref": body["$ref"]}
    return {
        "required": bool(body.get("required")),
        "content": _content(body.get("content", {}), pointer, notes),
    }


def _response(response: Mapping[str, Any], pointer: str, notes: _Notes) -> dict[str, Any]:
    _note_unknown(response, {"$ref", "content", "headers"}, pointer, notes)
    if "$ref" in response:
        return {"$ref": response["$ref"]}
    # OpenAPI demands a description; an empty one says that the sentence was left out.
    pinned: dict[str, Any] = {"description": ""}
    if "headers" in response:
        pinned["headers"] = {
            name: {"schema": _schema(header.get("schema", {}), child(child(pointer, "headers"), name), notes)}
            for name, header in sorted(response["headers"].items())
        }
    if response.get("content"):
        pinned["content"] = _content(response["content"], pointer, notes)
    return pinned


def _content(content: Mapping[str, Any], pointer: str, notes: _Notes) -> dict[str, Any]:
    pinned: dict[str, Any] = {}
    for media_type in sorted(content):
        place = child(child(pointer, "content"), media_type)
        _note_unknown(content[media_type], {"schema", "encoding"}, place, notes)
        pinned[media_type] = {
            "schema": _schema(content[media_type].get("schema", {}), f"{place}/schema", notes)
        }
        if content[media_type].get("encoding"):
            pinned[media_type]["encoding"] = content[media_type]["encoding"]
    return pinned


def _components(components: Mapping[str, Any], notes: _Notes) -> dict[str, Any]:
    _note_unknown(components, {"responses", "schemas", "securitySchemes", "parameters"}, "/components", notes)
    pinned: dict[str, Any] = {}
    read = {
        "schemas": _schema,
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


def _security_scheme(scheme: Mapping[str, Any], pointer: str, notes: _Notes) -> dict[str, Any]:
    facts = ("type", "name", "in", "scheme", "bearerFormat", "openIdConnectUrl")
    _note_unknown(scheme, {*facts, "flows"}, pointer, notes)
    pinned: dict[str, Any] = {keyword: scheme[keyword] for keyword in facts if keyword in scheme}
    if "flows" in scheme:
        pinned["flows"] = {name: _flow(flow) for name, flow in sorted(scheme["flows"].items())}
    return pinned


def _flow(flow: Mapping[str, Any]) -> dict[str, Any]:
    pinned = {keyword: flow[keyword] for keyword in sorted(_FLOW_FACTS & flow.keys())}
    pinned["scopes"] = dict.fromkeys(sorted(flow.get("scopes", {})), "")
    return pinned


def _schema(schema: Any, pointer: str, notes: _Notes) -> Any:
    if not isinstance(schema, Mapping):
        return schema  # true and false are schemas too
    pinned: dict[str, Any] = {}
    for keyword in sorted(schema):
        value, place = schema[keyword], f"{pointer}/{keyword}"
        if keyword not in _SCHEMA_FACTS:
            if keyword.startswith("x-pennyform-"):
                pinned[keyword] = value
            notes.keyword(keyword, place)
        elif keyword == "properties":
            # Their order is the vendor's: people read a form in that order.
            pinned[keyword] = {name: _schema(value[name], child(place, name), notes) for name in value}
        elif keyword in ("allOf", "anyOf", "oneOf"):
            pinned[keyword] = [
                _schema(member, f"{place}/{index}", notes) for index, member in enumerate(value)
            ]
        elif keyword in ("items", "additionalProperties", "not"):
            pinned[keyword] = _schema(value, place, notes)
        else:
            pinned[keyword] = sorted(value) if keyword == "required" else value
    return pinned


def _note_unknown(item: Mapping[str, Any], known: Any, pointer: str, notes: _Notes) -> None:
    for keyword in item:
        if keyword not in known:
            notes.keyword(keyword, child(pointer, keyword))
