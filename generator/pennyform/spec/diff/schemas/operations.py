"""Read the operations of one document: what each accepts and answers, schemas as nodes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pennyform.spec.diff.schemas.node import SchemaNode, SchemaPool
from pennyform.spec.diff.schemas.reader import SchemaReader
from pennyform.spec.document.json_types import JsonObject
from pennyform.spec.document.openapi import (
    Document,
    MediaTypeObject,
    OperationObject,
    ParameterObject,
    PathItemObject,
)
from pennyform.spec.normaliser.identifiers import resource_and_method

_TEMPLATE = re.compile(r"\{([^{}]*)\}")
# The Firm API keeps every resource below the company it belongs to.
_OF_COMPANY = re.compile(r"/companies/\{[^{}]*\}/(?P<resource>[^/{}]+)")
# What OpenAPI takes for granted where a parameter says nothing about its style.
_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. ``style`` is how it is written into the request, as OpenAPI's keywords."""

    name: str
    location: str
    required: bool
    deprecated: bool
    style: JsonObject
    schema: SchemaNode


@dataclass(frozen=True, slots=True)
class Content:
    """One media type of a body; ``encoding`` is that of its parts."""

    schema: SchemaNode
    encoding: JsonObject


@dataclass(frozen=True, slots=True)
class Answer:
    """One status: its bodies by media type, its headers by lower-case name."""

    bodies: Mapping[str, Content]
    headers: Mapping[str, SchemaNode]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. ``symbol`` is what the emitted client calls it, such as ``customer_invoices.finalize``.

    ``stability`` is empty where nothing is said about it, ``file_size`` the largest upload in megabytes.
    ``body`` is None when none is sent. ``scopes``: one of them is enough; empty means that any token will do.
    ``security``: the sets of schemes of which one must be satisfied. ``servers`` are those of its own.
    ``unknown``: digests of keywords that were left out, by their place.
    """

    operation_id: str
    method: str
    path: str
    symbol: str
    deprecated: bool
    stability: str
    file_size: float | None
    scopes: frozenset[str]
    security: frozenset[frozenset[str]]
    servers: frozenset[str]
    unknown: Mapping[str, str]
    parameters: Mapping[tuple[str, str], Parameter]
    body: Mapping[str, Content] | None
    body_required: bool
    answers: Mapping[str, Answer]

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same operation in two documents: the names in its path are no part of that."""
        return self.method, _TEMPLATE.sub("{}", self.path)

    @property
    def title(self) -> str:
        """``GET /api/external/v2/me``."""
        return f"{self.method} {self.path}"

    @property
    def path_names(self) -> list[str]:
        """The names of the path's parameters, in order."""
        return _TEMPLATE.findall(self.path)

    @property
    def resource(self) -> str:
        """The resource it belongs to, ``customer_invoices`` for example."""
        below_company = _OF_COMPANY.search(self.path)
        return below_company["resource"] if below_company else self.symbol.partition(".")[0]


class OperationReader:
    """Reads the operations of one document."""

    def __init__(self, document: Document, schemas: SchemaReader, pool: SchemaPool) -> None:
        self._document = document
        self._schemas = schemas
        self._pool = pool

    def read(self) -> dict[tuple[str, str], Operation]:
        """Every operation by its key, in the order of paths and methods."""
        return self._read(self._document.paths)

    def read_webhooks(self) -> dict[tuple[str, str], Operation]:
        """The requests that come to the caller, by method and name."""
        return self._read(self._document.webhooks)

    def _read(self, paths: Mapping[str, PathItemObject]) -> dict[tuple[str, str], Operation]:
        operations: dict[tuple[str, str], Operation] = {}
        for path, item in paths.items():
            for method, raw in item.operations():
                identity = (path, method, self._schemas.identity((item.parameters, raw)))
                if identity not in self._pool.known:
                    self._pool.known[identity] = self._operation(path, method, item, raw)
                operation: Operation = self._pool.known[identity]
                operations[operation.key] = operation
        return operations

    def _operation(self, path: str, method: str, item: PathItemObject, raw: OperationObject) -> Operation:
        body = raw.request_body and self._document.resolve(raw.request_body, "")
        answers: dict[str, Answer] = {}
        for status, reference in sorted(raw.responses.items()):
            answer = self._document.resolve(reference, "")
            headers = {
                name.lower(): self._schemas.read(self._document.resolve(header, "").schema)
                for name, header in sorted(answer.headers.items())
            }
            answers[status] = Answer(self._bodies(answer.content), headers)
        bodies = self._bodies(body.content) if body else None
        page = any(
            "items" in content.schema.fields
            for status, answer in answers.items()
            if status.startswith("2")
            for content in answer.bodies.values()
        )
        bare_array = any(content.schema.types == ("array",) for content in (bodies or {}).values())
        return Operation(
            operation_id=raw.operation_id,
            method=method.upper(),
            path=path,
            symbol=".".join(resource_and_method(path, method, raw, page=page, bare_array=bare_array)),
            deprecated=raw.deprecated,
            stability=raw.stability,
            file_size=raw.file_megabytes,
            scopes=frozenset(raw.scopes),
            security=frozenset(map(frozenset, raw.security or [{}])),
            servers=frozenset(address(server.url) for server in raw.servers),
            unknown=raw.unknown,
            parameters={
                (parameter.location, parameter.name): parameter
                for parameter in map(self._parameter, item.parameters_of(raw))
            },
            body=bodies,
            body_required=body is not None and body.required,
            answers=answers,
        )

    def _parameter(self, reference: ParameterObject) -> Parameter:
        parameter = self._document.resolve(reference, "")
        location = parameter.location
        style = parameter.style or _STYLES.get(location)
        return Parameter(
            name=parameter.name.lower() if location == "header" else parameter.name,
            location=location,
            required=location == "path" or parameter.required,
            deprecated=parameter.deprecated,
            style={
                "style": style,
                "explode": style == "form" if parameter.explode is None else parameter.explode,
                "allowReserved": parameter.allow_reserved,
            },
            schema=self._schemas.read(parameter.schema),
        )

    def _bodies(self, content: Mapping[str, MediaTypeObject]) -> dict[str, Content]:
        bodies = {}
        for media_type, media in sorted(content.items()):
            schema = self._schemas.read({} if media.schema is None else media.schema)
            encoding = {
                name: _full_encoding(media.encoding.get(name, {}), inner)
                for name, inner in schema.fields.items()
                if media_type.startswith(("multipart/", "application/x-www-form-urlencoded"))
            }
            bodies[_essence(media_type)] = Content(schema, encoding)
        return bodies


def address(url: str) -> str:
    """A server's address as it is compared: a slash at its end makes no difference."""
    return url.rstrip("/")


def _essence(media_type: str) -> str:
    """A media type as it is compared: in lower case, without the character set, which is UTF-8 for JSON."""
    name, *parameters = (part.strip().lower() for part in media_type.split(";"))
    return ";".join([name, *sorted(part for part in parameters if part and not part.startswith("charset="))])


def _full_encoding(encoding: JsonObject, schema: SchemaNode) -> JsonObject:
    """How a part of a form is written, with what OpenAPI takes for granted where nothing is said."""
    style = encoding.get("style", "form")
    content_types = (encoding.get("contentType") or _default_content_type(schema)).split(",")
    return {
        "style": style,
        "explode": style == "form",
        "allowReserved": False,
        **encoding,
        "contentType": sorted(set(map(_essence, content_types))),
    }


def _default_content_type(schema: SchemaNode) -> str:
    """The media type of a part by its type (OpenAPI 3.0, Encoding Object)."""
    if schema.types == ("array",) and schema.items is not None:
        return _default_content_type(schema.items)
    if "object" in schema.types or schema.fields:
        return "application/json"
    binary = schema.constraints.get("format") in ("binary", "base64", "byte")
    return "application/octet-stream" if binary else "text/plain"


def resources(document: JsonObject, operation_ids: Collection[str]) -> Iterator[str]:
    """The resources that some operations belong to."""
    for path, item in Document.read(document).paths.items():
        for method, operation in item.operations():
            if operation.operation_id in operation_ids:
                yield resource_and_method(path, method, operation, page=False, bare_array=False)[0]
