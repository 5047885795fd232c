"""The fast validator and jsonschema give one answer."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pennyform.invoices.schema.errors import Reference
from pennyform.invoices.schema.schema import compile_schema
from pennyform.invoices.yaml.document import Document

from .definitions import CUSTOMER, OF_KIND, PROBES, SCHEMAS, definition_schema, nearly_valid

KINDS = sorted(OF_KIND)


def two_answers(schema: dict[str, Any], value: Any) -> tuple[bool, bool]:
    return compile_schema(schema).is_valid(value), Reference(schema).is_valid(value)


@pytest.mark.parametrize("kind", KINDS)
def test_emitted_schema_is_a_draft_07_schema(kind: str) -> None:
    Reference.check_schema(definition_schema(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_valid_definitions_are_accepted_by_both(kind: str) -> None:
    for value in OF_KIND[kind]:
        assert two_answers(definition_schema(kind), value) == (True, True)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_both_agree(data: st.DataObject, kind: str) -> None:
    answers = two_answers(definition_schema(kind), data.draw(nearly_valid(kind)))
    assert len(set(answers)) == 1, answers


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema within ``schema``, itself included."""
    yield schema
    for name in ("properties", "patternProperties"):
        for inner in schema.get(name, {}).values():
            yield from parts(inner)
    for name in ("items", "additionalProperties", "propertyNames", "if", "then", "else", "not"):
        if isinstance(schema.get(name), dict):
            yield from parts(schema[name])
    for name in ("anyOf", "oneOf", "allOf"):
        for inner in schema.get(name, ()):
            yield from parts(inner)


def words(schema: dict[str, Any]) -> list[Any]:
    """What a schema itself names, and what lies beside its limits."""
    limits = [schema[name] for name in ("minimum", "maximum") if name in schema]
    lengths = [schema[name] for name in ("minLength", "maxLength", "minItems", "maxItems") if name in schema]
    return [
        *schema.get("enum", ())[:3],
        *([schema["const"]] if "const" in schema else []),
        *(limit + step for limit in limits for step in (-1, 0, 1)),
        *(kind * (length + step) for length in lengths for step in (0, 1) for kind in ("x", [1])),
        *(kind * (length - 1) for length in lengths if length for kind in ("x", [1])),
        *(dict.fromkeys(schema.get("required", ())[:keep], "") for keep in (None, 1, -1)),
    ]


def test_both_agree_on_every_part_and_every_corner() -> None:
    schemas = {repr(part): part for kind in KINDS for part in parts(definition_schema(kind))}
    assert len(schemas) > 200
    for schema in schemas.values():
        fast, reference = compile_schema(schema), Reference(schema)
        for value in [*PROBES, *words(schema)]:
            answers = (fast.is_valid(value), reference.is_valid(value))
            assert len(set(answers)) == 1, (schema, value, answers)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"const": 1}, True),
        ({"enum": [False]}, 0),
        ({"type": "integer"}, True),
        ({"type": ["string", "null"]}, None),
        ({"minLength": 2}, "\N{PILE OF POO}"),
        ({"minimum": 1}, True),
        ({"minimum": 1}, 0),
        ({"minimum": 1}, Decimal("0.999")),
        ({"minimum": 1}, 1),
        ({"maximum": 1}, Decimal("1.001")),
        ({"maxLength": 2}, "abc"),
        ({"minItems": 1}, []),
        ({"maxItems": 1}, [1, 2]),
        ({"propertyNames": {"pattern": "^[a-z]"}}, {"A": 1}),
        ({"not": {}}, 1),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 1),
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"a": 1}),
        ({"additionalProperties": {"type": "string"}}, {"a": 1}),
    ],
)
def test_corners(schema: dict[str, Any], value: Any) -> None:
    assert len(set(two_answers(schema, value))) == 1


def test_text_that_rust_cannot_hold_is_left_to_jsonschema() -> None:
    value = CUSTOMER | {"name": "\ud800"}
    assert SCHEMAS.errors("definitions/customer", Document("x", value)) == []
    (finding,) = SCHEMAS.errors("definitions/customer", Document("x", value | {"nmae": "\ud800"}))
    assert finding.rule == "unknown-field"
