"""Answers are read whatever the service adds to them, takes from them, or writes in them."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar, get_args, get_type_hints

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pennyform.codegen.client.models import Components, Struct, model
from pennylane_company import UNSET, UnsetType, convert, errors, models, to_builtins
from pennylane_company._codec import decoder
from pennylane_firm import models as firm_models

from tests.client.calls import CALLS, Call
from tests.client.samples import Sampler, answer_schema, conforms

WITH_JSON = [call for call in CALLS if call.operation.answer is not None]
each_answer = pytest.mark.parametrize("call", WITH_JSON, ids=str)


def test_there_are_149_and_48() -> None:
    assert [sum(call.api == api for call in WITH_JSON) for api in ("company", "firm")] == [149, 48]


@each_answer
def test_a_conforming_answer_round_trips(call: Call) -> None:
    _, schema = answer_schema(call.api, call.key)
    samplers = [{}, {"choice": 1}, {"optional": False}, {"nulls": True}]
    for options in samplers:
        sample = Sampler(call.api, **options)(schema)  # type: ignore[arg-type]
        assert conforms(call.api, schema, sample) == []
        assert call.to_builtins(call.read(sample)) == sample


@each_answer
def test_an_answer_of_another_version_is_read(call: Call) -> None:
    _, schema = answer_schema(call.api, call.key)
    sample = Sampler(call.api, later=True)(schema)
    later = call.to_builtins(call.read(sample))
    assert known(later) == known(sample)
    empty: Any = [] if isinstance(later, list) else {}
    assert call.to_builtins(call.read(empty)) == empty


def known(value: Any) -> Any:
    """A value without what was added later."""
    if isinstance(value, dict):
        return {name: known(inner) for name, inner in value.items() if name != "added_later"}
    return [known(inner) for inner in value] if isinstance(value, list) else value


def test_a_promised_field_that_is_missing_raises_when_it_is_read() -> None:
    invoice = decoder(models.CustomerInvoice).decode(b'{"label": null}')
    assert invoice.label is None
    with pytest.raises(errors.MissingFieldError, match=r"the answer lacks CustomerInvoice\.id, ") as caught:
        invoice.id  # noqa: B018
    assert (caught.value.model, caught.value.field) == ("CustomerInvoice", "id")
    assert isinstance(caught.value, errors.PennylaneError)
    assert getattr(invoice, "id", None) is None
    # Everything else works as with an answer that is whole.
    assert to_builtins(invoice) == invoice.to_dict() == {"label": None}
    assert (
        invoice == invoice.copy() == models.CustomerInvoice(label=None) == pickle.loads(pickle.dumps(invoice))
    )
    assert repr(invoice) == "CustomerInvoice(label=None)"
    assert invoice.copy(id=7).id == 7


def test_a_field_that_is_not_promised_is_unset_when_it_is_missing() -> None:
    page = decoder(models.CustomerInvoicePage).decode(b'{"items": []}')
    assert page.included is UNSET
    with pytest.raises(errors.MissingFieldError, match=r"CustomerInvoicePage\.has_more"):
        page.has_more  # noqa: B018


@pytest.mark.parametrize("package", [models, firm_models])
def test_every_promised_field_of_every_answer_raises(package: Any) -> None:
    kinds = [getattr(package, name) for name in dir(package)]
    answers = [kind for kind in kinds if isinstance(kind, type) and hasattr(kind, "__struct_fields__")]
    count = 0
    for kind in (kind for kind in answers if not kind.__struct_config__.forbid_unknown_fields):
        for name, hint in get_type_hints(kind).items():
            if UnsetType in get_args(hint):
                assert getattr(kind(), name) is UNSET
            else:
                with pytest.raises(AttributeError, match=rf"{kind.__name__}\.{name}"):
                    getattr(kind(), name)
                count += 1
    assert count > 300


def test_a_model_is_plain_data_and_is_copied_with_changes() -> None:
    invoice = decoder(models.CustomerInvoice).decode(b'{"id": 1, "amount": "1.50", "date": "2026-01-02"}')
    assert invoice.to_dict() == {"id": 1, "amount": "1.50", "date": "2026-01-02"} == to_builtins(invoice)
    line = models.DraftInvoiceLineWithProduct(product_id=1, quantity=Decimal("1.50"))
    assert json.loads(json.dumps(line.to_dict(), default=str)) == {"product_id": 1, "quantity": "1.50"}
    other = line.copy(quantity=2, product_id=UNSET)
    assert (type(other), other.to_dict(), line.product_id) == (type(line), {"quantity": 2}, 1)
    with pytest.raises(TypeError, match="quantity must be a Decimal"):
        line.copy(quantity=0.5)
    with pytest.raises(TypeError, match="quantities"):
        line.copy(quantities=1)


@pytest.mark.parametrize("direction", ["request", "answer"])
def test_a_field_does_not_hide_a_method_of_its_model(direction: str) -> None:
    fields = {name: {"type": "string"} for name in ("copy", "to_dict", "label")}
    thing = {"type": "object", "properties": fields, "x-pennyform-direction": direction}
    struct = model("Thing", Components({"Thing": thing}, {"Thing": "A thing."}))
    assert isinstance(struct, Struct)
    assert [field.name for field in struct.fields] == ["copy_", "to_dict_", "label"]
    assert all(f'name="{field.wire_name}"' in field.declaration for field in struct.fields[:2])


def test_customers_are_told_apart_by_their_type() -> None:
    rows = b'{"items": [{"customer_type": "company"}, {"customer_type": "individual"}]}'
    company, individual = decoder(models.CustomerPage).decode(rows).items
    assert type(company).__name__ != type(individual).__name__
    assert "vat_number" in company.__struct_fields__
    assert "first_name" in individual.__struct_fields__


def test_a_customer_of_an_unknown_type_stays_as_it_came() -> None:
    rows = b'{"items": [{"customer_type": "association", "name": "Ada", "members": 1.50}]}'
    [row] = decoder(models.CustomerPage).decode(rows).items
    assert row == {"customer_type": "association", "name": "Ada", "members": Decimal("1.50")}
    assert encoded(row) == b'{"customer_type":"association","name":"Ada","members":1.50}'


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


def _families(kind: type[errors.PennylaneError]) -> Iterator[type[errors.PennylaneError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _families(child)


def _example(kind: type[errors.PennylaneError]) -> errors.PennylaneError:
    if issubclass(kind, errors.MissingFieldError):
        return kind("CustomerInvoice", "id")
    if issubclass(kind, errors.APIError):
        headers = httpx.Headers({"x-request-id": "r-1", "retry-after": "3"})
        body = {"code": "NotAnyOf", "field": "label"}
        return kind("no such label", operation="putProduct", status=422, body=body, headers=headers)
    if issubclass(kind, errors.AuthorizationError):
        return kind("refused", error="invalid_grant")
    if issubclass(kind, errors.OutcomeUnknownError):
        return kind("it broke", operation="putProduct", status=200, body=b"<html>")
    return kind("it broke", operation="putProduct")


@pytest.mark.parametrize(
    "kind", dict.fromkeys(_families(errors.PennylaneError)), ids=lambda kind: kind.__name__
)
def test_errors_can_cross_processes(kind: type[errors.PennylaneError]) -> None:
    error = _example(kind)
    for copied in (
        copy.copy(error),
        *(pickle.loads(pickle.dumps(error, protocol)) for protocol in (0, 2, 5)),
    ):
        assert type(copied) is kind
        assert (str(copied), copied.args) == (str(error), error.args)
        assert vars(copied) == vars(error)


def test_a_subclass_of_an_answer_may_have_types_as_annotations() -> None:
    namespace: dict[str, object] = {"Base": models.CustomerInvoice, "ClassVar": ClassVar}
    source = (
        "class Ours(Base, frozen=True, kw_only=True):\n"
        "    shown: ClassVar[str] = 'yes'\n"
        "    note: str = 'none'\n"
    )
    exec(compile(source, "a program", "exec", dont_inherit=True), namespace)
    ours = namespace["Ours"](id=7)  # type: ignore[operator]
    assert (ours.id, ours.note, ours.shown) == (7, "none", "yes")
