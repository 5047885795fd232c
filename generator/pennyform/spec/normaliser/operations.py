"""Read one operation of a document: parameters, request, answer, errors, scopes, and what it is called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pennyform.findings import Failure, Finding, Severity
from pennyform.spec.document.json_types import child
from pennyform.spec.document.openapi import (
    Document,
    MediaTypeObject,
    OperationObject,
    ParameterObject,
    PathItemObject,
    RequestBodyObject,
    ResponseObject,
)
from pennyform.spec.normaliser.components import ComponentCollector, Place
from pennyform.spec.normaliser.contract import ANSWER, REQUEST, Body, Operation, Parameter, Schema
from pennyform.spec.normaliser.flatten import Flattener
from pennyform.spec.normaliser.identifiers import resource_and_method, snake_case

_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class OperationDraft:
    """An operation whose schemas refer to components by key, and the flat schemas of its errors' bodies."""

    operation: Operation
    error_bodies: tuple[Schema, ...]


class OperationReader:
    """Reads the operations of one document."""

    def __init__(self, document: Document, flattener: Flattener, collector: ComponentCollector) -> None:
        self._document = document
        self._flattener = flattener
        self._collector = collector
        self._shared_error_bodies: dict[str, Schema | None] = {}

    def read(self, path: str, method: str, item: PathItemObject, raw: OperationObject) -> OperationDraft:
        """Read one operation.

        Args:
            path: the contract's path.
            method: ``get``, ``post``, …
            item: the path item.
            raw: the operation in it.

        Raises:
            Failure: one of its schemas cannot be flattened, or it declares several success answers.
        """
        pointer = child(child("/paths", path), method)
        place = Place(path, method.upper(), "")
        status, success = self._success(raw, place, pointer)
        answer = self._body_schema(success, child(f"{pointer}/responses", status))
        body = self._document.resolve(raw.request_body or RequestBodyObject(), pointer)
        media_type, media = _preferred_media(body.content)
        request = (
            None if media.schema is None else self._flattener.flatten(media.schema, f"{pointer}/requestBody")
        )
        resource, name = resource_and_method(
            path,
            method,
            raw,
            page="items" in (answer or {}).get("properties", {}),
            bare_array=(request or {}).get("type") == "array",
        )
        # Components are collected in this order, which decides where an overlay's texts are found first.
        parameters = self._parameters(item.parameters_of(raw), place, pointer)
        request_body = None
        if request is not None:
            schema = self._collector.extract(request, REQUEST, replace(place, part=REQUEST))
            request_body = Body(media_type, schema, body.required, media.encoding)
        if answer is not None:
            answer = self._collector.extract(answer, ANSWER, replace(place, part=status))
        errors = sorted(status for status in raw.responses if status.isdecimal() and status >= "4")
        operation = Operation(
            operation_id=raw.operation_id,
            method=method.upper(),
            path=path,
            resource=resource,
            name=name,
            parameters=parameters,
            request=request_body,
            status=int(status),
            answer=answer,
            errors=tuple(map(int, errors)),
            scopes=tuple(sorted(raw.scopes)),
            deprecated=raw.deprecated,
            security_schemes=tuple(
                sorted({scheme for requirement in raw.security or () for scheme in requirement})
            ),
            summary=raw.summary,
            description=raw.description,
            stability=raw.stability,
            file_megabytes=raw.file_megabytes,
        )
        error_bodies = [self._error_body(raw.responses[status], pointer) for status in errors]
        return OperationDraft(operation, tuple(body for body in error_bodies if body is not None))

    def _success(self, raw: OperationObject, place: Place, pointer: str) -> tuple[str, ResponseObject]:
        # A method of the client returns one type: which of two successes it would be, nobody can say.
        statuses = sorted(status for status in raw.responses if status.startswith("2"))
        if len(statuses) != 1 or not statuses[0].isdecimal():
            summary = f"{place} declares {len(statuses)} success answers: {', '.join(statuses) or 'none'}"
            raise _failure("success-answer", summary, pointer)
        response = self._document.resolve(raw.responses[statuses[0]], pointer)
        if response.content and _JSON not in response.content:
            summary = f"{place} answers {min(response.content)[:80]!r}, not JSON"
            raise _failure("media-type", summary, pointer)
        return statuses[0], response

    def _body_schema(self, response: ResponseObject, pointer: str) -> Schema | None:
        _, media = _preferred_media(response.content)
        return None if media.schema is None else self._flattener.flatten(media.schema, pointer)

    def _error_body(self, response: ResponseObject, pointer: str) -> Schema | None:
        """The body of one error; the named ones, which most operations share, are read once."""
        if not response.ref or response.ref not in self._shared_error_bodies:
            resolved = self._document.resolve(response, pointer)
            self._shared_error_bodies[response.ref] = self._body_schema(resolved, f"{pointer}/responses")
        return self._shared_error_bodies[response.ref]

    def _parameters(
        self, references: Iterable[ParameterObject], place: Place, pointer: str
    ) -> tuple[Parameter, ...]:
        resolved = (self._document.resolve(reference, pointer) for reference in references)
        by_name = {(parameter.location, parameter.name): parameter for parameter in resolved}
        parameters = []
        for (location, name), parameter in by_name.items():
            flat = self._flattener.flatten(parameter.schema, child(f"{pointer}/parameters", name))
            schema = self._collector.extract(flat, REQUEST, replace(place, part=f"?{name}"))
            if parameter.description:
                schema["description"] = parameter.description
            required = location == "path" or parameter.required
            parameters.append(Parameter(name, location, schema, required))
        return tuple(parameters)


def _preferred_media(content: Mapping[str, MediaTypeObject]) -> tuple[str, MediaTypeObject]:
    """The content type to use, JSON where there is a choice, and its media type object."""
    media_type = _JSON if _JSON in content else min(content, default="")
    return media_type, content.get(media_type, MediaTypeObject())


def _failure(rule: str, summary: str, pointer: str) -> Failure:
    fix = "Leave one answer, in JSON or without a body, by an overlay that removes the others."
    return Failure([Finding(rule, Severity.ERROR, summary, pointer=pointer, fix=fix)])


_OPERATION_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")
# No empty segment and none of dots only: with a base URL, both could lead to another host or folder.
_PATH = re.compile(r"(?:/(?!\.+(?:/|$))(?:[A-Za-z0-9_.~-]+|\{[A-Za-z_][A-Za-z0-9_]*\}))+")
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,79}")
# What the clients have beside resources.
_CLIENT_METHODS = frozenset({"close"})
_MEDIA_TYPES = ("application/json", "multipart/form-data")


def lint_operations(operations: Sequence[Operation]) -> Iterator[Finding]:
    """Every reason why these operations cannot be emitted together."""
    by_name: dict[str, Operation] = {}
    for operation in operations:
        for rule, problem in _problems(operation):
            yield _finding(rule, problem, operation)
        client_name = f"{operation.resource}.{operation.name}"
        # Files and functions are named after ids: getMe and GetMe would be one.
        for key, name in (
            (snake_case(operation.operation_id), operation.operation_id),
            (client_name, client_name),
        ):
            other = by_name.setdefault(key, operation)
            if other is not operation:
                yield _finding("duplicate-operation", f"{name} is also {_title(other)}", operation)


def _problems(operation: Operation) -> Iterator[tuple[str, str]]:
    """What is wrong with one operation by itself: the rule, and the problem in words."""
    if not _OPERATION_ID.fullmatch(operation.operation_id):
        yield "operation-id", f"the operationId {operation.operation_id!r} is not a name"
    for name in (operation.resource, operation.name):
        if not _NAME.fullmatch(name):
            yield "operation-name", f"{name!r} is not a name for a resource or method"
    if operation.resource in _CLIENT_METHODS:
        yield "operation-name", f"{operation.resource!r} is a method of every client"
    if operation.request and operation.request.media_type not in _MEDIA_TYPES:
        yield "media-type", f"the body is {operation.request.media_type[:80]!r}, which no client sends"
    if not _PATH.fullmatch(operation.path):
        yield "operation-path", f"the path {operation.path!r} has characters no path needs"
    in_path = re.findall(r"\{(\w+)\}", operation.path)
    declared = [parameter.name for parameter in operation.parameters if parameter.location == "path"]
    if sorted(in_path) != sorted(declared):
        yield "path-parameters", f"the path has {in_path}, the operation declares {declared}"
    for parameter in operation.parameters:
        if not _PARAMETER.fullmatch(parameter.name):
            yield "parameter-name", f"{parameter.name!r} is not a parameter's name"


def _title(operation: Operation) -> str:
    return f"{operation.method} {ascii(operation.path)[1:-1]}"


def _finding(rule: str, problem: str, operation: Operation) -> Finding:
    fix = "Correct it in the overlay: operationId, x-pennyform-resource, x-pennyform-method, or remove it."
    return Finding(rule, Severity.ERROR, f"{_title(operation)}: {problem}", fix=fix)
