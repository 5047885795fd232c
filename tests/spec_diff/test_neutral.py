"""The same contract written differently is the same contract."""

from __future__ import annotations

from typing import Any

import pytest
from pennyform.spec.diff import compare

from .contracts import answering, document, operation, sending, thing

TEXT = {"type": "string"}
PLAIN = thing(a=TEXT, b={"type": "string", "enum": ["x", "y"]}, c=thing(d=TEXT), required=["a", "b"])
NAMED = {"$ref": "#/components/schemas/B"}
NULL = {"type": "string", "enum": [None], "nullable": True}

# What is written differently -> two schemas that mean the same.
PAIRS: dict[str, tuple[Any, Any]] = {
    "a lonely allOf": (PLAIN, {"allOf": [PLAIN]}),
    "an allOf of an allOf": (PLAIN, {"allOf": [{"allOf": [PLAIN, {}]}, {}]}),
    "an allOf with parts of an object": (
        {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["a", "b"]},
        {
            "allOf": [
                {"type": "object", "properties": {"a": TEXT}, "required": ["a"]},
                {"type": "object", "properties": {"b": TEXT}, "required": ["b"]},
            ]
        },
    ),
    "an allOf with a limit of its own": (
        thing(a={"type": "string", "minLength": 1, "maxLength": 9}),
        thing(a={"allOf": [{"type": "string", "maxLength": 9}, {"minLength": 1}]}),
    ),
    "limits that imply each other": (
        thing(a={"type": "string", "maxLength": 9}),
        thing(a={"allOf": [{"type": "string", "maxLength": 9}, {"maxLength": 20}]}),
    ),
    "lower limits that imply each other": (
        thing(a={"type": "string", "minLength": 5}),
        thing(a={"allOf": [{"type": "string", "minLength": 2}, {"minLength": 5}]}),
    ),
    "an allOf of a closed object and an open one": (PLAIN, {"allOf": [PLAIN, {"type": "object"}]}),
    "a union of one": (PLAIN, {"oneOf": [PLAIN]}),
    "a union of the same": (PLAIN, {"anyOf": [PLAIN, PLAIN]}),
    "a union in a union": (
        {"anyOf": [thing(a=TEXT), thing(b=TEXT), thing(c=TEXT)]},
        {"anyOf": [{"anyOf": [thing(a=TEXT), thing(b=TEXT)]}, thing(c=TEXT)]},
    ),
    "variants in another order": (
        {"oneOf": [thing(a=TEXT), thing(b=TEXT)]},
        {"oneOf": [thing(b=TEXT), thing(a=TEXT)]},
    ),
    "anyOf instead of oneOf": (
        {"oneOf": [thing(a=TEXT), thing(b=TEXT)]},
        {"anyOf": [thing(a=TEXT), thing(b=TEXT)]},
    ),
    "nullable as a variant": (thing(a={**TEXT, "nullable": True}), thing(a={"oneOf": [TEXT, NULL]})),
    "nullable as a type": (thing(a={**TEXT, "nullable": True}), thing(a={"type": ["string", "null"]})),
    "nullable as a null schema": (
        thing(a={**TEXT, "nullable": True}),
        thing(a={"anyOf": [{"type": "null"}, TEXT]}),
    ),
    "nullable as a value": (
        thing(a={**TEXT, "enum": ["x"], "nullable": True}),
        thing(a={**TEXT, "enum": [None, "x"]}),
    ),
    "nullable outside of a reference": (
        thing(a={"type": "string", "enum": ["x", "y"], "nullable": True}),
        thing(a={"allOf": [{"type": "string", "enum": ["x", "y"]}], "nullable": True}),
    ),
    "null said twice": (
        thing(a={**TEXT, "nullable": True}),
        thing(a={"oneOf": [{**TEXT, "nullable": True}, NULL]}),
    ),
    "values in another order, one twice": (
        thing(a={**TEXT, "enum": ["x", "y"]}),
        thing(a={**TEXT, "enum": ["y", "x", "y"]}),
    ),
    "values without their type": (thing(a={**TEXT, "enum": ["x"]}), thing(a={"enum": ["x"]})),
    "a constant": (thing(a={"enum": [True], "type": "boolean"}), thing(a={"const": True, "type": "boolean"})),
    "values in several lists": (
        thing(a={**TEXT, "enum": ["x", "y"]}),
        thing(a={"anyOf": [{**TEXT, "enum": ["y"]}, {**TEXT, "enum": ["x"]}]}),
    ),
    "types in several schemas": (
        thing(a={"type": ["integer", "string"]}),
        thing(a={"anyOf": [TEXT, {"type": "integer"}]}),
    ),
    "fields in another order": (PLAIN, {**PLAIN, "properties": dict(reversed(PLAIN["properties"].items()))}),
    "required in another order": (PLAIN, {**PLAIN, "required": ["b", "a"]}),
    "explicit defaults": (
        thing(a={"type": "object"}),
        thing(
            a={
                "type": "object",
                "additionalProperties": True,
                "nullable": False,
                "deprecated": False,
                "readOnly": False,
            }
        ),
    ),
    "an empty schema for the rest": (
        thing(a={"type": "object"}),
        thing(a={"type": "object", "additionalProperties": {}}),
    ),
    "an exclusive bound of 3.0 and of 3.1": (
        thing(a={"type": "number", "minimum": 0, "exclusiveMinimum": True}),
        thing(a={"type": "number", "exclusiveMinimum": 0}),
    ),
    "a whole number with a fraction of nothing": (
        thing(a={"type": "number", "maximum": 9}),
        thing(a={"type": "number", "maximum": 9.0}),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("made", [sending, answering])
def test_a_schema_written_differently(name: str, made: Any) -> None:
    one, other = PAIRS[name]
    assert compare(made(one), made(other)) == []
    assert compare(made(other), made(one)) == []


def test_a_name_for_what_stood_there() -> None:
    schema = {"type": "string", "enum": ["x", "y"]}
    assert compare(sending(thing(b=schema)), sending(thing(b=NAMED), schemas={"B": schema})) == []


def test_another_name_for_the_same() -> None:
    schema = {"type": "string", "enum": ["x", "y"]}
    other = {"$ref": "#/components/schemas/C"}
    assert (
        compare(
            sending(thing(b=NAMED), schemas={"B": schema}), sending(thing(b=other), schemas={"C": schema})
        )
        == []
    )


def test_a_parameter_of_the_path_item_is_one_of_each_operation() -> None:
    parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    inside = {"put": operation(parameters=[parameter])}
    outside = {"put": operation(), "parameters": [parameter]}
    assert compare(document(inside), document(outside)) == []


def test_a_parameter_says_what_goes_without_saying() -> None:
    silent = {"name": "page", "in": "query", "schema": TEXT}
    spoken = {**silent, "required": False, "style": "form", "explode": True, "deprecated": False}
    one = document({"put": operation(parameters=[silent])})
    assert compare(one, document({"put": operation(parameters=[spoken])})) == []


# What is written differently -> two contracts that mean the same.
SECURE = operation(security=[{"oauth2": ["a"]}])
UPLOAD = {"content": {"multipart/form-data": {"schema": thing(a=TEXT, b={**TEXT, "format": "binary"})}}}
ENCODED = {
    "multipart/form-data": {
        **UPLOAD["content"]["multipart/form-data"],
        "encoding": {"a": {"contentType": "text/plain"}, "b": {"contentType": "application/octet-stream"}},
    }
}
CONTRACTS: dict[str, tuple[Any, Any]] = {
    "security of the document": (
        document({"put": SECURE}),
        {**document(), "security": [{"oauth2": ["a"]}]},
    ),
    "security of the document that an operation replaces": (
        document({"put": SECURE}),
        {**document({"put": SECURE}), "security": [{"key": []}]},
    ),
    "no security": (document(), document({"put": operation(security=[])})),
    "requirements in another order": (
        document({"put": operation(security=[{"oauth2": ["a"]}, {"key": []}])}),
        document({"put": operation(security=[{"key": []}, {"oauth2": ["a"]}])}),
    ),
    "a security scheme under another name": (
        document({"put": operation(security=[{"key": []}])}, securitySchemes={"key": {"type": "http"}}),
        document({"put": operation(security=[{"token": []}])}, securitySchemes={"token": {"type": "http"}}),
    ),
    "a security scheme that no operation asks for": (
        document(),
        document(securitySchemes={"token": {"type": "http"}}),
    ),
    "a slash at the end of a server": (
        document(),
        {**document(), "servers": [{"url": "https://api.example.com/"}]},
    ),
    "a character set": (
        sending(thing(a=TEXT)),
        document(
            {
                "put": operation(
                    requestBody={
                        "required": True,
                        "content": {"application/json; charset=utf-8": {"schema": thing(a=TEXT)}},
                    }
                )
            }
        ),
    ),
    "an encoding that says the default": (
        document({"put": operation(requestBody=UPLOAD)}),
        document({"put": operation(requestBody={"content": ENCODED})}),
    ),
}


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_written_differently(name: str) -> None:
    one, other = CONTRACTS[name]
    assert compare(one, other) == []
    assert compare(other, one) == []


def test_a_part_that_comes_with_its_encoding_is_a_field_that_comes() -> None:
    body = {"multipart/form-data": {"schema": thing(a=TEXT)}}
    old = document({"put": operation(requestBody={"content": body})})
    (change,) = compare(old, document({"put": operation(requestBody={"content": ENCODED})}))
    assert (change.kind, change.path, change.severity) == ("field-added", "b", "additive")


def test_scopes_in_another_form() -> None:
    one = document({"put": operation(security=[{"oauth2": ["a", "b"]}])})
    assert compare(one, document({"put": operation(security=[{"oauth2": ["b"]}, {"oauth2": ["a"]}])})) == []


def test_an_answer_by_name() -> None:
    answer = {"description": "", "content": {"application/json": {"schema": thing(a=TEXT)}}}
    named = {"$ref": "#/components/responses/Thing"}
    one = document({"put": operation(responses={"200": answer})})
    other = document({"put": operation(responses={"200": named})}, responses={"Thing": answer})
    assert compare(one, other) == []
