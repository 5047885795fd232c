"""Facts in sentences: what is read, and that nothing else is passed over."""

from __future__ import annotations

import msgspec
import pytest
from pennyform.spec.description_facts import operation_facts, parameter_facts, schema_facts
from pennyform.spec.document.extensions import (
    DECIMALS,
    DEFAULT,
    DEPRECATED_VALUES,
    FILE_SIZE,
    FILTERS,
    INCLUDES,
    SORTS,
    STABILITY,
)
from pennyform.spec.pin import fingerprint, reduce

ONE_LINE_PER_RULE = """You can choose to filter items on specific fields.
Available fields and values:
- `id` , `date`: `lt`, `eq`
- `draft`: `eq` (boolean)
"""
VALUES_EXPLAINED = """Available fields and operators:
- `id`, `customer_id`: `lt`, `in`
- `status`: `eq`

Available statuses:
- open: a sentence
"""
TWO_LINES = """You can choose to filter items on specific fields.
Available fields : `a`, `b`
Available operators : `lt`, `eq`
"""
SENTENCES = [
    ("filter", ONE_LINE_PER_RULE, {FILTERS: {"id": ["lt", "eq"], "date": ["lt", "eq"], "draft": ["eq"]}}),
    (
        "filter",
        VALUES_EXPLAINED,
        {FILTERS: {"id": ["lt", "in"], "customer_id": ["lt", "in"], "status": ["eq"]}},
    ),
    (
        "filter",
        "- `id`,`date`: `lt, eq`, `in`",
        {FILTERS: {"id": ["lt", "eq", "in"], "date": ["lt", "eq", "in"]}},
    ),
    ("filter", TWO_LINES, {FILTERS: {"a": ["lt", "eq"], "b": ["lt", "eq"]}}),
    ("sort", "Choose.\nExample : `id` sorts.\nAvailable fields : `id`, `date`\n", {SORTS: ["id", "date"]}),
    ("sort", "Example: `id` sorts.\nAvailable fields :\n- `id`\n- `date`\n", {SORTS: ["id", "date"]}),
    ("include", "Choose.\nAvailable includes: `lines`\n\nA warning.", {INCLUDES: ["lines"]}),
    ("limit", "Number of items.\nDefaults to 20 if not specified.\n", {DEFAULT: 20}),
    ("cursor", "Available fields : `id`", {}),
    ("sort", "", {}),
]


@pytest.mark.parametrize(("name", "text", "facts"), SENTENCES)
def test_what_a_list_takes_is_read_from_its_parameters(name, text, facts):
    reading = parameter_facts({"name": name, "description": text, "schema": {"type": "integer"}})
    assert reading.facts == facts
    assert reading.unread == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("filter", "- `id`: anything you like"),
        ("filter", "- `id`: `eq`, `resembles`"),
        ("filter", "Fields are up to you."),
        ("sort", "Sorted as you wish."),
        ("include", "Include what you wish."),
    ],
)
def test_what_a_list_takes_in_another_form_is_listed(name, text):
    reading = parameter_facts({"name": name, "description": text})
    assert reading.facts == {}
    assert (name, text) in [(unread.category, unread.sentence) for unread in reading.unread]


TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
MOODS = {"type": "string", "enum": ["good", "bad"]}
LIST = {"type": "array", "items": {}}
STATEMENTS = [
    (TEXT, "A label. Maximum 5,000 characters.", {"maxLength": 5000}),
    (TEXT, "More. maximum 20,000 characters.", {"maxLength": 20000}),
    ({}, "Maximum 255 characters.", {"maxLength": 255}),
    (TEXT, "2 to 5 letters that represents the thing", {"minLength": 2, "maxLength": 5}),
    (TEXT, "The price (a price). Can be set up to 6 decimals.", {DECIMALS: 6}),
    (TEXT, "It must have a maximum of 7 decimals.", {DECIMALS: 7}),
    (LIST, "Array of lines (up to 20 items)", {"maxItems": 20}),
    (LIST, "The max number of a\nthat you can create using this endpoint is 9 per request.", {"maxItems": 9}),
    (WHOLE, "Must be between 1 and 1,000.", {"minimum": 1, "maximum": 1000}),
    (TEXT, "Default is EUR.", {"default": "EUR"}),
    (MOODS, "Default is `good`", {"default": "good"}),
    ({"type": "boolean"}, "Defaults to false if not specified.", {"default": False}),
    (TEXT, "> ⚠️ This attribute is deprecated and will be removed soon.", {"deprecated": True}),
    (TEXT, "This attribute is **deprecated**. Please use `a` from `b` instead. Words.", {"deprecated": True}),
    (MOODS, "- `bad`: Deprecated.", {DEPRECATED_VALUES: ["bad"]}),
    ({"type": "string", "format": "date"}, "Some day (ISO 8601)", {}),
    ({"type": "string", "enum": ["EUR"]}, "Currency (ISO 4217).", {}),
    (TEXT, "Warning: This feature is currently experimental and may change.", {STABILITY: "experimental"}),
    ({"type": "string", "maxLength": 10}, "Maximum 10 characters.", {"maxLength": 10}),
    (TEXT, "The name of it. Nothing else.", {}),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "text", "facts"), STATEMENTS)
def test_what_is_said_of_a_value_becomes_structure(schema, text, facts):
    reading = schema_facts({**schema, "description": text})
    assert reading.facts == facts
    assert reading.unread == ()


@pytest.mark.parametrize(
    ("schema", "text", "category"),
    [
        (WHOLE, "Maximum 5 characters.", "length"),
        (MOODS, "Default is `neither`", "default"),
        (WHOLE, "Default is `x`", "default"),
        (MOODS, "- `neither`: Deprecated.", "deprecation"),
        (TEXT, "Some day (ISO 8601)", "format"),
        ({"type": "object"}, "A list (up to 20 items)", "limit"),
        (TEXT, "Replaces the deprecated one.", "deprecation"),
        (TEXT, "At most what you need.", "limit"),
        (TEXT, "Must be unique", "uniqueness"),
        (TEXT, "Required when `a` is set.", "condition"),
        (TEXT, "This is in alpha.", "stability"),
        (TEXT, "No more than 3 letters.", "length"),
        ({"type": "string", "maxLength": 10}, "Maximum 20 characters.", "contradiction"),
        ({"type": "integer", "maximum": 100}, "Must be between 1 and 1000.", "contradiction"),
    ],
)
def test_what_seems_to_be_a_fact_but_is_in_no_known_form_is_listed(schema, text, category):
    reading = schema_facts({**schema, "description": text})
    assert reading.facts == {}
    assert [(unread.category, unread.sentence) for unread in reading.unread] == [(category, text)]


SECURED = {"security": [{"oauth2": ["things:all", "things:readonly"]}]}
NEEDS = (
    "> \u2139\ufe0f\n> This endpoint requires one of the following scopes: `things:readonly`, `things:all`"
)


@pytest.mark.parametrize(
    ("operation", "facts"),
    [
        ({**SECURED, "description": f"List.\n\n{NEEDS}"}, {}),
        ({"description": "> This endpoint is **DEPRECATED**\n\nUpload."}, {"deprecated": True}),
        ({"summary": "[BETA] Import", "description": "Import."}, {STABILITY: "beta"}),
        ({"description": "Upload.\nThe maximum allowed file size is 100MB."}, {FILE_SIZE: 100}),
    ],
)
def test_what_is_said_of_an_operation_becomes_structure(operation, facts):
    reading = operation_facts(operation)
    assert reading.facts == facts
    assert reading.unread == ()


@pytest.mark.parametrize("security", [[], [{"oauth2": ["things:all"]}], [{"oauth2": ["others:all"]}]])
def test_scopes_in_words_that_the_structure_does_not_ask_for_are_listed(security):
    (unread,) = operation_facts({"security": security, "description": NEEDS}).unread
    assert unread.category == "scope"


def described(*texts):
    fields = {f"field_{number}": {**TEXT, "description": text} for number, text in enumerate(texts)}
    schema = {"type": "object", "properties": fields}
    info = {"title": "t", "version": "1"}
    return {"openapi": "3.0.1", "info": info, "paths": {}, "components": {"schemas": {"A": schema}}}


def test_facts_stand_in_what_is_pinned_and_pinning_again_changes_nothing():
    once = reduce(described("Maximum 5 characters.", "This attribute is deprecated."), api="example").document
    assert once["components"]["schemas"]["A"]["properties"] == {
        "field_0": {"maxLength": 5, "type": "string"},
        "field_1": {"deprecated": True, "type": "string"},
    }
    assert reduce(once, api="example").document == once


def test_a_sentence_that_is_not_understood_is_one_entry_without_its_words():
    words = "At most a handful."
    reduced = reduce(described(words, "A name.", words), api="example", file="raw.json")
    assert msgspec.to_builtins(reduced.unread) == [
        {
            "category": "limit",
            "sentence": fingerprint(words),
            "places": 2,
            "first": "/components/schemas/A/properties/field_0",
        }
    ]
    (finding,) = reduced.findings
    assert finding.rule == "unread-sentence"
    assert finding.summary == f"not understood (limit): {words!r} (in 2 places)"
    assert finding.file == "raw.json"
    assert finding.fix
