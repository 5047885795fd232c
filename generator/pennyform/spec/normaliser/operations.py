"""Read one operation of a document: parameters, request, answer, errors, scopes, and what it is called."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pennyform.findings import Failure, Finding, Severity
from pennyform.spec.document.json_types import JsonObject, child
from pennyform.spec.document.references import follow
from pennyform.spec.normaliser.components import Factory, Place
from pennyform.spec.normaliser.contract import (
    ANSWER,
    REQUEST,
    Body,
    Operation,
    Parameter,
    Schema,
)
from pennyform.spec.normaliser.flatten import Plain
from pennyform.spec.normaliser.operation_names import resource_and_method

_JSON = "application/json"


@dataclass(frozen=True)
class Draft:
    """An operation whose schemas refer to shapes by key, and what only the document needs of it."""

    operation: Operation
    raw: JsonObject
    encoding: JsonObject
    error_bodies: tuple[Schema, ...]


class OperationReader:
    """Reads the operations of one document."""

    def __init__(self, document: JsonObject, plain: Plain, factory: Factory) -> None:
        self._document = document
        self._plain = plain
        self._factory = factory
        self._refusals: dict[str, Schema | None] = {}

    def read(self, path: str, method: str, item: JsonObject) -> Draft:
        """Read one operation.

        Args:
            path: the contract's path.
            method: the key of the operation in its path item.
            item: the path item.

        Raises:
            Failure: one of its schemas cannot be made plain, or it declares several success answers.
        """
        raw = item[method]
        pointer = child(child("/paths", path), method)
        place = Place(path, method.upper(), "")
        status, success = self._success(raw, place, pointer)
        answer = self._schema(success, child(f"{pointer}/responses", status))
        media_type, body = self._media(self._resolved(raw.get("requestBody", {}), pointer))
        request = self._plain(body["schema"], f"{pointer}/requestBody") if "schema" in body else None
        resource, name = resource_and_method(
            path,
            method,
            raw,
            page="items" in (answer or {}).get("properties", {}),
            bare_array=(request or {}).get("type") == "array",
        )
        operation = Operation(
            operation_id=raw["operationId"],
            method=method.upper(),
            path=path,
            resource=resource,
            name=name,
            parameters=self._parameters(item, raw, place, pointer),
            request=self._body(media_type, request, raw, replace(place, part=REQUEST)),
            status=int(status),
            answer=self._factored(answer, ANSWER, replace(place, part=status)),
            errors=tuple(int(status) for status in _error_statuses(raw)),
            scopes=_scopes(raw),
            deprecated=bool(raw.get("deprecated")),
        )
        return Draft(operation, raw, body.get("encoding", {}), self._error_bodies(raw, pointer))

    def _success(self, raw: JsonObject, place: Place, pointer: str) -> tuple[str, JsonObject]:
        statuses = sorted(status for status in raw["responses"] if status.startswith("2"))
        if len(statuses) != 1 or not statuses[0].isdecimal():
            summary = f"{place} declares {len(statuses)} success answers: {', '.join(statuses) or 'none'}"
            raise _refused("success-answer", summary, pointer)
        response = self._resolved(raw["responses"][statuses[0]], pointer)
        content = response.get("content") or {}
        if content and _JSON not in content:
            raise _refused("media-type", f"{place} answers {min(content)[:80]!r}, not JSON", pointer)
        return statuses[0], response

    def _schema(self, response: JsonObject, pointer: str) -> Schema | None:
        _, media = self._media(response)
        return self._plain(media["schema"], pointer) if "schema" in media else None

    def _factored(self, schema: Schema | None, direction: str, place: Place) -> Schema | None:
        return None if schema is None else self._factory.factor(schema, direction, place)

    def _body(self, media_type: str, schema: Schema | None, raw: JsonObject, place: Place) -> Body | None:
        if schema is None:
            return None
        required = bool(self._resolved(raw["requestBody"], "").get("required"))
        return Body(media_type, self._factory.factor(schema, REQUEST, place), required)

    def _parameters(
        self, item: JsonObject, raw: JsonObject, place: Place, pointer: str
    ) -> tuple[Parameter, ...]:
        """The path item's parameters, then the operation's, which replace those of the same name."""
        declared: dict[tuple[str, str], JsonObject] = {}
        for reference in (*item.get("parameters", []), *raw.get("parameters", [])):
            parameter = self._resolved(reference, pointer)
            declared[parameter["in"], parameter["name"]] = parameter
        return tuple(
            Parameter(
                name=name,
                location=location,
                schema=self._parameter_schema(parameter, replace(place, part=f"?{name}"), pointer),
                required=location == "path" or bool(parameter.get("required")),
            )
            for (location, name), parameter in declared.items()
        )

    def _parameter_schema(self, parameter: JsonObject, place: Place, pointer: str) -> Schema:
        plain = self._plain(parameter.get("schema", {}), child(f"{pointer}/parameters", parameter["name"]))
        described = {"description": parameter["description"]} if parameter.get("description") else {}
        return {**self._factory.factor(plain, REQUEST, place), **described}

    def _error_bodies(self, raw: JsonObject, pointer: str) -> tuple[Schema, ...]:
        bodies = (self._error_body(raw["responses"][status], pointer) for status in _error_statuses(raw))
        return tuple(body for body in bodies if body is not None)

    def _error_body(self, response: JsonObject, pointer: str) -> Schema | None:
        """The body of one refusal; the named ones, which most operations share, are read once."""
        name = str(response.get("$ref", ""))
        if not name or name not in self._refusals:
            self._refusals[name] = self._schema(self._resolved(response, pointer), f"{pointer}/responses")
        return self._refusals[name]

    def _media(self, holder: JsonObject) -> tuple[str, JsonObject]:
        """The content type to use, JSON where there is a choice, and its media type object."""
        content = holder.get("content") or {}
        media_type = _JSON if _JSON in content else min(content, default="")
        return media_type, content.get(media_type, {})

    def _resolved(self, item: JsonObject, pointer: str) -> JsonObject:
        if "$ref" not in item:
            return item
        resolved: JsonObject = follow(item["$ref"], self._document, pointer)[1]
        return resolved


def _refused(rule: str, summary: str, pointer: str) -> Failure:
    fix = "Leave one answer, in JSON or without a body, by an overlay that removes the others."
    return Failure([Finding(rule, Severity.ERROR, summary, pointer=pointer, fix=fix)])


def _error_statuses(raw: JsonObject) -> list[str]:
    return sorted(status for status in raw["responses"] if status.isdecimal() and status >= "4")


def _scopes(raw: JsonObject) -> tuple[str, ...]:
    """Any one of these is enough: the contract's lists mean *one of*, whatever OpenAPI says about lists."""
    requirements = raw.get("security", [])
    return tuple(
        sorted({scope for requirement in requirements for names in requirement.values() for scope in names})
    )
