"""A transport that lets no answer pass that the contract does not know."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import httpx
from jsonschema_rs import Draft202012Validator
from pennyform import data
from pennyform.sandbox.contract import contract
from pennyform.sandbox.contract.contract import Operation, Router

# What the contract leaves out: refusals at the door, and a reported 409.
_BEYOND_THE_CONTRACT = {409, 413, 429, 503}


class Conforming(httpx.BaseTransport):
    """Passes requests on and holds every answer against the schema of its operation and status."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self.checked: list[tuple[str, int]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        response.read()
        assert response.status_code != 500
        assert "x-request-id" in response.headers
        if not request.url.path.startswith("/api/"):
            return response
        for header in ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"):
            assert header in response.headers, header
        found = _router().match(request.method, request.url.path)
        if found:
            self._check(found[0], response)
        return response

    def close(self) -> None:
        self._inner.close()

    def _check(self, operation: Operation, response: httpx.Response) -> None:
        schema = answer_schema(operation, response.status_code)
        if schema is None:
            declared = str(response.status_code) in described(operation)["responses"]
            assert declared or response.status_code in _BEYOND_THE_CONTRACT, response.text
            assert response.status_code >= 300 or not response.content
        else:
            assert response.headers["content-type"].startswith("application/json")
            schema.validate(json.loads(response.content))
        if response.status_code >= 400:
            _check_refusal(response)
        self.checked.append((operation.operation_id, response.status_code))


def _check_refusal(response: httpx.Response) -> None:
    """The emitted schema joins all shapes of a refusal into one; each status has its own."""
    if response.status_code == 429:
        assert response.headers["content-type"].startswith("text/plain")
        assert int(response.headers["retry-after"]) > 0
    elif response.status_code == 400:
        body = response.json()
        assert {"message"} <= set(body) <= {"message", "field", "payload", "code"}
        assert "code" in body or set(body) == {"message"}
    else:
        assert response.json().keys() == {"error", "status"}
        assert response.json()["status"] == response.status_code


@cache
def _router() -> Router:
    return Router(contract.load(data.schemas() / "company").operations.values())


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((data.schemas() / "company" / "openapi.json").read_text())
    return document


def described(operation: Operation) -> dict[str, Any]:
    """The operation as the contract's document has it."""
    found: dict[str, Any] = _document()["paths"][operation.path][operation.method.lower()]
    return found


@cache
def answer_schema(operation: Operation, status: int) -> Draft202012Validator | None:
    """The schema of one answer: the emitted one for success, the document's for a refusal."""
    if status == operation.status != 204:
        path = data.schemas() / "company" / "answers" / f"{operation.operation_id}.json"
        if not path.exists():
            return None
        return Draft202012Validator(_closed(json.loads(path.read_text())), validate_formats=True)
    response = _followed(described(operation)["responses"].get(str(status), {}))
    media = response.get("content", {}).get("application/json")
    if media is None:
        return None
    whole = {**media["schema"], "components": _document().get("components", {})}
    return Draft202012Validator(whole, validate_formats=True)


def _closed(schema: Any) -> Any:
    """Clients accept unknown fields; the contract does not let the server send any."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(one) for name, one in schema.items()}
    is_object = isinstance(schema.get("properties"), dict) and "type" in schema
    return {"additionalProperties": False, **closed} if is_object else closed


def _followed(value: dict[str, Any]) -> dict[str, Any]:
    target: Any = _document()
    if "$ref" not in value:
        return value
    for step in value["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return _followed(target)
