"""Read the operations of one document: what each accepts and answers, schemas as nodes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pennyform.findings import failure
from pennyform.spec.diff.schemas.node import SchemaNode, SchemaPool
from pennyform.spec.diff.schemas.reader import SchemaReader
from pennyform.spec.document.extensions import FILE_SIZE, STABILITY
from pennyform.spec.document.json_types import JsonObject
from pennyform.spec.document.references import follow
from pennyform.spec.document.structure import METHODS, scopes_of
from pennyform.spec.normaliser.operation_names import resource_and_method

_TEMPLATE = re.compile(r"\{([^{}]*)\}")
# The Firm API keeps every resource below the company it belongs to.
_OF_COMPANY = re.compile(r"/companies/\{[^{}]*\}/(?P<resource>[^/{}]+)")
_LONGEST_CHAIN = 16
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
    """

    operation_id: str
    method: str
    path: str
    symbol: str
    deprecated: bool
    stability: str
    file_size: int | None
    scopes: frozenset[str]
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

    def __init__(self, document: JsonObject, schemas: SchemaReader, pool: SchemaPool) -> None:
        self._document = document
        self._schemas = schemas
        self._pool = pool

    def read(self) -> dict[tuple[str, str], Operation]:
        """Every operation by its key, in the order of paths and methods."""
        operations: dict[tuple[str, str], Operation] = {}
        for path, item in sorted(self._document["paths"].items()):
            for method in METHODS:
                if method not in item:
                    continue
                identity = (path, method, self._schemas.identity((item.get("parameters"), item[method])))
                if identity not in self._pool.known:
                    self._pool.known[identity] = self._operation(path, method, item)
                operation: Operation = self._pool.known[identity]
                operations[operation.key] = operation
        return operations

    def _operation(self, path: str, method: str, item: JsonObject) -> Operation:
        raw = item[method]
        body = self._resolve(raw.get("requestBody") or {})
        answers: dict[str, Answer] = {}
        for status, reference in sorted(raw["responses"].items()):
            answer = self._resolve(reference)
            headers = {
                name.lower(): self._schemas.read(self._resolve(header).get("schema", {}))
                for name, header in sorted(answer.get("headers", {}).items())
            }
            answers[str(status)] = Answer(self._bodies(answer), headers)
        bodies = self._bodies(body) if body else None
        page = any(
            "items" in content.schema.fields
            for status, answer in answers.items()
            if status.startswith("2")
            for content in answer.bodies.values()
        )
        bare_array = any(content.schema.types == ("array",) for content in (bodies or {}).values())
        return Operation(
            operation_id=raw["operationId"],
            method=method.upper(),
            path=path,
            symbol=".".join(resource_and_method(path, method, raw, page=page, bare_array=bare_array)),
            deprecated=bool(raw.get("deprecated")),
            stability=str(raw.get(STABILITY, "")),
            file_size=raw.get(FILE_SIZE),
            scopes=frozenset(scopes_of(raw)),
            parameters={
                (parameter.location, parameter.name): parameter for parameter in self._parameters(item, raw)
            },
            body=bodies,
            body_required=bool(body.get("required")),
            answers=answers,
        )

    def _parameters(self, item: JsonObject, raw: JsonObject) -> Iterator[Parameter]:
        """The path item's parameters, then the operation's, which replace those of the same name."""
        for reference in (*item.get("parameters", ()), *raw.get("parameters", ())):
            parameter = self._resolve(reference)
            location = parameter["in"]
            style = parameter.get("style", _STYLES.get(location))
            yield Parameter(
                name=parameter["name"].lower() if location == "header" else parameter["name"],
                location=location,
                required=location == "path" or bool(parameter.get("required")),
                deprecated=bool(parameter.get("deprecated")),
                style={
                    "style": style,
                    "explode": bool(parameter.get("explode", style == "form")),
                    "allowReserved": bool(parameter.get("allowReserved")),
                },
                schema=self._schemas.read(parameter.get("schema", {})),
            )

    def _bodies(self, holder: JsonObject) -> dict[str, Content]:
        return {
            media_type.lower(): Content(
                self._schemas.read(media.get("schema", {})), media.get("encoding") or {}
            )
            for media_type, media in sorted((holder.get("content") or {}).items())
        }

    def _resolve(self, item: JsonObject) -> JsonObject:
        for _ in range(_LONGEST_CHAIN):
            if "$ref" not in item:
                return item
            item = follow(str(item["$ref"]), self._document, "")[1]
        raise failure("reference", f"the reference {item['$ref']!r} leads on and on")


def resources(document: JsonObject, operation_ids: Collection[str]) -> Iterator[str]:
    """The resources that some operations belong to."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item and item[method]["operationId"] in operation_ids:
                yield resource_and_method(path, method, item[method], page=False, bare_array=False)[0]
