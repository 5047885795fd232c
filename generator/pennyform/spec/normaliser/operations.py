"""Read one operation of a document: parameters, request, answers, errors, scopes, and what it is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pennyform.findings import Failure
from pennyform.spec.document.json_types import child
from pennyform.spec.document.openapi import (
    Document,
    OperationObject,
    ParameterObject,
    PathItemObject,
    RequestBodyObject,
    ResponseObject,
)
from pennyform.spec.normaliser.components import ComponentCollector, Place
from pennyform.spec.normaliser.contract import (
    ANSWER,
    REQUEST,
    Answer,
    Body,
    Operation,
    Parameter,
    Schema,
    SkippedOperation,
)
from pennyform.spec.normaliser.flatten import Flattener
from pennyform.spec.normaliser.identifiers import derived_id, plain_id, resource_and_method
from pennyform.spec.normaliser.limits import check_operation, is_name, is_resource_name, unsupported
from pennyform.spec.normaliser.media_types import (
    FORMS,
    MULTIPART,
    as_form,
    is_json,
    is_text,
    preferred_media,
)

# Fetched as they are in every client; OpenAPI has them mean nothing (3.1.1, 4.8.12.1).
_IGNORED_HEADERS = frozenset({"accept", "authorization", "content-type"})
_METHODS = frozenset({"delete", "get", "head", "patch", "post", "put"})
# Location → its styles, the default first (OpenAPI 3.1.1, 4.8.12.4).
_STYLES = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}


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
            Failure: it cannot be emitted so that it means the same; none of its components is collected then.
        """
        pointer = child(child("/paths", path), method)
        if raw.skip:
            raise unsupported("operation-skipped", raw.skip, pointer)
        if method not in _METHODS:
            raise unsupported("operation-method", f"no client sends {method.upper()} requests", pointer)
        servers = {server.get("url") for server in self._document.json.get("servers", [])}
        if any(server.url not in servers for server in raw.servers):
            # The token would be sent to an address that the caller has not chosen.
            raise unsupported("operation-server", "it has a server of its own", pointer)
        answers = self._answers(raw, method, pointer)
        request = self._request(raw, pointer)
        parameters = tuple(self._parameters(item, raw, pointer))
        answer = answers[0].schema or {}
        resource, name = resource_and_method(
            path,
            method,
            raw,
            page="items" in answer.get("properties", {}),
            bare_array=request is not None and request.schema.get("type") == "array",
        )
        errors = sorted(status for status in raw.responses if status.isdecimal() and status >= "4")
        operation = Operation(
            operation_id=plain_id(raw.operation_id) or derived_id(method, path),
            method=method.upper(),
            path=path,
            resource=resource,
            name=name,
            parameters=parameters,
            request=request,
            answers=answers,
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
        check_operation(operation, pointer)
        error_bodies = [self._error_body(raw.responses[status], pointer) for status in errors]
        return OperationDraft(
            self._with_components(operation), tuple(body for body in error_bodies if body is not None)
        )

    def skip(self, path: str, method: str, raw: OperationObject, problem: Failure) -> SkippedOperation:
        """What is kept of an operation that cannot be emitted."""
        resource, name = resource_and_method(path, method, raw, page=False, bare_array=False)
        reason = "; ".join(finding.summary for finding in problem.findings)
        operation_id = plain_id(raw.operation_id) or derived_id(method, path)
        if not (is_resource_name(resource) and is_name(name)):
            resource = name = ""
        return SkippedOperation(
            operation_id, method.upper(), path, resource, name, reason, declared=bool(raw.skip)
        )

    def _with_components(self, operation: Operation) -> Operation:
        """The operation with its components collected, in the order in which texts of overlays are found."""
        place = Place(operation.path, operation.method, "")

        def extract(schema: Schema, direction: str, part: str) -> Schema:
            return self._collector.extract(schema, direction, replace(place, part=part))

        parameters = []
        for parameter in operation.parameters:
            schema = extract(parameter.schema, REQUEST, f"?{parameter.name}")
            if "description" in parameter.schema:
                schema["description"] = parameter.schema["description"]
            parameters.append(replace(parameter, schema=schema))
        request = operation.request
        if request is not None:
            request = replace(request, schema=extract(request.schema, REQUEST, REQUEST))
        answers = [
            replace(answer, schema=extract(answer.schema, ANSWER, answer.status))
            if answer.schema is not None
            else answer
            for answer in operation.answers
        ]
        return replace(operation, parameters=tuple(parameters), request=request, answers=tuple(answers))

    def _answers(self, raw: OperationObject, method: str, pointer: str) -> tuple[Answer, ...]:
        """Every success; a range before single statuses, as it stands for all that nobody names."""
        statuses = sorted(status for status in raw.responses if status.startswith("2"))
        if not statuses:
            statuses = [status for status in raw.responses if status == "default"]
        if not statuses:
            raise unsupported("success-answer", "it declares no success answer", pointer)
        answers = []
        for status in sorted(statuses, key=lambda status: (status.isdecimal(), status)):
            place = child(f"{pointer}/responses", status)
            response = self._document.resolve(raw.responses[status], pointer)
            # The answer to HEAD never has a body (RFC 9110, 9.3.2).
            content = response.content if method != "head" else {}
            media_type, media = preferred_media(content)
            if not media_type:
                answers.append(Answer(status, "", None))
            elif is_json(media_type):
                schema = {} if media.schema is None else self._flattener.flatten(media.schema, place)
                answers.append(Answer(status, media_type, schema))
            else:
                answers.append(Answer(status, media_type, None))
        return tuple(answers)

    def _request(self, raw: OperationObject, pointer: str) -> Body | None:
        if raw.request_body is None:
            return None
        body = self._document.resolve(raw.request_body or RequestBodyObject(), pointer)
        media_type, media = preferred_media(body.content)
        if not media_type:
            return None
        place = f"{pointer}/requestBody"
        # What is neither JSON nor a form is sent as the bytes that it is given as.
        typed = media.schema is not None and (is_json(media_type) or media_type in FORMS)
        schema = self._flattener.flatten(media.schema, place) if typed else {}
        if media_type in FORMS:
            modern = not str(self._document.json["openapi"]).startswith("3.0")
            schema = as_form(schema, media.encoding, modern=modern and media_type == MULTIPART, pointer=place)
        return Body(media_type, schema, body.required, media.encoding)

    def _error_body(self, response: ResponseObject, pointer: str) -> Schema | None:
        """The body of one error; the named ones, which most operations share, are read once.

        Clients read errors in any shape: one that cannot be understood keeps no operation from being emitted.
        """
        if not response.ref or response.ref not in self._shared_error_bodies:
            try:
                resolved = self._document.resolve(response, pointer)
                media_type, media = preferred_media(resolved.content)
                readable = media.schema is not None and is_json(media_type)
                body = self._flattener.flatten(media.schema, f"{pointer}/responses") if readable else None
            except Failure:
                body = None
            self._shared_error_bodies[response.ref] = body
        return self._shared_error_bodies[response.ref]

    def _parameters(self, item: PathItemObject, raw: OperationObject, pointer: str) -> Iterator[Parameter]:
        resolved = (self._document.resolve(reference, pointer) for reference in item.parameters_of(raw))
        by_name = {(parameter.location, parameter.name): parameter for parameter in resolved}
        for (location, name), parameter in by_name.items():
            if location != "header" or name.lower() not in _IGNORED_HEADERS:
                yield self._parameter(parameter, child(f"{pointer}/parameters", name))

    def _parameter(self, parameter: ParameterObject, pointer: str) -> Parameter:
        name, location = parameter.name, parameter.location
        styles = _STYLES.get(location, ())
        style = parameter.style or next(iter(styles), "")
        explode = style == "form" if parameter.explode is None else parameter.explode
        raw_schema = parameter.schema
        if parameter.content:
            (media_type, media), *_ = parameter.content.items()
            if is_json(media_type):
                style, raw_schema = "json", media.schema or {}
            elif is_text(media_type):
                raw_schema = {"type": "string"}
            else:
                raise unsupported("parameter-style", f"the parameter {name!r} is {media_type!r}", pointer)
        if style not in (*styles, "json"):
            summary = f"the parameter {name!r} is in {location!r} with the style {style!r}"
            raise unsupported("parameter-style", summary, pointer)
        schema = self._flattener.flatten(raw_schema, pointer)
        may_hold_several = any(
            member.get("type", "array") in ("array", "object") and "enum" not in member
            for member in schema.get("anyOf") or schema.get("oneOf") or [schema]
        )
        if location == "cookie" and explode and style == "form" and may_hold_several:
            summary = f"how the cookie {name!r} is written, with several values, is not defined"
            raise unsupported("parameter-style", summary, pointer)
        if parameter.description:
            schema = {**schema, "description": parameter.description}
        return Parameter(
            name,
            location,
            schema,
            required=location == "path" or parameter.required,
            style=style,
            explode=explode,
            allow_reserved=parameter.allow_reserved,
            python_name=parameter.python_name,
        )
