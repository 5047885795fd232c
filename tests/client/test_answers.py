"""Answers are read whatever the service adds to them, takes from them, or writes in them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pennyform.spec.contract import Operation
from pennylane_company import UNSET, convert, models, to_builtins
from pennylane_company._codec import decoder

from tests.client.samples import Sampler, answer_schema, conforms, json_text
from tests.client.test_operations import OPERATIONS, key

WITH_JSON = [operation for operation in OPERATIONS if operation.answer is not None]
each_answer = pytest.mark.parametrize("operation", WITH_JSON, ids=lambda each: each.operation_id)


def test_there_are_149() -> None:
    assert len(WITH_JSON) == 149


def read(operation: Operation, value: Any) -> Any:
    from pennylane_company import _exchange

    resource = __import__(f"pennylane_company.resources.{operation.resource}", fromlist=["x"])
    constants = [each for each in vars(resource).values() if isinstance(each, _exchange.Operation)]
    name = next(each.answer for each in constants if each.name == operation.operation_id)
    assert name is not None
    return _exchange._decoder(name).decode(json_text(value))


@each_answer
def test_a_conforming_answer_round_trips(operation: Operation) -> None:
    _, schema = answer_schema(key(operation))
    for sampler in (Sampler(), Sampler(choice=1), Sampler(optional=False), Sampler(nulls=True)):
        sample = sampler(schema)
        assert conforms(schema, sample) == []
        assert to_builtins(read(operation, sample)) == sample


@each_answer
def test_an_answer_of_another_version_is_read(operation: Operation) -> None:
    _, schema = answer_schema(key(operation))
    later = to_builtins(read(operation, Sampler(later=True)(schema)))
    assert known(later) == known(Sampler(later=True)(schema))
    empty: Any = [] if isinstance(later, list) else {}
    assert to_builtins(read(operation, empty)) == empty


def known(value: Any) -> Any:
    """A value without what was added later."""
    if isinstance(value, dict):
        return {name: known(inner) for name, inner in value.items() if name != "added_later"}
    return [known(inner) for inner in value] if isinstance(value, list) else value


def test_a_missing_field_is_unset_and_null_is_none() -> None:
    invoice = decoder(models.CustomerInvoice).decode(b'{"label": null}')
    assert invoice.label is None
    assert invoice.id is UNSET
    assert to_builtins(invoice) == {"label": None}


def test_customers_are_told_apart_by_their_type() -> None:
    rows = b'{"items": [{"customer_type": "company"}, {"customer_type": "individual"}]}'
    company, individual = decoder(models.CustomerPage).decode(rows).items
    assert type(company).__name__ != type(individual).__name__
    assert hasattr(company, "vat_number")
    assert hasattr(individual, "first_name")


def test_a_customer_of_an_unknown_type_is_read_as_what_it_resembles() -> None:
    rows = b'{"items": [{"customer_type": "association", "first_name": "Ada", "last_name": "L"}]}'
    [row] = decoder(models.CustomerPage).decode(rows).items
    assert (row.customer_type, row.first_name) == ("association", "Ada")


@pytest.mark.parametrize(
    "text", ["34.0", "-500.0", "0.10000000000000000000000001", "12345678901234567890.12"]
)
def test_amounts_are_exact_and_keep_their_text(text: str) -> None:
    invoice = decoder(models.CustomerInvoice).decode(f'{{"currency_amount": "{text}"}}'.encode())
    assert invoice.currency_amount == Decimal(text)
    assert to_builtins(invoice) == {"currency_amount": text}


@pytest.mark.parametrize("text", ["2.5", '"2.5"', "0.1000000000000000000001", "3"])
def test_a_quantity_may_come_as_text_or_as_a_number(text: str) -> None:
    line = decoder(models.CustomerInvoiceLine).decode(f'{{"quantity": {text}}}'.encode())
    assert line.quantity == Decimal(text.strip('"'))


def test_a_number_is_exact_wherever_it_stands() -> None:
    text = b'{"recurring_rule": {"day_of_month": [0.1000000000000000000001], "week_start": 1.10}}'
    rule = decoder(models.BillingSubscription).decode(text).recurring_rule
    assert (rule.day_of_month, rule.week_start) == ([Decimal("0.1000000000000000000001")], Decimal("1.10"))
    assert encoded(rule) == b'{"day_of_month":[0.1000000000000000000001],"week_start":1.10}'


def test_an_empty_amount_counts_as_zero_and_is_written_back_empty() -> None:
    invoice = decoder(models.CustomerInvoice).decode(b'{"discount": {"type": "absolute", "value": ""}}')
    assert invoice.discount.value == 0
    assert to_builtins(invoice) == {"discount": {"type": "absolute", "value": ""}}


def test_a_date_that_does_not_exist_is_not_passed_over() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.date"):
        decoder(models.CustomerInvoice).decode(b'{"date": "2026-02-30"}')


amounts = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12)


@given(quantity=amounts, price=amounts)
def test_decimals_survive_a_request_to_the_last_digit(quantity: Decimal, price: Decimal) -> None:
    line = models.DraftInvoiceLineWithoutProduct(
        label="a", quantity=quantity, raw_currency_unit_price=price, unit="hour", vat_rate="FR_200"
    )
    text = msgspec.json.encode(msgspec.json.decode(encoded(line))).decode()
    assert f'"raw_currency_unit_price":"{price:f}"' in encoded(line).decode()
    assert f'"quantity":{quantity:f}' in encoded(line).decode()
    assert convert(to_builtins(line), models.DraftInvoiceLineWithoutProduct) == line
    assert "raw_currency_unit_price" in text


def encoded(value: Any) -> bytes:
    from pennylane_company._codec import encode

    return encode(value)
