"""References inside one document: put back where a vendor inlined them, and followed when reading."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pennyform.findings import Failure, Finding, Severity
from pennyform.spec.document.json_types import Json, JsonObject, Shapes

_REFERENCE = re.compile(r"#/components/(?P<kind>\w+)/(?P<name>[^/]+)")
# A schema that says no more than this is equal to another one by chance.
_TOO_COMMON = frozenset({"type", "format", "nullable"})
# Error responses are often all alike: a status is only ever given the component of its own name.
_STATUS_NAMES = {
    "400": "BadRequest",
    "401": "Unauthorized",
    "403": "Forbidden",
    "404": "NotFound",
    "409": "Conflict",
    "422": "UnprocessableContent",
    "500": "InternalServerError",
}


def restore_references(document: JsonObject) -> JsonObject:
    """Replace each inlined copy of a named schema or response by a reference to it.

    Nothing is lost: the copy and the component are equal. What was a thousand copies is one place to review.

    Args:
        document: an OpenAPI document without prose, in which copies are therefore exact.

    Returns:
        A document that means the same. Where several schemas are equal, the shortest name is referred to.
    """
    components = document.get("components", {})
    schemas, responses = components.get("schemas", {}), components.get("responses", {})
    index: dict[int, str] = {}
    shapes = Shapes()
    # Of equal schemas the last one counts here: the shortest name.
    for name in sorted(schemas, key=lambda name: (-len(name), name)):
        if not _TOO_COMMON.issuperset(schemas[name]):
            index[shapes.number(schemas[name])] = f"#/components/schemas/{name}"
    known = {
        (status, shapes.number(responses[name])): f"#/components/responses/{name}"
        for status, name in _STATUS_NAMES.items()
        if name in responses
    }
    restorer = _Restorer(shapes, index, known)
    restored: JsonObject = {key: restorer.restore(restorer.name_responses(document[key])) for key in document}
    for name, schema in schemas.items():
        # Its parts only: a component must not become a reference to itself.
        restored["components"]["schemas"][name] = {
            key: restorer.restore(part) for key, part in schema.items()
        }
    return restored


@dataclass(frozen=True, slots=True)
class _Restorer:
    """References by what they stand for: ``index`` those of schemas, ``known`` those of responses."""

    shapes: Shapes
    index: Mapping[int, str]
    known: Mapping[tuple[str, int], str]

    def name_responses(self, value: Json) -> Json:
        """The paths with references in place of responses that are components."""
        if not isinstance(value, dict):
            return value
        if isinstance(value.get("responses"), dict) and "operationId" in value:
            named = {
                status: {"$ref": self.known[key]}
                if (key := (status, self.shapes.number(response))) in self.known
                else response
                for status, response in value["responses"].items()
            }
            return {**value, "responses": named}
        return {key: self.name_responses(item) for key, item in value.items()}

    def restore(self, value: Json) -> Json:
        """A value with references in place of the schemas that are components."""
        if isinstance(value, list):
            return [self.restore(item) for item in value]
        if not isinstance(value, dict):
            return value
        reference = self.index.get(self.shapes.number(value))
        if reference:
            return {"$ref": reference}
        # Of an allOf only objects by reference: tools cannot merge what else its members refer to.
        return {
            key: [
                self.restore(member)
                if not isinstance(member, dict) or "properties" in member
                else {inner: self.restore(part) for inner, part in member.items()}
                for member in item
            ]
            if key == "allOf" and isinstance(item, list)
            else self.restore(item)
            for key, item in value.items()
        }


def follow(reference: str, document: JsonObject, pointer: str) -> tuple[str, Json]:
    """The name and the component that a reference stands for.

    Args:
        reference: the value of ``$ref``.
        document: the document it stands in.
        pointer: where it stands there, for findings.

    Raises:
        Failure: it points outside ``#/components`` of the same document, or to nothing.
    """
    match = _REFERENCE.fullmatch(reference)
    if not match:
        raise _failure(f"the reference {reference!r} leaves this document's components", pointer)
    name = match["name"].replace("~1", "/").replace("~0", "~")
    components = document.get("components", {}).get(match["kind"], {})
    if name not in components:
        raise _failure(f"the reference {reference!r} points to nothing", pointer)
    return name, components[name]


def _failure(summary: str, pointer: str) -> Failure:
    detail = "Following it would read other files or the network."
    fix = "Only '#/components/schemas/NAME' and its like are followed."
    return Failure([Finding("reference", Severity.ERROR, summary, pointer=pointer, detail=detail, fix=fix)])
