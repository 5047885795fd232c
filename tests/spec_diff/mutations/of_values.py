"""Mutations of what a schema says about one value."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from .anatomy import Anatomy, Site
from .mutation import Mutation, of_schema

B, T, A = "breaking", "attention", "additive"
Schema = dict[str, Any]
Change = Callable[[Schema], Schema | None]


def _each(kind: str, change: Change, *, sent: str, answered: str) -> Any:
    """A maker that changes one schema at a time, those of fields and named ones, where ``change`` can."""

    def make(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
        sites = anatomy.schemas(_stands_alone)
        random_.shuffle(sites)
        for site in sites:
            value = change(site.schema)
            if value is not None:
                leaf = site.name if site.name and "$ref" not in site.schema else ""
                yield of_schema(anatomy, site, value, (kind,), sent=sent, answered=answered, leaf=leaf)

    make.__name__ = kind
    return make


def _stands_alone(site: Site) -> bool:
    return site.alone and not site.in_union and bool(site.name or site.pointer[-2:-1] == ("schemas",))


def _typed(kind: str, *beside: str) -> Callable[[Schema], bool]:
    """Schemas of a type that say nothing else than ``beside``."""
    return lambda schema: schema.get("type") == kind and schema.keys() <= {"type", "nullable", *beside}


def _when(wanted: Callable[[Schema], bool], **facts: Any) -> Change:
    return lambda schema: {**schema, **facts} if wanted(schema) else None


def _dropping(keyword: str, wanted: Callable[[Schema], bool] = bool) -> Change:
    def change(schema: Schema) -> Schema | None:
        if not schema.get(keyword) or not wanted(schema):
            return None
        return {key: value for key, value in schema.items() if key != keyword}

    return change


def _moved(keyword: str, by: int) -> Change:
    return lambda schema: {**schema, keyword: schema[keyword] + by} if keyword in schema else None


def _retyped(schema: Schema) -> Schema | None:
    other = {
        "string": "integer",
        "integer": "string",
        "boolean": "string",
        "object": "array",
        "array": "object",
    }
    kind = schema.get("type")
    return {"type": other[kind], "nullable": bool(schema.get("nullable"))} if kind in other else None


def _listed(change: Callable[[list[Any]], list[Any]], at_least: int = 2) -> Change:
    def apply(schema: Schema) -> Schema | None:
        values = [value for value in schema.get("enum", ()) if isinstance(value, str)]
        return {**schema, "enum": change(values)} if len(values) >= at_least else None

    return apply


_text, _integer, _number = _typed("string"), _typed("integer", "format"), _typed("number")

MAKERS = [
    _each("type-changed", _retyped, sent=B, answered=B),
    _each(
        "type-widened",
        lambda schema: {"type": "number"} if schema == {"type": "integer"} else None,
        sent=A,
        answered=B,
    ),
    _each("type-widened", _when(_text, type=["string", "integer"]), sent=A, answered=B),
    _each("type-narrowed", _when(_number, type="integer"), sent=B, answered=T),
    _each(
        "nullable-added",
        lambda schema: (
            {**schema, "nullable": True} if "type" in schema and not schema.get("nullable") else None
        ),
        sent=A,
        answered=B,
    ),
    _each(
        "nullable-removed",
        _dropping("nullable", lambda schema: None not in schema.get("enum", ())),
        sent=B,
        answered=A,
    ),
    _each("enum-values-removed", _listed(lambda values: values[1:]), sent=B, answered=T),
    _each("enum-values-removed", _listed(lambda values: values[: len(values) // 2]), sent=B, answered=T),
    _each("enum-values-added", _listed(lambda values: ["zz_new", *values], 1), sent=A, answered=T),
    _each("enum-values-replaced", _listed(lambda values: [*values[1:], "zz_new"]), sent=B, answered=T),
    _each("enum-introduced", _when(_text, enum=["zz_one", "zz_two"]), sent=B, answered=A),
    _each("enum-lifted", _dropping("enum", lambda schema: None not in schema["enum"]), sent=A, answered=T),
    _each("limit-narrowed", _when(_text, maxLength=40), sent=B, answered=A),
    _each("limit-narrowed", _moved("maxLength", -1), sent=B, answered=A),
    _each("limit-widened", _moved("maxLength", 1), sent=A, answered=T),
    _each("limit-widened", _dropping("maxLength"), sent=A, answered=T),
    _each("limit-narrowed", _moved("minItems", 1), sent=B, answered=A),
    _each("limit-narrowed", _moved("minLength", 1), sent=B, answered=A),
    _each("limit-narrowed", _when(_number, minimum=0), sent=B, answered=A),
    _each("limit-narrowed", _when(_text, pattern="^[a-z]+$"), sent=B, answered=A),
    _each(
        "limit-changed",
        lambda schema: {**schema, "pattern": "^x*$"} if "pattern" in schema else None,
        sent=B,
        answered=T,
    ),
    _each("limit-widened", _dropping("pattern"), sent=A, answered=T),
    _each(
        "format-removed", _dropping("format", lambda schema: schema["format"] == "int64"), sent=A, answered=T
    ),
    _each("format-added", _when(_text, format="email"), sent=B, answered=T),
    _each(
        "format-changed",
        lambda schema: {**schema, "format": "date-time"} if schema.get("format") == "date" else None,
        sent=B,
        answered=B,
    ),
    _each(
        "type-format-removed",
        _dropping("format", lambda schema: schema["format"] in ("date", "date-time", "binary")),
        sent=T,
        answered=B,
    ),
    _each("type-format-added", _when(_text, format="date"), sent=B, answered=B),
    _each(
        "format-narrowed",
        lambda schema: {**schema, "format": "int32"} if schema.get("format") == "int64" else None,
        sent=B,
        answered=A,
    ),
    _each(
        "unknown-keyword-changed",
        _when(_text, **{"x-pennyform-unknown-keywords": {"/contentEncoding": "0" * 12}}),
        sent=B,
        answered=B,
    ),
    _each("deprecated", _when(_integer, deprecated=True), sent=T, answered=T),
    _each("undeprecated", _dropping("deprecated"), sent=A, answered=A),
    _each("default-changed", _when(_text, default="zz"), sent=T, answered=A),
    _each("default-changed", _dropping("default"), sent=T, answered=A),
]
