"""Random legal changes of what a service answers with: successes, refusals, lists."""

from __future__ import annotations

from .document import Document, Schema
from .places import new_operation, some_operation
from .schemas import Schemas

_REFUSALS = ("400", "403", "404", "409", "410", "422", "429", "4XX", "500", "503", "5XX", "default")


def json_answer(schema: Schema) -> Schema:
    """The answers of an operation that has one of JSON."""
    return {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}


def _answers(document: Document, schemas: Schemas) -> None:
    """One or several successes, of every media type, with any schema."""
    statuses = document.rng.choice(
        (["200"], ["201"], ["200", "202"], ["200", "204"], ["2XX"], ["default"], ["200", "2XX"])
    )
    responses = {}
    for status in statuses:
        response: Schema = {"description": ""}
        if status != "204":
            response["content"] = _content(document, schemas)
        if document.rng.random() < 0.3:
            document.use("response headers behind a reference")
            response["headers"] = {"X-Total": document.add("headers", {"schema": {"type": "integer"}})}
        if document.rng.random() < 0.3:
            document.use("answers behind a reference")
            response = document.add("responses", response)
        responses[status] = response
    document.use("several success answers" if len(statuses) > 1 else f"success {statuses[0]}")
    operation = new_operation(document, document.rng.choice(("get", "post")))
    operation["responses"] = {
        **responses,
        **({"404": {"description": ""}} if document.rng.random() < 0.5 else {}),
    }


def _content(document: Document, schemas: Schemas) -> Schema:
    schema = document.rng.choice((schemas.json_object, schemas.json_object, schemas.any))()
    media_type = document.rng.choice(
        (
            *("application/json", "application/json", "application/json; charset=utf-8"),
            *("application/vnd.acme.v1+json", "application/pdf", "text/csv", "text/csv; charset=utf-8"),
        )
    )
    document.use(f"answers of {media_type}")
    if "json" not in media_type:
        return {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {media_type: {"schema": schema}}


def _head(document: Document, schemas: Schemas) -> None:
    operation = new_operation(document, "head")
    operation["responses"] = json_answer(schemas.object())


def _refusals(document: Document, schemas: Schemas) -> None:
    """Errors that the contract declares, of every media type and with any schema."""
    operation = some_operation(document)
    responses: Schema = operation["responses"]
    if not any(status.startswith("2") for status in responses):
        return
    for status in document.rng.sample(_REFUSALS, document.rng.randrange(1, 4)):
        media_type = document.rng.choice(
            ("application/json", "application/json", "application/problem+json", "text/html", "text/plain")
        )
        schema = schemas.any() if "json" in media_type else {"type": "string"}
        response: Schema = {"description": "", "content": {media_type: {"schema": schema}}}
        if document.rng.random() < 0.3:
            document.use("errors behind a reference")
            response = document.add("responses", response)
        if document.rng.random() < 0.15:
            response = {"description": ""}
        responses[status] = response


def _several_media_types(document: Document, schemas: Schemas) -> None:
    """One answer in several media types: JSON is what a client asks for."""
    others = document.rng.sample(("application/xml", "text/csv", "application/pdf"), 2)
    content: Schema = {other: {"schema": {"type": "string"}} for other in others}
    content["application/json"] = {"schema": schemas.json_object()}
    keys = document.rng.sample(list(content), len(content))
    operation = new_operation(document, document.rng.choice(("get", "post")))
    operation["responses"] = {"200": {"description": "", "content": {key: content[key] for key in keys}}}


def _no_body(document: Document, schemas: Schemas) -> None:
    """A success without a body, alone or beside one that has some."""
    operation = new_operation(document, document.rng.choice(("post", "put", "delete")))
    operation["responses"] = {document.rng.choice(("201", "202", "200")): {"description": ""}}
    if document.rng.random() < 0.5:
        operation["responses"] |= {"203": json_answer(schemas.json_object())["200"]}


def _list(document: Document, schemas: Schemas) -> None:
    """A list by cursor, of items of any kind, with a parameter that goes with the first page or with all."""
    item = schemas.json_object()
    page = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": item},
            "has_more": {"type": "boolean"},
            "next_cursor": schemas.nullable({"type": "string"}),
        },
        "required": ["items", "has_more", "next_cursor"],
    }
    operation = new_operation(document, "get")
    operation["parameters"] = [
        {"name": "cursor", "in": "query", "schema": {"type": "string"}},
        {"name": "status", "in": "query", "schema": schemas.scalar()},
        {"name": "start_date", "in": "query", "schema": {"type": "string", "format": "date"}},
    ]
    operation["responses"] = json_answer(page)


def _numbered_list(document: Document, schemas: Schemas) -> None:
    """A list whose pages are numbered."""
    counts = ("total_pages", "current_page", "total_items", "per_page")
    page = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": schemas.json_object()},
            **{name: {"type": "integer"} for name in counts},
        },
        "required": ["items", *counts],
    }
    operation = new_operation(document, "get")
    operation["parameters"] = [
        {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 20000}},
        {"name": "status", "in": "query", "schema": schemas.scalar()},
    ]
    operation["responses"] = json_answer(page)


ANSWERS = {
    "answers": _answers,
    "answers of another operation": _answers,
    "answers in several media types": _several_media_types,
    "successes without a body": _no_body,
    "errors": _refusals,
    "HEAD": _head,
    "lists": _list,
    "lists with numbered pages": _numbered_list,
}
