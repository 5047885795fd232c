"""The fast validator, jsonschema and jsonschema-rs give one answer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pennyform.invoices.explain import Reference
from pennyform.invoices.schema import definition_schema
from pennyform.invoices.validator import compile_schema

from .definitions import OF_KIND, nearly_valid

KINDS = sorted(OF_KIND)


def three_answers(schema: dict[str, Any], value: Any) -> tuple[bool, bool, bool]:
    fast = compile_schema(schema)(value)
    reference = Reference(schema).is_valid(value)
    rust = jsonschema_rs.Draft7Validator(schema, validate_formats=False).is_valid(value)
    return fast, reference, rust


@pytest.mark.parametrize("kind", KINDS)
def test_emitted_schema_is_a_draft_07_schema(kind: str) -> None:
    Reference.check_schema(definition_schema(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_valid_definitions_are_accepted_by_all(kind: str) -> None:
    for value in OF_KIND[kind]:
        assert three_answers(definition_schema(kind), value) == (True, True, True)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_all_three_agree(data: st.DataObject, kind: str) -> None:
    answers = three_answers(definition_schema(kind), data.draw(nearly_valid(kind)))
    assert len(set(answers)) == 1, answers


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
    assert len(set(three_answers(schema, value))) == 1


def test_unknown_keyword_is_refused() -> None:
    with pytest.raises(ValueError, match="dependencies"):
        compile_schema({"properties": {"a": {"dependencies": {}}}})
