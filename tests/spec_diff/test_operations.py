"""What changes outside of schemas: operations, scopes, parameters, bodies, statuses, servers."""

from __future__ import annotations

from typing import Any

import pytest
from pennyform.spec.diff import compare

from .contracts import ITEM, Schema, document, operation, taking, thing

B, T, A = "breaking", "attention", "additive"
ROOT = "/api/external/v2/things"
TEXT = {"type": "string"}
JSON = {"content": {"application/json": {"schema": thing(a=TEXT)}}}
NOTHING = {"description": ""}


def put(**keywords: Any) -> Schema:
    return document({"put": operation(**keywords)})


def query(**schema: Any) -> Schema:
    return taking({"name": "q", "in": "query", "schema": {"type": "string", **schema}})


def parameter(**keywords: Any) -> Schema:
    return taking({"name": "q", "in": "query", "schema": TEXT, **keywords})


def scopes(*names: str) -> Schema:
    return put(security=[{"oauth2": list(names)}] if names else [])


def answers(*statuses: str) -> Schema:
    return put(responses=dict.fromkeys(statuses, NOTHING))


def answer(media_type: str = "application/json", **headers: Any) -> Schema:
    content = {media_type: {"schema": thing(a=TEXT)}}
    return put(responses={"200": {"description": "", "headers": headers, "content": content}})


def upload(media_type: str = "multipart/form-data", **encoding: Any) -> Schema:
    return put(requestBody={"content": {media_type: {"schema": thing(a=TEXT), "encoding": encoding}}})


def oauth(**flow: Any) -> Schema:
    scheme = {"type": "oauth2", "flows": {"authorizationCode": {"scopes": {}, **flow}}}
    return document(securitySchemes={"oauth2": scheme})


def servers(*urls: str) -> Schema:
    return {**document(), "servers": [{"url": url} for url in urls]}


def webhooks(schema: Schema) -> Schema:
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    paid = {"post": {"operationId": "paid", "requestBody": body, "responses": {}}}
    return {**document(), "webhooks": {"paid": paid}}


def both(**operations: Schema) -> Schema:
    return document(operations)


FILTERS = "x-pennyform-filters"
SORTS = "x-pennyform-sorts"
INCLUDES = "x-pennyform-includes"
STABILITY = "x-pennyform-stability"
FILE_SIZE = "x-pennyform-file-megabytes"
UNKNOWN = "x-pennyform-unknown-keywords"

# What is being shown -> old contract, new contract, kind, direction, path, class.
CASES: dict[str, tuple[Schema, Schema, str, str, str, str]] = {
    "an operation comes": (
        document(),
        both(put=operation(), get=operation(operationId="getThing")),
        "operation-added",
        "both",
        ITEM,
        A,
    ),
    "an operation goes": (
        both(put=operation(), get=operation(operationId="getThing")),
        document(),
        "operation-removed",
        "both",
        ITEM,
        B,
    ),
    "an operation moves": (
        document(),
        document(path=ROOT),
        "operation-moved",
        "both",
        ITEM,
        B,
    ),
    "an operation has another method": (
        document(),
        both(post=operation()),
        "operation-moved",
        "both",
        ITEM,
        B,
    ),
    "an operation has another id": (
        document(),
        put(operationId="replaceThing"),
        "operation-id-changed",
        "both",
        ITEM,
        T,
    ),
    "an operation is deprecated": (document(), put(deprecated=True), "deprecated", "both", ITEM, T),
    "an operation is welcome again": (put(deprecated=True), document(), "undeprecated", "both", ITEM, A),
    "an operation is experimental": (
        document(),
        put(**{STABILITY: "experimental"}),
        "stability-changed",
        "both",
        ITEM,
        T,
    ),
    "a parameter is no longer experimental": (
        query(**{STABILITY: "experimental"}),
        query(),
        "stability-changed",
        "request",
        "<query>.q",
        T,
    ),
    "uploads may be smaller": (
        put(**{FILE_SIZE: 100}),
        put(**{FILE_SIZE: 20}),
        "limit-narrowed",
        "request",
        ITEM,
        B,
    ),
    "uploads may be larger": (
        put(**{FILE_SIZE: 20}),
        put(**{FILE_SIZE: 100}),
        "limit-widened",
        "request",
        ITEM,
        A,
    ),
    "a server comes": (
        servers("https://a.example"),
        servers("https://a.example", "https://b.example"),
        "server-added",
        "request",
        "",
        A,
    ),
    "a server goes": (
        servers("https://a.example", "https://b.example"),
        servers("https://b.example"),
        "server-removed",
        "request",
        "",
        B,
    ),
    "tokens come from elsewhere": (
        oauth(tokenUrl="https://a.example"),
        oauth(tokenUrl="https://b.example"),
        "authentication-changed",
        "request",
        "",
        T,
    ),
    "a scope is enough as well": (scopes("a"), scopes("a", "b"), "scope-added", "request", ITEM, A),
    "a scope is not enough": (scopes("a", "b"), scopes("b"), "scope-removed", "request", ITEM, B),
    "a scope is needed": (scopes(), scopes("a"), "scope-required", "request", ITEM, B),
    "no scope is needed": (scopes("a"), scopes(), "scope-dropped", "request", ITEM, A),
    "a parameter comes": (taking(), parameter(), "parameter-added", "request", "<query>.q", A),
    "a parameter must be given": (
        taking(),
        parameter(required=True),
        "required-parameter-added",
        "request",
        "<query>.q",
        B,
    ),
    "a parameter goes": (parameter(), taking(), "parameter-removed", "request", "<query>.q", B),
    "a parameter has another name": (
        parameter(),
        parameter(name="search"),
        "parameter-renamed",
        "request",
        "<query>.q",
        B,
    ),
    "a path parameter has another name": (
        document(),
        document(path=ITEM.replace("id", "thing_id")),
        "path-parameter-renamed",
        "request",
        ITEM.replace("id", "thing_id"),
        T,
    ),
    "a parameter becomes required": (
        parameter(),
        parameter(required=True),
        "parameter-required",
        "request",
        "<query>.q",
        B,
    ),
    "a parameter becomes optional": (
        parameter(required=True),
        parameter(),
        "parameter-optional",
        "request",
        "<query>.q",
        A,
    ),
    "a parameter is deprecated": (
        parameter(),
        parameter(deprecated=True),
        "deprecated",
        "request",
        "<query>.q",
        T,
    ),
    "a parameter is written differently": (
        parameter(),
        parameter(explode=False),
        "parameter-style-changed",
        "request",
        "<query>.q",
        B,
    ),
    "a parameter has another type": (
        query(),
        query(type="integer"),
        "type-changed",
        "request",
        "<query>.q",
        B,
    ),
    "a filter comes": (
        query(**{FILTERS: {"id": ["eq"]}}),
        query(**{FILTERS: {"id": ["eq"], "date": ["eq"]}}),
        "filter-added",
        "request",
        "<query>.q.date",
        A,
    ),
    "a filter goes": (
        query(**{FILTERS: {"id": ["eq"], "date": ["eq"]}}),
        query(**{FILTERS: {"id": ["eq"]}}),
        "filter-removed",
        "request",
        "<query>.q.date",
        B,
    ),
    "an operator comes": (
        query(**{FILTERS: {"id": ["eq"]}}),
        query(**{FILTERS: {"id": ["eq", "in"]}}),
        "filter-operators-added",
        "request",
        "<query>.q.id",
        A,
    ),
    "an operator goes": (
        query(**{FILTERS: {"id": ["eq", "in"]}}),
        query(**{FILTERS: {"id": ["eq"]}}),
        "filter-operators-removed",
        "request",
        "<query>.q.id",
        B,
    ),
    "a sort comes": (
        query(**{SORTS: ["id"]}),
        query(**{SORTS: ["id", "date"]}),
        "sort-added",
        "request",
        "<query>.q.date",
        A,
    ),
    "a sort goes": (
        query(**{SORTS: ["id", "date"]}),
        query(**{SORTS: ["id"]}),
        "sort-removed",
        "request",
        "<query>.q.date",
        B,
    ),
    "an include comes": (
        query(),
        query(**{INCLUDES: ["lines"]}),
        "include-added",
        "request",
        "<query>.q.lines",
        A,
    ),
    "an include goes": (
        query(**{INCLUDES: ["lines"]}),
        query(),
        "include-removed",
        "request",
        "<query>.q.lines",
        B,
    ),
    "pages have another size": (
        query(**{"x-pennyform-default": 20}),
        query(**{"x-pennyform-default": 50}),
        "page-size-changed",
        "request",
        "<query>.q",
        T,
    ),
    "a body may be sent": (put(), put(requestBody=JSON), "request-body-added", "request", ITEM, A),
    "a body must be sent": (
        put(),
        put(requestBody={**JSON, "required": True}),
        "required-request-body-added",
        "request",
        ITEM,
        B,
    ),
    "no body is taken": (put(requestBody=JSON), put(), "request-body-removed", "request", ITEM, B),
    "a body becomes required": (
        put(requestBody=JSON),
        put(requestBody={**JSON, "required": True}),
        "request-body-required",
        "request",
        ITEM,
        B,
    ),
    "a body becomes optional": (
        put(requestBody={**JSON, "required": True}),
        put(requestBody=JSON),
        "request-body-optional",
        "request",
        ITEM,
        A,
    ),
    "another media type is sent": (
        upload(),
        upload("application/json"),
        "media-type-changed",
        "request",
        ITEM,
        B,
    ),
    "another media type is answered": (
        answer(),
        answer("application/xml"),
        "media-type-changed",
        "answer",
        ITEM,
        B,
    ),
    "one media type more": (
        put(requestBody=JSON),
        put(requestBody={"content": {**JSON["content"], "text/csv": {"schema": TEXT}}}),
        "media-type-added",
        "request",
        ITEM,
        A,
    ),
    "one media type less": (
        put(requestBody={"content": {**JSON["content"], "text/csv": {"schema": TEXT}}}),
        put(requestBody=JSON),
        "media-type-removed",
        "request",
        ITEM,
        B,
    ),
    "a part is encoded differently": (
        upload(),
        upload(a={"contentType": "application/json"}),
        "encoding-changed",
        "request",
        "a",
        B,
    ),
    "a part takes more media types": (
        upload(a={"contentType": "image/png"}),
        upload(a={"contentType": "application/pdf, image/*"}),
        "encoding-widened",
        "request",
        "a",
        A,
    ),
    "a part takes fewer media types": (
        upload(a={"contentType": "image/png, image/jpeg"}),
        upload(a={"contentType": "image/png"}),
        "encoding-narrowed",
        "request",
        "a",
        B,
    ),
    "one operation has another server": (
        document(),
        put(servers=[{"url": "https://uploads.example.com"}]),
        "operation-server-changed",
        "request",
        ITEM,
        B,
    ),
    "the operations of a path have another server": (
        document(),
        document({"put": operation(), "servers": [{"url": "https://uploads.example.com"}]}),
        "operation-server-changed",
        "request",
        ITEM,
        B,
    ),
    "a second scheme must be satisfied": (
        put(security=[{"oauth2": ["a"]}]),
        put(security=[{"oauth2": ["a"], "key": []}]),
        "security-narrowed",
        "request",
        ITEM,
        B,
    ),
    "another scheme is enough": (
        put(security=[{"oauth2": ["a"]}]),
        put(security=[{"oauth2": ["a"]}, {"key": []}]),
        "security-widened",
        "request",
        ITEM,
        A,
    ),
    "no scheme is enough": (
        put(security=[{"oauth2": ["a"]}]),
        put(security=[{"oauth2": ["a"]}, {}]),
        "security-widened",
        "request",
        ITEM,
        A,
    ),
    "another scheme must be satisfied": (
        put(security=[{"oauth2": ["a"]}]),
        put(security=[{"key": []}]),
        "security-changed",
        "request",
        ITEM,
        B,
    ),
    "every operation must be authenticated": (
        document(),
        {**document(), "security": [{"key": []}]},
        "security-narrowed",
        "request",
        ITEM,
        B,
    ),
    "every operation is authenticated in another way": (
        {**document(), "security": [{"key": []}]},
        {**document(), "security": [{"signature": []}]},
        "security-changed",
        "request",
        ITEM,
        B,
    ),
    "a webhook comes": (document(), webhooks(TEXT), "webhook-added", "answer", "paid", A),
    "a webhook goes": (webhooks(TEXT), document(), "webhook-removed", "answer", "paid", B),
    "what a webhook says changes": (
        webhooks(thing(a=TEXT)),
        webhooks(thing()),
        "field-removed",
        "answer",
        "a",
        B,
    ),
    "a callback says something else": (
        put(callbacks={"done": {"{$request.body#/url}": webhooks(thing(a=TEXT))["webhooks"]["paid"]}}),
        put(
            callbacks={
                "done": {"{$request.body#/url}": webhooks(thing(a={"type": "integer"}))["webhooks"]["paid"]}
            }
        ),
        "type-changed",
        "answer",
        "a",
        B,
    ),
    "an operation has a keyword that pennyform does not know": (
        document(),
        put(**{UNKNOWN: {"/cookies": "0" * 12}}),
        "unknown-keyword-changed",
        "request",
        ITEM,
        B,
    ),
    "the document has a keyword that pennyform does not know": (
        document(),
        {**document(), "info": {**document()["info"], UNKNOWN: {"/components/links": "0" * 12}}},
        "unknown-keyword-changed",
        "both",
        "",
        B,
    ),
    "another success": (answers("200"), answers("201"), "success-status-changed", "answer", ITEM, T),
    "one success more": (answers("200"), answers("200", "202"), "success-status-added", "answer", ITEM, T),
    "one success less": (answers("200", "202"), answers("200"), "success-status-removed", "answer", ITEM, B),
    "one error more": (answers("200"), answers("200", "409"), "error-status-added", "answer", ITEM, A),
    "one error less": (answers("200", "409"), answers("200"), "error-status-removed", "answer", ITEM, A),
    "an answer gets a body": (
        answers("200"),
        put(responses={"200": {**NOTHING, **JSON}}),
        "answer-body-added",
        "answer",
        ITEM,
        A,
    ),
    "an answer loses its body": (
        put(responses={"200": {**NOTHING, **JSON}}),
        answers("200"),
        "answer-body-removed",
        "answer",
        ITEM,
        B,
    ),
    "a header comes": (answer(), answer(ETag={"schema": TEXT}), "header-added", "answer", "<header>.etag", A),
    "a header goes": (
        answer(ETag={"schema": TEXT}),
        answer(),
        "header-removed",
        "answer",
        "<header>.etag",
        B,
    ),
    "an error body loses a field": (
        put(responses={"204": NOTHING, "422": {**NOTHING, **JSON}}),
        put(
            responses={
                "204": NOTHING,
                "422": {**NOTHING, "content": {"application/json": {"schema": thing()}}},
            }
        ),
        "field-removed",
        "answer",
        "<422>.a",
        B,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_changes(name: str) -> None:
    old, new, *expected = CASES[name]
    changes = compare(old, new)
    assert [[change.kind, change.direction, change.path, change.severity] for change in changes] == [expected]


def test_the_operations_of_one_path_go_together() -> None:
    gone = {"get": operation(operationId="getThing"), "delete": operation(operationId="deleteThing")}
    old = document({"put": operation()})
    old["paths"][ROOT] = gone
    (change,) = compare(old, document())
    assert (change.kind, change.operations) == ("operation-removed", ("deleteThing", "getThing"))


def test_an_operation_that_moves_is_still_compared() -> None:
    old = document({"put": operation(requestBody=JSON)})
    new = document({"put": operation()}, path=ROOT)
    assert {change.kind for change in compare(old, new)} == {"operation-moved", "request-body-removed"}


def test_one_scope_that_many_operations_accept_is_one_change() -> None:
    old, new = document(), document()
    for number in range(3):
        for contract, names in ((old, ["a"]), (new, ["a", "b"])):
            security = [{"oauth2": names}]
            contract["paths"][f"{ROOT}/{number}"] = {
                "get": operation(operationId=f"get{number}", security=security)
            }
    (change,) = compare(old, new)
    assert (change.kind, change.operations) == ("scope-added", ("get0", "get1", "get2"))
