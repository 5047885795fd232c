"""Normalising changes how a schema is written, never what it allows.

Two oracles that share nothing with the normaliser: random small schemas, and every operation of the pinned
contract. Both compare jsonschema-rs on the emitted schema with jsonschema-rs on a literal translation of the
OpenAPI 3.0 schema.
"""

from __future__ import annotations

import json

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pennyform.codegen.schemas import emit, self_contained
from pennyform.findings import Failure
from pennyform.spec import REQUEST, normalise
from pennyform.spec.document.budget import Budget
from pennyform.spec.normaliser.flatten import Flattener

from .pinned import company, corrected, normalised
from .samples import near_misses, samples, translated


def body_contract(schema):
    """A contract with one operation, whose request body has this schema."""
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    operation = {"operationId": "postThing", "requestBody": body, "responses": {"204": {"description": ""}}}
    info = {"title": "t", "version": "1", "x-pennyform-api": "example"}
    return {"openapi": "3.0.1", "info": info, "paths": {"/v1/things": {"post": operation}}}


_TEXT = st.fixed_dictionaries(
    {"type": st.just("string")},
    optional={"maxLength": st.integers(0, 3), "nullable": st.booleans(), "minLength": st.integers(0, 2)},
)
_NUMBER = st.fixed_dictionaries(
    {"type": st.sampled_from(["integer", "number"])},
    optional={"minimum": st.integers(-2, 2), "maximum": st.integers(-1, 3), "nullable": st.booleans()},
)
_ENUM = st.fixed_dictionaries(
    {
        "type": st.just("string"),
        "enum": st.lists(st.sampled_from(["a", "bb", "ccc"]), min_size=1, unique=True),
    }
)


def _objects(children):
    properties = st.dictionaries(st.sampled_from(["x", "y", "z"]), children, min_size=1, max_size=3)
    return st.builds(
        lambda found, required, closed, nullable: {
            "type": "object",
            "properties": found,
            "required": sorted(set(found) & required),
            **({"additionalProperties": False} if closed else {}),
            **({"nullable": True} if nullable else {}),
        },
        properties,
        st.sets(st.sampled_from(["x", "y", "z"])),
        st.booleans(),
        st.booleans(),
    )


def _composed(children):
    members = st.lists(children, min_size=1, max_size=3)
    return st.one_of(
        st.builds(lambda found: {"type": "array", "items": found}, children),
        _objects(children),
        st.builds(lambda found: {"allOf": found}, members),
        st.builds(lambda found: {"anyOf": found}, members),
        st.builds(lambda found, extra: {"allOf": [{"anyOf": found}, extra]}, members, children),
    )


SCHEMAS = st.recursive(st.one_of(_TEXT, _NUMBER, _ENUM), _composed, max_leaves=6)
VALUES = st.recursive(
    st.one_of(st.none(), st.integers(-3, 4), st.sampled_from(["", "a", "bb", "ccc", "dddd"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["x", "y", "z", "w"]), inner, max_size=4)
    ),
    max_leaves=6,
)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(SCHEMAS, st.lists(VALUES, min_size=8, max_size=8))
def test_a_random_schema_allows_the_same_after_normalising(schema, values):
    try:
        contract = normalise(body_contract(schema))
    except Failure:
        assume(False)
    # A schema that cannot be emitted leaves its operation out.
    assume(not contract.skipped)
    emitted = next(iter(content for path, content in emit(contract).items() if "/requests/" in path))
    before = jsonschema_rs.Draft202012Validator(translated(schema))
    after = jsonschema_rs.Draft202012Validator(json.loads(emitted))
    for value in [*values, *samples(schema)]:
        assert before.is_valid(value) == after.is_valid(value), value


@settings(max_examples=80, deadline=None)
@given(SCHEMAS)
def test_what_is_flat_stays_as_it_is(schema):
    flattener = Flattener({}, Budget())
    try:
        once = flattener.flatten(schema, "")
    except Failure:
        assume(False)
    assert flattener.flatten(once, "") == once


def raw_schema(api, operation, part):
    """The schema of a body as the corrected contract states it, before any normalising."""
    raw = corrected(api)["paths"][operation.path][operation.method.lower()]
    holder = raw["requestBody"] if part == REQUEST else raw["responses"][str(operation.status)]
    (media,) = holder["content"].values()
    return media["schema"]


def validators(api, operation, part):
    components = {"components": {"schemas": corrected(api)["components"]["schemas"]}}
    before = translated({**raw_schema(api, operation, part), **components})
    wanted = operation.request.schema if part == REQUEST else operation.answer
    after = self_contained(wanted, normalised(api).document["components"]["schemas"])
    return jsonschema_rs.Draft202012Validator(before), jsonschema_rs.Draft202012Validator(after)


def values_of(api, operation, part):
    return list(samples(raw_schema(api, operation, part), corrected(api)))


@pytest.mark.parametrize(("api", "number"), [("company", 149), ("firm", 48)])
def test_all_answers_that_conform_to_the_contract_conform_to_what_is_emitted(api, number):
    answering = [operation for operation in normalised(api).operations if operation.answer is not None]
    assert len(answering) == number
    for operation in answering:
        before, after = validators(api, operation, "answer")
        values = values_of(api, operation, "answer")
        assert values
        for value in values:
            assert before.is_valid(value), (operation.operation_id, list(before.iter_errors(value))[:1])
            assert after.is_valid(value), (operation.operation_id, list(after.iter_errors(value))[:1])
        assert after.is_valid(_with_news(values[0])), "an answer may have fields that no contract knows yet"


def _with_news(value):
    if isinstance(value, dict):
        return {**{key: _with_news(item) for key, item in value.items()}, "brand_new": {"deep": [1]}}
    return [_with_news(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("api", "number"), [("company", 66), ("firm", 14)])
def test_a_request_is_refused_exactly_when_the_contract_refuses_it(api, number):
    sending = [operation for operation in normalised(api).operations if operation.request is not None]
    assert len(sending) == number
    accepted = refused = 0
    for operation in sending:
        before, after = validators(api, operation, REQUEST)
        values = values_of(api, operation, REQUEST)
        for value in [*values, *near_misses(values)]:
            wanted = before.is_valid(value)
            assert after.is_valid(value) == wanted, (operation.operation_id, value)
            accepted, refused = accepted + wanted, refused + (not wanted)
    assert accepted > 4 * number
    assert refused > 40 * number


@pytest.mark.parametrize("draft", [True, False, None])
def test_an_invoice_without_draft_true_is_a_finalized_one(draft):
    (create,) = [each for each in company().operations if each.operation_id == "postCustomerInvoices"]
    _, after = validators("company", create, REQUEST)
    line = {"label": "x", "quantity": 1, "raw_currency_unit_price": "1", "unit": "h", "vat_rate": "FR_200"}
    dates = {"start_date": "2026-01-01", "end_date": "2026-02-01"}
    body = {"date": "2026-01-01", "deadline": "2026-02-01", "customer_id": 1, "invoice_lines": [line]}
    if draft is not None:
        body["draft"] = draft
    assert after.is_valid(body)
    line["imputation_dates"] = dates
    assert after.is_valid(body) is (draft is not True), "a draft may not carry imputation dates"
