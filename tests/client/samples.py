"""Data that conforms to a contract as it is pinned, made without any of the code under test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import jsonschema_rs
import msgspec
from pennyform.spec import read_overlays
from pennyform.spec.document.overlay import apply_overlays
from pennyform.spec.pin.store import Store

Schema = Mapping[str, Any]

_STRINGS = {
    "date": "2026-02-28",
    "date-time": "2026-02-28T09:30:00.125000Z",
    "email": "ada@example.com",
    "uri": "https://example.com/1",
    "uuid": "0d8f0c4e-6b1c-4f43-9a55-3f3c3a1f2b4d",
}


@cache
def pinned(api: str) -> dict[str, Any]:
    """A contract as pinned, with its overlays' corrections, not normalised."""
    store = Store.default()
    return apply_overlays(store.pinned(api), read_overlays(api, store))


@cache
def operations(api: str) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Path, method and operation object, by ``METHOD path``."""
    return {
        f"{method.upper()} {path}": (path, method, value)
        for path, item in pinned(api)["paths"].items()
        for method, value in item.items()
        if method in {"get", "put", "post", "delete", "patch"}
    }


def resolve(api: str, value: Any) -> Any:
    """What a ``$ref`` stands for, or the value itself."""
    while isinstance(value, Mapping) and "$ref" in value:
        target: Any = pinned(api)
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        value = target
    return value


def answer_schema(api: str, key: str) -> tuple[int, Schema | None]:
    """Success status and JSON schema of an operation's answer; None when it has no body."""
    responses = operations(api)[key][2]["responses"]
    status = next(code for code in responses if code.startswith("2"))
    content = resolve(api, responses[status]).get("content", {})
    return int(status), content.get("application/json", {}).get("schema")


def body_schema(api: str, key: str) -> tuple[str, Schema] | None:
    """Media type and schema of an operation's body, or None."""
    content = resolve(api, operations(api)[key][2].get("requestBody", {})).get("content", {})
    return next(((media, value["schema"]) for media, value in content.items()), None)


@dataclass(frozen=True)
class Sampler:
    """Makes one value of a schema.

    ``optional``: with the fields that may be left out. ``nulls``: null wherever it may stand. ``later``: as a
    later version of the service might answer: unknown enum values, unknown fields. ``choice``: which
    alternative of a union to take.
    """

    api: str
    optional: bool = True
    nulls: bool = False
    later: bool = False
    choice: int = 0

    def __call__(self, schema: Any) -> Any:
        schema = resolve(self.api, schema)
        if self.nulls and (schema.get("nullable") or schema.get("enum") == [None]):
            return None
        if "allOf" in schema:
            return self._all_of([*schema["allOf"], {k: v for k, v in schema.items() if k != "allOf"}])
        alternatives = [
            each
            for each in schema.get("oneOf", schema.get("anyOf", []))
            if resolve(self.api, each).get("enum") != [None]
        ]
        if alternatives:
            return self(alternatives[self.choice % len(alternatives)])
        if "enum" in schema:
            return self._value(schema["enum"])
        return self._of_type(schema)

    def _all_of(self, schemas: list[Any]) -> Any:
        parts = [resolve(self.api, each) for each in schemas]
        telling = [
            each for each in parts if {"type", "enum", "properties", "allOf", "oneOf", "anyOf"} & each.keys()
        ]
        values = [self(each) for each in telling]
        if values and all(isinstance(value, dict) for value in values):
            return {key: value for each in values for key, value in each.items()}
        return values[0] if values else "anything"

    def _value(self, values: list[Any]) -> Any:
        known = [value for value in values if value is not None]
        return "not_known_yet" if self.later and isinstance(known[0], str) else known[0]

    def _of_type(self, schema: Schema) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else None)
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            return [self(schema["items"])] * max(1, schema.get("minItems", 1))
        if kind == "integer":
            return max(81224367431680, schema.get("minimum", 0)) if schema.get("maximum") is None else 1
        if kind == "string":
            return self._string(schema)
        return {"number": Decimal("12.25"), "boolean": True}.get(str(kind), "anything")

    def _object(self, schema: Schema) -> dict[str, Any]:
        required = schema.get("required", [])
        chosen = {
            name: self(inner)
            for name, inner in schema.get("properties", {}).items()
            if self.optional or name in required
        }
        return {**chosen, "added_later": {"ratio": [Decimal("0.1"), None]}} if self.later else chosen

    def _string(self, schema: Schema) -> str:
        pattern = schema.get("pattern", "")
        if "\\d{" in pattern:
            return "7" * int(pattern.split("{")[1].split("}")[0])
        if schema.get("format") in _STRINGS:
            return _STRINGS[schema["format"]]
        return "12.50"


def json_text(value: Any) -> bytes:
    """JSON with decimals as numbers: what travels."""
    return msgspec.json.Encoder(decimal_format="number").encode(value)


def conforms(api: str, schema: Any, value: Any) -> list[str]:
    """What an independent validator holds against a value."""
    value = json.loads(json_text(value))
    errors = validator(api, json.dumps(schema)).iter_errors(value)
    return [f"{error.instance_path}: {error.message[:200]}" for error in errors]


@cache
def validator(api: str, schema: str) -> Any:
    """A validator of one of the contract's schemas, given as JSON text."""
    return jsonschema_rs.Draft202012Validator({**_components(api), **_modern(json.loads(schema))})


@cache
def _components(api: str) -> dict[str, Any]:
    return {"components": _modern(pinned(api)["components"])}


def _modern(schema: Any) -> Any:
    """OpenAPI 3.0's ``nullable``, in the words of JSON Schema."""
    if isinstance(schema, list):
        return [_modern(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    plain = {key: _modern(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain
