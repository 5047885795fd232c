"""Read one operation of a document: parameters, request, answer, errors, scopes, and what it is called."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pennyform.findings import Failure, Finding, Severity
from pennyform.spec.document.extensions import FILE_SIZE, STABILITY
from pennyform.spec.document.json_types import JsonObject, child
from pennyform.spec.document.references import follow
from pennyform.spec.document.structure import scopes_of
from pennyform.spec.normaliser.components import ComponentCollector, Place
from pennyform.spec.normaliser.contract import ANSWER, REQUEST, Body, Operation, Parameter, Schema
from pennyform.spec.normaliser.flatten import Flattener
from pennyform.spec.normaliser.operation_names import resource_and_method

_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class OperationDraft:
    """An operation whose schemas refer to components by key, and the flat schemas of its errors' bodies."""

    operation: Operation
    error_bodies: tuple[Schema, ...]


class OperationReader:
    """Reads the operations of one document."""

    def __init__(self, document: JsonObject, flattener: Flattener, collector: ComponentCollector) -> None:
        self._document = document
        self._flattener = flattener
        self._collector = collector
        self._shared_error_bodies: dict[str, Schema | None] = {}

    def read(self, path: str, method: str, item: JsonObject) -> OperationDraft:
        """Read one operation.

        Args:
            path: the contract's path.
            method: the key of the operation in its path item.
            item: the path item.

        Raises:
            Failure: one of its schemas cannot be flattened, or it declares several success answers.
        """
        raw = item[method]
        pointer = child(child("/paths", path), method)
        place = Place(path, method.upper(), "")
        status, success = self._success(raw, place, pointer)
        answer = self._body_schema(success, child(f"{pointer}/responses", status))
        body = self._resolve(raw.get("requestBody", {}), pointer)
        media_type, media = _preferred_media(body)
        request = (
            self._flattener.flatten(media["schema"], f"{pointer}/requestBody") if "schema" in media else None
        )
        resource, name = resource_and_method(
            path,
            method,
            raw,
            page="items" in (answer or {}).get("properties", {}),
            bare_array=(request or {}).get("type") == "array",
        )
        # Components are collected in this order, which decides where an overlay's texts are found first.
        parameters = self._parameters(item, raw, place, pointer)
        request_body = None
        if request is not None:
            schema = self._collector.extract(request, REQUEST, replace(place, part=REQUEST))
            request_body = Body(media_type, schema, bool(body.get("required")), media.get("encoding", {}))
        if answer is not None:
            answer = self._collector.extract(answer, ANSWER, replace(place, part=status))
        errors = sorted(status for status in raw["responses"] if status.isdecimal() and status >= "4")
        operation = Operation(
            operation_id=raw["operationId"],
            method=method.upper(),
            path=path,
            resource=resource,
            name=name,
            parameters=parameters,
            request=request_body,
            status=int(status),
            answer=answer,
            errors=tuple(map(int, errors)),
            scopes=tuple(sorted(scopes_of(raw))),
            deprecated=bool(raw.get("deprecated")),
            security_schemes=tuple(
                sorted({scheme for requirement in raw.get("security", []) for scheme in requirement})
            ),
            summary=str(raw.get("summary", "")),
            description=str(raw.get("description", "")),
            stability=str(raw.get(STABILITY, "")),
            file_megabytes=raw.get(FILE_SIZE),
        )
        error_bodies = []
        for status in errors:
            response = raw["responses"][status]
            name = str(response.get("$ref", ""))
            # The named ones, which most operations share, are read once.
            if not name or name not in self._shared_error_bodies:
                resolved = self._resolve(response, pointer)
                self._shared_error_bodies[name] = self._body_schema(resolved, f"{pointer}/responses")
            error_body = self._shared_error_bodies[name]
            if error_body is not None:
                error_bodies.append(error_body)
        return OperationDraft(operation, tuple(error_bodies))

    def _success(self, raw: JsonObject, place: Place, pointer: str) -> tuple[str, JsonObject]:
        statuses = sorted(status for status in raw["responses"] if status.startswith("2"))
        if len(statuses) != 1 or not statuses[0].isdecimal():
            summary = f"{place} declares {len(statuses)} success answers: {', '.join(statuses) or 'none'}"
            raise _failure("success-answer", summary, pointer)
        response = self._resolve(raw["responses"][statuses[0]], pointer)
        content = response.get("content") or {}
        if content and _JSON not in content:
            raise _failure("media-type", f"{place} answers {min(content)[:80]!r}, not JSON", pointer)
        return statuses[0], response

    def _body_schema(self, response: JsonObject, pointer: str) -> Schema | None:
        _, media = _preferred_media(response)
        return self._flattener.flatten(media["schema"], pointer) if "schema" in media else None

    def _parameters(
        self, item: JsonObject, raw: JsonObject, place: Place, pointer: str
    ) -> tuple[Parameter, ...]:
        """The path item's parameters, then the operation's, which replace those of the same name."""
        declared: dict[tuple[str, str], JsonObject] = {}
        for reference in (*item.get("parameters", []), *raw.get("parameters", [])):
            parameter = self._resolve(reference, pointer)
            declared[parameter["in"], parameter["name"]] = parameter
        parameters = []
        for (location, name), parameter in declared.items():
            flat = self._flattener.flatten(
                parameter.get("schema", {}), child(f"{pointer}/parameters", parameter["name"])
            )
            schema = self._collector.extract(flat, REQUEST, replace(place, part=f"?{name}"))
            if parameter.get("description"):
                schema["description"] = parameter["description"]
            required = location == "path" or bool(parameter.get("required"))
            parameters.append(Parameter(name, location, schema, required))
        return tuple(parameters)

    def _resolve(self, item: JsonObject, pointer: str) -> JsonObject:
        if "$ref" not in item:
            return item
        component: JsonObject = follow(item["$ref"], self._document, pointer)[1]
        return component


def _preferred_media(holder: JsonObject) -> tuple[str, JsonObject]:
    """The content type to use, JSON where there is a choice, and its media type object."""
    content = holder.get("content") or {}
    media_type = _JSON if _JSON in content else min(content, default="")
    return media_type, content.get(media_type, {})


def _failure(rule: str, summary: str, pointer: str) -> Failure:
    fix = "Leave one answer, in JSON or without a body, by an overlay that removes the others."
    return Failure([Finding(rule, Severity.ERROR, summary, pointer=pointer, fix=fix)])
