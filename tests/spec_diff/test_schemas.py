"""What changes in a schema: its kind, its place, and its class in requests and in answers."""

from __future__ import annotations

from typing import Any

import pytest
from pennyform.spec.diff import Change, compare

from .contracts import answering, sending, thing

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
INTEGER = {"type": "integer"}
B, T, A = "breaking", "attention", "additive"

# What is being shown -> old schema, new schema, kind, path, class in requests, class in answers.
CASES: dict[str, tuple[Any, Any, str, str, str, str]] = {
    "a field comes": (thing(), thing(a=TEXT), "field-added", "a", A, A),
    "a field goes": (thing(a=TEXT), thing(), "field-removed", "a", B, B),
    "a field gets another name": (thing(a=TEXT), thing(b=TEXT), "field-renamed", "a", B, B),
    "a field must be there": (
        thing(a=TEXT),
        thing(a=TEXT, required=["a"]),
        "field-required",
        "a",
        B,
        A,
    ),
    "a field may be missing": (
        thing(a=TEXT, required=["a"]),
        thing(a=TEXT),
        "field-optional",
        "a",
        A,
        B,
    ),
    "an inner field goes": (thing(a=thing(b=TEXT)), thing(a=thing()), "field-removed", "a.b", B, B),
    "a field of an item goes": (
        thing(a={"type": "array", "items": thing(b=TEXT)}),
        thing(a={"type": "array", "items": thing()}),
        "field-removed",
        "a[].b",
        B,
        B,
    ),
    "a field of a map's value goes": (
        thing(a={"type": "object", "additionalProperties": thing(b=TEXT)}),
        thing(a={"type": "object", "additionalProperties": thing()}),
        "field-removed",
        "a{*}.b",
        B,
        B,
    ),
    "an object is closed": (
        thing(a={"type": "object"}),
        thing(a={"type": "object", "additionalProperties": False}),
        "object-closed",
        "a",
        B,
        A,
    ),
    "an object is opened": (
        thing(a={"type": "object", "additionalProperties": False}),
        thing(a={"type": "object"}),
        "object-opened",
        "a",
        A,
        A,
    ),
    "another type": (thing(a=TEXT), thing(a=INTEGER), "type-changed", "a", B, B),
    "an object becomes a list": (
        thing(a=thing(b=TEXT)),
        thing(a={"type": "array", "items": thing(b=TEXT)}),
        "type-changed",
        "a",
        B,
        B,
    ),
    "a wider type": (thing(a=INTEGER), thing(a=NUMBER), "type-widened", "a", A, B),
    "one type more": (thing(a=TEXT), thing(a={"type": ["string", "boolean"]}), "type-widened", "a", A, B),
    "a narrower type": (thing(a=NUMBER), thing(a=INTEGER), "type-narrowed", "a", B, T),
    "null comes": (thing(a=TEXT), thing(a={**TEXT, "nullable": True}), "nullable-added", "a", A, B),
    "null goes": (thing(a={**TEXT, "nullable": True}), thing(a=TEXT), "nullable-removed", "a", B, A),
    "a value comes": (
        thing(a={**TEXT, "enum": ["x"]}),
        thing(a={**TEXT, "enum": ["y", "x"]}),
        "enum-values-added",
        "a",
        A,
        T,
    ),
    "a value goes": (
        thing(a={**TEXT, "enum": ["x", "y"]}),
        thing(a={**TEXT, "enum": ["y"]}),
        "enum-values-removed",
        "a",
        B,
        T,
    ),
    "a value gives way to another": (
        thing(a={**TEXT, "enum": ["x", "y"]}),
        thing(a={**TEXT, "enum": ["x", "z"]}),
        "enum-values-replaced",
        "a",
        B,
        T,
    ),
    "true is not 1": (
        thing(a={"enum": [1]}),
        thing(a={"enum": [True]}),
        "type-changed",
        "a",
        B,
        B,
    ),
    "values are listed": (thing(a=TEXT), thing(a={**TEXT, "enum": ["x"]}), "enum-introduced", "a", B, A),
    "values are free": (thing(a={**TEXT, "enum": ["x"]}), thing(a=TEXT), "enum-lifted", "a", A, T),
    "a limit comes": (thing(a=TEXT), thing(a={**TEXT, "maxLength": 9}), "limit-narrowed", "a", B, A),
    "a limit goes": (thing(a={**TEXT, "maxLength": 9}), thing(a=TEXT), "limit-widened", "a", A, T),
    "a maximum falls": (
        thing(a={**NUMBER, "maximum": 9}),
        thing(a={**NUMBER, "maximum": 8.5}),
        "limit-narrowed",
        "a",
        B,
        A,
    ),
    "a minimum falls": (
        thing(a={**NUMBER, "minimum": 1}),
        thing(a={**NUMBER, "minimum": 0}),
        "limit-widened",
        "a",
        A,
        T,
    ),
    "a minimum excludes itself": (
        thing(a={**NUMBER, "minimum": 0}),
        thing(a={**NUMBER, "minimum": 0, "exclusiveMinimum": True}),
        "limit-narrowed",
        "a",
        B,
        A,
    ),
    "items must differ": (
        thing(a={"type": "array"}),
        thing(a={"type": "array", "uniqueItems": True}),
        "limit-narrowed",
        "a",
        B,
        A,
    ),
    "another pattern": (
        thing(a={**TEXT, "pattern": "^a"}),
        thing(a={**TEXT, "pattern": "^b"}),
        "limit-changed",
        "a",
        B,
        T,
    ),
    "a format that checks comes": (
        thing(a=TEXT),
        thing(a={**TEXT, "format": "email"}),
        "format-added",
        "a",
        B,
        T,
    ),
    "a format that checks goes": (
        thing(a={**INTEGER, "format": "int64"}),
        thing(a=INTEGER),
        "format-removed",
        "a",
        A,
        T,
    ),
    "a format that makes a type comes": (
        thing(a=TEXT),
        thing(a={**TEXT, "format": "date"}),
        "type-format-added",
        "a",
        B,
        B,
    ),
    "a format that makes a type goes": (
        thing(a={**TEXT, "format": "date-time"}),
        thing(a=TEXT),
        "type-format-removed",
        "a",
        T,
        B,
    ),
    "another format": (
        thing(a={**TEXT, "format": "date"}),
        thing(a={**TEXT, "format": "date-time"}),
        "format-changed",
        "a",
        B,
        B,
    ),
    "larger integers": (
        thing(a={**INTEGER, "format": "int32"}),
        thing(a={**INTEGER, "format": "int64"}),
        "format-widened",
        "a",
        A,
        T,
    ),
    "more precise numbers": (
        thing(a={**NUMBER, "format": "float"}),
        thing(a={**NUMBER, "format": "double"}),
        "format-widened",
        "a",
        A,
        T,
    ),
    "less precise numbers": (
        thing(a={**NUMBER, "format": "double"}),
        thing(a={**NUMBER, "format": "float"}),
        "format-narrowed",
        "a",
        B,
        A,
    ),
    "a keyword that pennyform does not know": (
        thing(a=TEXT),
        thing(a={**TEXT, "x-pennyform-unknown-keywords": {"/contentEncoding": "0" * 12}}),
        "unknown-keyword-changed",
        "a",
        B,
        B,
    ),
    "another default": (
        thing(a={**TEXT, "default": "x"}),
        thing(a={**TEXT, "default": "y"}),
        "default-changed",
        "a",
        T,
        A,
    ),
    "a field is deprecated": (thing(a=TEXT), thing(a={**TEXT, "deprecated": True}), "deprecated", "a", T, T),
    "a value is deprecated": (
        thing(a={**TEXT, "enum": ["x", "y"]}),
        thing(a={**TEXT, "enum": ["x", "y"], "x-pennyform-deprecated-values": ["y"]}),
        "deprecated",
        "a",
        T,
        T,
    ),
    "fewer decimals": (
        thing(a={**TEXT, "x-pennyform-decimals": 6}),
        thing(a={**TEXT, "x-pennyform-decimals": 2}),
        "limit-narrowed",
        "a",
        B,
        A,
    ),
    "a field is welcome again": (
        thing(a={**TEXT, "deprecated": True}),
        thing(a=TEXT),
        "undeprecated",
        "a",
        A,
        A,
    ),
    "a variant comes": (
        {"anyOf": [thing(a=TEXT), thing(b=TEXT)]},
        {"anyOf": [thing(a=TEXT), thing(b=TEXT), thing(c=TEXT)]},
        "variant-added",
        "<c>",
        A,
        T,
    ),
    "a variant goes": (
        {"oneOf": [thing(a=TEXT), thing(b=TEXT), thing(c=TEXT)]},
        {"oneOf": [thing(a=TEXT), thing(c=TEXT)]},
        "variant-removed",
        "<b>",
        B,
        A,
    ),
    "what had one form has two": (
        thing(a=thing(x=TEXT)),
        thing(a={"oneOf": [thing(x=TEXT), thing(y=TEXT)]}),
        "variant-added",
        "a<y>",
        A,
        T,
    ),
    "one variant loses a field": (
        {"anyOf": [thing(a=TEXT, b=TEXT, d=TEXT), thing(a=TEXT, c=TEXT, d=TEXT)]},
        {"anyOf": [thing(a=TEXT, b=TEXT), thing(a=TEXT, c=TEXT, d=TEXT)]},
        "field-removed",
        "<b>.d",
        B,
        B,
    ),
    "every variant loses a field": (
        {"anyOf": [thing(a=TEXT, b=TEXT, d=TEXT), thing(a=TEXT, c=TEXT, d=TEXT)]},
        {"anyOf": [thing(a=TEXT, b=TEXT), thing(a=TEXT, c=TEXT)]},
        "field-removed",
        "d",
        B,
        B,
    ),
    "a field moves to another variant": (
        {"anyOf": [thing(a=TEXT, b=TEXT, d=TEXT), thing(a=TEXT, c=TEXT)]},
        {"anyOf": [thing(a=TEXT, b=TEXT), thing(a=TEXT, c=TEXT, d=TEXT)]},
        "field-moved",
        "d",
        B,
        B,
    ),
    "an unknown keyword": (
        thing(a={**TEXT, "not": {"enum": ["x"]}}),
        thing(a={**TEXT, "not": {"enum": ["y"]}}),
        "constraint-changed",
        "a",
        B,
        T,
    ),
}


def _shown(changes: list[Change]) -> list[tuple[str, str, str, str]]:
    return [(change.kind, change.path, change.direction, change.severity) for change in changes]


@pytest.mark.parametrize("name", CASES)
def test_in_what_is_sent(name: str) -> None:
    old, new, kind, path, sent, _ = CASES[name]
    assert _shown(compare(sending(old), sending(new))) == [(kind, path, "request", sent)]


@pytest.mark.parametrize("name", CASES)
def test_in_what_comes_back(name: str) -> None:
    old, new, kind, path, _, answered = CASES[name]
    assert _shown(compare(answering(old), answering(new))) == [(kind, path, "answer", answered)]


def test_a_new_field_that_must_be_sent_breaks_and_one_that_is_always_answered_does_not() -> None:
    old, new = thing(), thing(a=TEXT, required=["a"])
    sent = compare(sending(old), sending(new))
    answered = compare(answering(old), answering(new))
    assert _shown(sent) == [("required-field-added", "a", "request", B)]
    assert _shown(answered) == [("field-added", "a", "answer", A)]


def test_variants_with_nothing_in_common_are_not_the_same_variant() -> None:
    kept = thing(a=TEXT)
    gone, come = ({"type": "object", "properties": {name: TEXT, f"{name}2": TEXT}} for name in "xy")
    changes = compare(sending({"anyOf": [kept, gone]}), sending({"anyOf": [kept, come]}))
    assert [change.kind for change in changes] == ["variant-removed", "variant-added"]


def test_only_what_goes_in_a_direction_counts_there() -> None:
    old, new = thing(a=TEXT), thing(a={**TEXT, "readOnly": True})
    assert _shown(compare(sending(old), sending(new))) == [("field-removed", "a", "request", B)]
    assert compare(answering(old), answering(new)) == []


def test_a_change_of_type_is_reported_without_what_follows_from_it() -> None:
    old = thing(a={**TEXT, "enum": ["x"], "maxLength": 3, "default": "x"})
    changes = compare(sending(old), sending(thing(a=thing(b=TEXT))))
    assert _shown(changes) == [("type-changed", "a", "request", B)]


def test_a_name_that_is_not_a_word_cannot_be_mistaken_for_a_place() -> None:
    old = thing(**{"a[]": TEXT, "<query>": TEXT})
    paths = [change.path for change in compare(sending(old), sending(thing()))]
    assert sorted(paths) == ['"<query>"', '"a[]"']


def test_cyclic_schemas_end_and_are_compared() -> None:
    def tree(**fields: Any) -> dict[str, Any]:
        node = thing(children={"type": "array", "items": {"$ref": "#/components/schemas/Node"}}, **fields)
        return {"Node": node, "Root": thing(top={"$ref": "#/components/schemas/Node"})}

    root = {"$ref": "#/components/schemas/Root"}
    old, new = sending(root, schemas=tree(a=TEXT)), sending(root, schemas=tree())
    assert compare(old, old) == []
    assert [(change.kind, change.path) for change in compare(old, new)] == [("field-removed", "top.a")]
