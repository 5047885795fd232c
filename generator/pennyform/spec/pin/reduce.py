"""Reduce a vendor's contract to its facts; see :mod:`pennyform.spec.pin`."""

from __future__ import annotations

from dataclasses import dataclass

from pennyform.findings import Finding
from pennyform.spec.description_facts import operation_facts, parameter_facts, schema_facts, text_facts
from pennyform.spec.document.budget import Budget
from pennyform.spec.document.extensions import API, NAME, UNKNOWN, is_extension
from pennyform.spec.document.json_types import Json, JsonObject, child
from pennyform.spec.document.openapi import METHODS
from pennyform.spec.document.references import follow, restore_references
from pennyform.spec.normaliser.identifiers import derived_id
from pennyform.spec.pin.left_out import LeftOut, UnreadEntry

_OPERATION_FACTS = frozenset(
    {
        *("callbacks", "deprecated", "operationId", "parameters", "requestBody", "responses", "security"),
        *("servers", "tags"),
    }
)
_PARAMETER_FACTS = ("$ref", "name", "in", "required", "deprecated", "style", "explode", "allowReserved", NAME)
_SECURITY_SCHEME_FACTS = ("type", "name", "in", "scheme", "bearerFormat", "openIdConnectUrl")
_FLOW_FACTS = frozenset({"authorizationUrl", "refreshUrl", "scopes", "tokenUrl"})
_SCHEMA_FACTS = frozenset(
    {
        *(
            "$ref",
            "additionalProperties",
            "allOf",
            "anyOf",
            "const",
            "contentEncoding",
            "contentMediaType",
            "default",
            "deprecated",
            "discriminator",
        ),
        *("enum", "exclusiveMaximum", "exclusiveMinimum", "format", "items", "maxItems", "maxLength"),
        *("maxProperties", "maximum", "minItems", "minLength", "minProperties", "minimum", "multipleOf"),
        *("not", "nullable", "oneOf", "pattern", "properties", "readOnly", "required", "type"),
        *("uniqueItems", "writeOnly"),
    }
)


@dataclass(frozen=True, slots=True)
class Reduced:
    """A pinned document, and what was left out of it although it may be a fact.

    ``unread`` has one entry for each sentence that was not understood, without the vendor's words.
    """

    document: JsonObject
    findings: list[Finding]
    unread: list[UnreadEntry]


def pin(document: JsonObject, *, api: str, file: str = "") -> tuple[JsonObject, list[Finding]]:
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


def reduce(document: JsonObject, *, api: str, file: str = "") -> Reduced:
    """The same as :func:`pin`, with a record of the sentences that were not understood."""
    left_out = LeftOut(file, Budget(document))
    pinned = _Reducer(left_out).reduce_document(document, api)
    return Reduced(restore_references(pinned), left_out.findings(), left_out.record())


class _Reducer:
    """Reduces the parts of one document, and notes what it leaves out. A pointer says where a part stands."""

    def __init__(self, left_out: LeftOut) -> None:
        self._left_out = left_out

    def reduce_document(self, document: JsonObject, api: str) -> JsonObject:
        info, paths = document["info"], self._path_items(document)
        pinned: JsonObject = {
            "openapi": document["openapi"],
            "info": {
                "title": str(info.get("title", api)),
                "version": str(info.get("version", "")),
                API: api,
            },
            "servers": _servers(document),
            "paths": {path: self._path_item(paths[path], child("/paths", path)) for path in sorted(paths)},
            "components": self._components(document.get("components", {})),
        }
        if "security" in document:
            pinned["security"] = document["security"]
        if document.get("webhooks"):
            webhooks = document["webhooks"]
            pinned["webhooks"] = {
                name: self._webhook(name, webhooks[name], child("/webhooks", name))
                for name in sorted(webhooks)
            }
        self._left_out.note_unknown(document, {*pinned, "tags"}, "")
        # What is left belongs to no operation and no schema.
        if unknown := {**info.get(UNKNOWN, {}), **self._left_out.take_digests("")}:
            pinned["info"][UNKNOWN] = unknown
        return pinned

    def _webhook(self, name: str, item: JsonObject, pointer: str) -> JsonObject:
        """A path item of requests that come to the caller: their operations need no id and no answers."""
        # A callback of a callback is not looked at.
        operations = {
            method: {"operationId": name, "responses": {}, **item[method], "callbacks": {}}
            for method in METHODS
            if method in item
        }
        return self._path_item({**item, **operations}, pointer)

    def _path_items(self, document: JsonObject) -> JsonObject:
        """The paths, with what they refer to in place of references: tools know no other place for them."""
        paths = {}
        for path, item in document["paths"].items():
            place = child("/paths", path)
            if "$ref" in item:
                self._left_out.note_unknown(item, {"$ref"}, place)
            paths[path] = follow(item["$ref"], document, place)[1] if "$ref" in item else item
        return paths

    def _path_item(self, item: JsonObject, pointer: str) -> JsonObject:
        self._left_out.note_unknown(item, {*METHODS, "parameters", "servers"}, pointer)
        pinned: JsonObject = {"servers": _servers(item)} if item.get("servers") else {}
        if "parameters" in item:
            pinned["parameters"] = self._parameters(item["parameters"], pointer)
        for method in METHODS:
            if method in item:
                operation_id = item[method].get("operationId") or derived_id(method, pointer)
                operation = {**item[method], "operationId": operation_id}
                pinned[method] = self._operation(operation, child(pointer, method))
        return pinned

    def _operation(self, operation: JsonObject, pointer: str) -> JsonObject:
        self._left_out.note_unknown(operation, _OPERATION_FACTS, pointer)
        pinned: JsonObject = {"operationId": operation["operationId"]}
        facts = {**operation, **self._left_out.facts_of(operation_facts(operation), pointer)}
        for keyword in ("tags", "deprecated", "security", *filter(is_extension, sorted(facts))):
            # Saying that something is not deprecated says nothing.
            if facts.get(keyword) not in (None, False):
                pinned[keyword] = facts[keyword]
        if operation.get("parameters"):
            pinned["parameters"] = self._parameters(operation["parameters"], pointer)
        if "requestBody" in operation:
            pinned["requestBody"] = self._body(operation["requestBody"], child(pointer, "requestBody"))
        responses = operation.get("responses", {})
        pinned["responses"] = {
            status: self._response(responses[status], f"{pointer}/responses/{status}")
            for status in sorted(responses)
        }
        if operation.get("servers"):
            pinned["servers"] = _servers(operation)
        if operation.get("callbacks"):
            pinned["callbacks"] = {
                name: {
                    url: self._webhook(name, item, f"{pointer}/callbacks/{index}")
                    for url, item in sorted(urls.items())
                }
                for index, (name, urls) in enumerate(sorted(operation["callbacks"].items()))
                if "$ref" not in urls
            }
        if unknown := self._left_out.take_digests(pointer):
            pinned[UNKNOWN] = unknown
        return pinned

    def _body(self, body: JsonObject, pointer: str) -> JsonObject:
        self._left_out.note_unknown(body, {"$ref", "content", "required"}, pointer)
        if "$ref" in body:
            return {"$ref": body["$ref"]}
        content = self._content(body.get("content", {}), pointer)
        return {"required": bool(body.get("required")), "content": content}

    def _parameters(self, parameters: list[JsonObject], pointer: str) -> list[JsonObject]:
        return [
            self._parameter(parameter, f"{pointer}/parameters/{index}")
            for index, parameter in enumerate(parameters)
        ]

    def _parameter(self, parameter: JsonObject, pointer: str) -> JsonObject:
        self._left_out.note_unknown(parameter, {*_PARAMETER_FACTS, "schema", "content"}, pointer)
        pinned = {keyword: parameter[keyword] for keyword in _PARAMETER_FACTS if keyword in parameter}
        if "schema" in parameter:
            schema = self._schema(parameter["schema"], f"{pointer}/schema")
            pinned["schema"] = _with_facts(
                schema, self._left_out.facts_of(parameter_facts(parameter), pointer)
            )
        if "content" in parameter:
            pinned["content"] = self._content(parameter["content"], pointer)
        return pinned

    def _response(self, response: JsonObject, pointer: str) -> JsonObject:
        self._left_out.note_unknown(response, {"$ref", "content", "headers"}, pointer)
        self._left_out.facts_of(text_facts(response), pointer)
        if "$ref" in response:
            return {"$ref": response["$ref"]}
        # OpenAPI demands a description; an empty one says that the sentence was left out.
        pinned: JsonObject = {"description": ""}
        if "headers" in response:
            pinned["headers"] = {
                name: self._header(header, child(child(pointer, "headers"), name))
                for name, header in sorted(response["headers"].items())
            }
        if response.get("content"):
            pinned["content"] = self._content(response["content"], pointer)
        return pinned

    def _header(self, header: JsonObject, pointer: str) -> JsonObject:
        if "$ref" in header:
            return {"$ref": header["$ref"]}
        return {"schema": self._schema(header.get("schema", {}), pointer)}

    def _content(self, content: JsonObject, pointer: str) -> JsonObject:
        pinned: JsonObject = {}
        for media_type, media in sorted(content.items()):
            place = child(child(pointer, "content"), media_type)
            self._left_out.note_unknown(media, {"schema", "encoding"}, place)
            pinned[media_type] = {"schema": self._schema(media.get("schema", {}), f"{place}/schema")}
            if media.get("encoding"):
                pinned[media_type]["encoding"] = media["encoding"]
        return pinned

    def _components(self, components: JsonObject) -> JsonObject:
        reducers = {
            "schemas": self._schema,
            "responses": self._response,
            "parameters": self._parameter,
            "requestBodies": self._body,
            "headers": self._header,
            "securitySchemes": self._security_scheme,
        }
        # Path items stand where paths refer to them.
        self._left_out.note_unknown(components, {*reducers, "pathItems"}, "/components")
        return {
            kind: {
                name: reduce_component(item, child(f"/components/{kind}", name))
                for name, item in sorted(components[kind].items())
            }
            for kind, reduce_component in reducers.items()
            if components.get(kind)
        }

    def _security_scheme(self, scheme: JsonObject, pointer: str) -> JsonObject:
        self._left_out.note_unknown(scheme, {*_SECURITY_SCHEME_FACTS, "flows"}, pointer)
        pinned = {keyword: scheme[keyword] for keyword in _SECURITY_SCHEME_FACTS if keyword in scheme}
        if "flows" in scheme:
            pinned["flows"] = {
                name: {
                    **{keyword: flow[keyword] for keyword in sorted(_FLOW_FACTS & flow.keys())},
                    # A scope's value is a sentence.
                    "scopes": dict.fromkeys(sorted(flow.get("scopes", {})), ""),
                }
                for name, flow in sorted(scheme["flows"].items())
            }
        return pinned

    def _schema(self, schema: Json, pointer: str) -> Json:
        """A schema without prose, keywords in their order, with the facts of its description."""
        if not isinstance(schema, dict):
            return schema  # true and false are schemas too
        pinned: JsonObject = {}
        for keyword in sorted(schema):
            value, place = schema[keyword], f"{pointer}/{keyword}"
            if keyword not in _SCHEMA_FACTS:
                if is_extension(keyword):
                    pinned[keyword] = value
            elif keyword == "properties":
                # Their order is the vendor's: people read a form in that order.
                pinned[keyword] = {name: self._schema(value[name], child(place, name)) for name in value}
            elif keyword in ("allOf", "anyOf", "oneOf"):
                members = [self._schema(member, f"{place}/{index}") for index, member in enumerate(value)]
                # A member of allOf that held only prose is empty now, and allows everything.
                pinned[keyword] = [*filter(None, members)] if keyword == "allOf" else members
            elif keyword in ("items", "additionalProperties", "not"):
                pinned[keyword] = self._schema(value, place)
            else:
                pinned[keyword] = sorted(value) if keyword == "required" else value
        self._left_out.note_unknown(schema, _SCHEMA_FACTS, pointer)
        unknown = self._left_out.take_digests(pointer)
        facts = self._left_out.facts_of(schema_facts(schema), pointer)
        reduced = _with_facts(pinned, {**facts, UNKNOWN: unknown} if unknown else facts)
        # An allOf that held a schema and its description: only the schema is left of it.
        if reduced.get("allOf") == []:
            del reduced["allOf"]
        elif reduced.keys() == {"allOf"} and len(reduced["allOf"]) == 1:
            return dict(reduced["allOf"][0])
        return reduced


def _servers(holder: JsonObject) -> list[JsonObject]:
    """The addresses of a document, a path or an operation, with the defaults of their variables."""
    servers: list[JsonObject] = []
    for server in holder.get("servers", []):
        if "url" in server:
            url = str(server["url"])
            for name, variable in server.get("variables", {}).items():
                url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
            servers.append({"url": url})
    return servers


def _with_facts(schema: JsonObject, facts: JsonObject) -> JsonObject:
    """A schema with the facts from its description, keywords in their order."""
    return dict(sorted({**schema, **facts}.items())) if facts else schema
