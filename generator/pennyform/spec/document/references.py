"""References inside one document: put back where a vendor inlined them, and followed when reading."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from pennyform.findings import Failure, Finding, Severity
from pennyform.spec.document.json_types import Json, JsonObject

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
    index: dict[str, str] = {}
    # Of equal schemas the last one counts here: the shortest name.
    for name in sorted(schemas, key=lambda name: (-len(name), name)):
        if not _TOO_COMMON.issuperset(schemas[name]):
            index[_text(schemas[name])] = f"#/components/schemas/{name}"
    known = {
        (status, _text(responses[name])): f"#/components/responses/{name}"
        for status, name in _STATUS_NAMES.items()
        if name in responses
    }
    restored: JsonObject = {key: _restore(_name_responses(document[key], known), index) for key in document}
    for name, schema in schemas.items():
        # Its parts only: a component must not become a reference to itself.
        restored["components"]["schemas"][name] = {key: _restore(part, index) for key, part in schema.items()}
    return restored


def _name_responses(value: Json, known: Mapping[tuple[str, str], str]) -> Json:
    """The paths with references in place of responses that are components."""
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("responses"), dict) and "operationId" in value:
        named = {
            status: {"$ref": known[key]} if (key := (status, _text(response))) in known else response
            for status, response in value["responses"].items()
        }
        return {**value, "responses": named}
    return {key: _name_responses(item, known) for key, item in value.items()}


def _restore(value: Json, index: Mapping[str, str]) -> Json:
    if isinstance(value, list):
        return [_restore(item, index) for item in value]
    if not isinstance(value, dict):
        return value
    reference = index.get(_text(value))
    if reference:
        return {"$ref": reference}
    restored = {key: _restore(item, index) for key, item in value.items()}
    if isinstance(value.get("allOf"), list):
        # Of an allOf only objects by reference: tools cannot merge what else its members refer to.
        restored["allOf"] = [
            _restore(member, index)
            if "properties" in member
            else {key: _restore(part, index) for key, part in member.items()}
            for member in value["allOf"]
        ]
    return restored


def _text(value: Json) -> str:
    """A text that is equal for equal values."""
    return json.dumps(value, sort_keys=True)


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
