"""Media types: which one of several a client uses, and what it can make of each."""

from __future__ import annotations

from collections.abc import Mapping

from pennyform.spec.document.json_types import JsonObject, child
from pennyform.spec.document.openapi import MediaTypeObject
from pennyform.spec.normaliser.contract import Schema
from pennyform.spec.normaliser.limits import unsupported

JSON = "application/json"
MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
FORMS = (MULTIPART, URLENCODED)
_ANY = ("*/*", "application/*")
# What ``encoding`` may say of a part that has no effect where it is not read.
_ENCODING = {"contentType"}
_BINARY: Schema = {"type": "string", "format": "binary"}


def essence(media_type: str) -> str:
    """A media type without its parameters, in lower case: ``text/csv; charset=utf-8`` → ``text/csv``."""
    return media_type.partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    """Whether it is JSON, as it is or by a vendor's name (RFC 6838, 4.2.8: the suffix ``+json``)."""
    kind = essence(media_type)
    return kind in (JSON, *_ANY) or kind.endswith(("+json", "/json"))


def is_text(media_type: str) -> bool:
    """Whether it is plain text of some kind."""
    return essence(media_type).startswith("text/")


def preferred_media(content: Mapping[str, MediaTypeObject]) -> tuple[str, MediaTypeObject]:
    """The media type to use and its object: JSON where there is a choice, then forms, then the first by name.

    Returns:
        The media type without its charset, which JSON has not and other bodies bring along; "" for none.
    """

    def order(media_type: str) -> tuple[int, str]:
        kind = essence(media_type)
        choices = (kind == JSON, is_json(kind), kind in FORMS, True)
        return choices.index(True), media_type

    media_type = min(content, key=order, default="")
    kind = essence(media_type)
    return JSON if kind in _ANY else kind, content.get(media_type, MediaTypeObject())


def as_form(schema: Schema, encoding: JsonObject, *, modern: bool, pointer: str) -> Schema:
    """The schema of a multipart form with its files as OpenAPI 3.0 says them: ``format: binary``.

    Args:
        schema: flat.
        encoding: of the parts, as OpenAPI has it.
        modern: whether it is OpenAPI 3.1, in which a part without a type is a file (3.1.1, 4.8.14.5).
        pointer: where the body stands, for findings.

    Raises:
        Failure: it is no object, or a part has an encoding that no client writes.
    """
    for name, part in encoding.items():
        unknown = sorted(part.keys() - _ENCODING) if isinstance(part, dict) else ["?"]
        if unknown:
            raise unsupported(
                "part-encoding", f"the part {name!r} has {', '.join(unknown)}", child(pointer, name)
            )
    if schema.get("type", "object") != "object":
        raise unsupported("media-type", "a form that is not an object", pointer)
    properties = {
        name: _with_files(part, modern=modern) for name, part in schema.get("properties", {}).items()
    }
    return {**schema, "properties": properties} if properties else schema


def _with_files(part: Schema, *, modern: bool) -> Schema:
    if part.get("type") == "array" and "items" in part:
        return {**part, "items": _with_files(part["items"], modern=modern)}
    if "contentEncoding" in part or not _is_file(part, modern=modern):
        return part
    keywords = {
        key: value for key, value in part.items() if key not in ("contentMediaType", "contentEncoding")
    }
    return {**keywords, **_BINARY}


def _is_file(part: Schema, *, modern: bool) -> bool:
    if "contentMediaType" in part:
        return not is_json(part["contentMediaType"])
    states = {"type", "enum", "anyOf", "oneOf", "properties", "items"}
    return modern and states.isdisjoint(part)
