"""A service that knows nothing but a pinned contract: it checks requests against it, and answers."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from email import message_from_bytes
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

import httpx

from tests.client.samples import (
    Sampler,
    answer_schema,
    body_schema,
    conforms,
    json_text,
    operations,
    resolve,
)

JSON = {"content-type": "application/json; charset=utf-8"}


class Service:
    """Finds out by itself which operation a request is, and keeps every objection to it."""

    def __init__(self, api: str) -> None:
        self.api = api
        self.called: list[str] = []
        self.objections: list[str] = []
        self.sample: Any = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        key, found = self._operation(request)
        self.called.append(key)
        self._check_parameters(key, request, found)
        self._check_body(key, request)
        if not re.fullmatch("Bearer [!-~]+", request.headers.get("authorization", "")):
            self.objections.append("no token")
        return self._answer(key)

    def _operation(self, request: httpx.Request) -> tuple[str, dict[str, str]]:
        path = request.url.raw_path.decode().partition("?")[0]
        matches = []
        for key in operations(self.api):
            method, _, template = key.partition(" ")
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template))
            match = re.fullmatch(pattern, path)
            if match and method == request.method:
                matches.append((template.count("{"), key, match.groupdict()))
        _, key, found = min(matches, key=lambda each: each[0])
        return key, found

    def _check_parameters(self, key: str, request: httpx.Request, path: dict[str, str]) -> None:
        given = {("path", name): value for name, value in path.items()}
        given |= {("query", name): value for name, value in parse_qsl(request.url.query.decode())}
        described = [resolve(self.api, each) for each in operations(self.api)[key][2].get("parameters", [])]
        known = {(each["in"], each["name"]): each for each in described}
        self.objections += [f"unknown parameter {place}" for place in given.keys() - known.keys()]
        for place, each in known.items():
            if place in given:
                value = _value(given[place], each["schema"])
                self.objections += [f"{place}: {what}" for what in conforms(self.api, each["schema"], value)]
            elif each.get("required"):
                self.objections.append(f"{place} is missing")

    def _check_body(self, key: str, request: httpx.Request) -> None:
        given = body_schema(self.api, key)
        content_type = request.headers.get("content-type", "")
        if given is None:
            self.objections += ["a body where none belongs"] if request.content or content_type else []
            return
        media, schema = given
        if content_type.partition(";")[0] != media:
            self.objections.append(f"a body of type {content_type}")
        elif media == "application/json":
            value = json.loads(request.content, parse_float=Decimal)
            self.objections += conforms(self.api, schema, value)
        else:
            self._check_form(request, resolve(self.api, schema))

    def _check_form(self, request: httpx.Request, schema: Any) -> None:
        head = b"content-type: " + request.headers["content-type"].encode() + b"\r\n\r\n"
        parts: list[Message] = message_from_bytes(head + request.content).get_payload()  # type: ignore[assignment]
        found = {str(part.get_param("name", header="content-disposition")): part for part in parts}
        values: dict[str, Any] = {}
        for name, part in found.items():
            text = part.get_payload(decode=True).decode()  # type: ignore[union-attr]
            inner = resolve(self.api, schema["properties"].get(name, {}))
            values[name] = text if inner.get("type") == "string" else json.loads(text)
        self.objections += conforms(self.api, schema, values)
        self.objections += [f"unknown part {name}" for name in values.keys() - schema["properties"].keys()]

    def _answer(self, key: str) -> httpx.Response:
        status, schema = answer_schema(self.api, key)
        if schema is None:
            return httpx.Response(status)
        self.sample = Sampler(self.api)(schema)
        if isinstance(self.sample, dict) and "has_more" in self.sample:
            self.sample = {**self.sample, "has_more": False, "next_cursor": None}
        if isinstance(self.sample, dict) and "total_pages" in self.sample:
            self.sample = {**self.sample, "total_pages": 1, "current_page": 1}
        self.objections += [f"own answer: {what}" for what in conforms(self.api, schema, self.sample)]
        return httpx.Response(status, content=json_text(self.sample), headers=JSON)


def _value(text: str, schema: Any) -> Any:
    """A parameter's text as the value that its schema is about, or the text where it is none."""
    try:
        return json.loads(text) if schema.get("type") in {"integer", "boolean", "number"} else text
    except ValueError:
        return text
