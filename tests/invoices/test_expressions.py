"""Expressions in definitions that are neither templates nor for many rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from pennyform.invoices import load
from pennyform.invoices.desired.json_bodies import to_json
from pennyform.invoices.expressions.compile import ExpressionError, evaluate
from pennyform.invoices.expressions.literals import escape_braces

from .definitions import CUSTOMER, PRODUCT, YAML_TEXT, write

SCHEMAS = Path(__file__).parents[2] / "generated" / "schemas"
LINE = {
    "label": "Hosting",
    "quantity": 1,
    "unit": "month",
    "raw_currency_unit_price": "1.00",
    "vat_rate": "FR_200",
}
DEFINITION: dict[str, Any] = {
    "external_reference": "INV-1",
    "customer": "A",
    "date": "2026-01-31",
    "deadline": "2026-02-28",
    "invoice_lines": [LINE],
}


def test_what_comes_out_is_what_would_have_been_written(tmp_path: Path) -> None:
    computed = YAML_TEXT.replace("2026-02-28", "\"{{ '2026-01-31' | days_later(28) }}\"")
    assert computed != YAML_TEXT
    write(tmp_path / "written", invoice=YAML_TEXT)
    write(tmp_path / "computed", invoice=computed)
    bodies = []
    for name in ("written", "computed"):
        repository, findings = load([tmp_path / name])
        assert findings == []
        bodies.append(to_json(repository.invoices[0].body))
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize(
    "text", ["{{ nothing }}", "{ date }", "date }}", "{% if date %}", "{# date #}", "{{ date"]
)
def test_no_brace_is_printed_as_it_is(tmp_path: Path, text: str) -> None:
    write(tmp_path, invoice=YAML_TEXT + f'pdf_description: "{text}"\n')
    repository, findings = load([tmp_path])
    assert repository.invoices == ()
    assert [finding.rule for finding in findings] == ["expression"]


@given(st.text("{}%#' \n\\\"ab", max_size=40))
def test_escaped_braces_are_printed(text: str) -> None:
    escaped = escape_braces({"label": [text]})["label"][0]
    assert (evaluate(escaped, {}) if "{" in text or "}" in text else escaped) == text


@given(st.text("{}%# ab", max_size=20))
def test_a_brace_is_an_expression_or_an_error(text: str) -> None:
    try:
        found = evaluate(text, {"a": "x", "b": "y", "ab": "z"})
    except ExpressionError:
        return
    assert not {"{", "}"} & set(str(found))


def test_a_broken_reference_is_no_other_invoices_reference(tmp_path: Path) -> None:
    broken = YAML_TEXT.replace("INV-1", '"INV-{{ number }}"')
    write(tmp_path, first=broken, second=broken)
    assert [finding.rule for finding in load([tmp_path])[1]] == ["expression"] * 2


@pytest.mark.parametrize(
    ("changes", "is_valid"),
    [
        ({}, True),
        ({"deadline": "{{ date | due('30_days') }}"}, True),
        ({"currency": "EURO"}, False),
        ({"currency": "{{ 'EUR' }}"}, True),
        ({"deadline": None}, False),
        ({"invoice_lines": [{**LINE, "quantity": "{{ 3 / 2 }}", "vat_rate": "{{ 'FR_200' }}"}]}, True),
        ({"invoice_lines": [{**LINE, "quantity": "two"}]}, False),
        ({"invoice_lines": [{"label": "{{ date }}"}]}, False),
        ({"options": {"finalize": "{{ true }}"}}, False),
        ({"kind": "{{ 'invoice' }}"}, False),
        ({"for_each": "rows.csv", "deadline": "{{ row.due }}"}, True),
    ],
)
def test_editors_take_an_expression_where_a_value_stands(changes: dict[str, Any], is_valid: bool) -> None:
    schema = json.loads((SCHEMAS / "invoice.schema.json").read_text())
    definition = {name: value for name, value in {**DEFINITION, **changes}.items() if value is not None}
    assert Draft7Validator(schema).is_valid(definition) == is_valid


PERSON = CUSTOMER | {"customer_type": "individual", "first_name": "{{ 'A' }}", "last_name": "B", "name": None}


@pytest.mark.parametrize(
    ("kind", "definition", "is_valid"),
    [
        ("customer", CUSTOMER | {"payment_conditions": "{{ 15 * 2 }}_days"}, True),
        ("customer", CUSTOMER | {"payment_conditions": "31_days"}, False),
        ("customer", CUSTOMER | {"payment_conditions": 31}, False),
        ("customer", CUSTOMER | {"billing_address": {"country_alpha2": "{{ 'FR' }}"}}, False),
        ("customer", CUSTOMER | {"kind": "{{ 'customer' }}"}, False),
        ("customer", PERSON, True),
        ("customer", PERSON | {"customer_type": "company"}, False),
        ("customer", PERSON | {"customer_type": "{{ 'individual' }}"}, True),
        ("customer", PERSON | {"customer_type": "{{ row.type }}", "for_each": "rows.csv"}, True),
        ("customer", PERSON | {"for_each": "rows.csv", "billing_address": "{{ row.address }}"}, False),
        ("customer", CUSTOMER | {"for_each": {"file": "rows.csv", "columns": {"a": {"type": "date"}}}}, True),
        ("customer", CUSTOMER | {"for_each": {"as": "member"}}, False),
        ("product", PRODUCT | {"price_before_tax": "{{ 10 * 2 }}", "vat_rate": "{{ 'FR_200' }}"}, True),
        ("product", PRODUCT | {"price_before_tax": "20,00"}, False),
        ("product", PRODUCT | {"for_each": "rows.csv", "price_before_tax": "{{ row.price }}"}, True),
        ("product", PRODUCT | {"for_each": "rows.csv", "price": "{{ row.price }}"}, False),
    ],
)
def test_editors_take_expressions_in_customers_and_products(
    kind: str, definition: dict[str, Any], is_valid: bool
) -> None:
    schema = json.loads((SCHEMAS / f"{kind}.schema.json").read_text())
    stated = {name: value for name, value in definition.items() if value is not None}
    assert Draft7Validator(schema).is_valid(stated) == is_valid


@pytest.mark.parametrize(
    ("text", "label"),
    [("{{ 1 + 1 }}", "2"), ("{{ date.year }}", "2026"), ("{{ 3 / 2 }}", "1.5"), ("{{ date }}", "2026-01-31")],
)
def test_a_number_alone_in_a_text_is_printed_as_it_is(tmp_path: Path, text: str, label: str) -> None:
    write(tmp_path, invoice=YAML_TEXT + f'pdf_description: "{text}"\n')
    repository, findings = load([tmp_path])
    assert findings == []
    assert to_json(repository.invoices[0].body)["pdf_description"] == label
