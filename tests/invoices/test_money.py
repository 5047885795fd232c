"""Totals: the worked examples of docs/money.md, and what holds for all invoices."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pennyform.invoices import Totals, UnknownProductError, totals
from pennyform.invoices.desired.json_bodies import from_json
from pennyform.invoices.model import InvoiceBody, Key, Place, ProductBody
from pennyform.invoices.money.totals import spread
from pennyform.invoices.money.vat_codes import rates, suggest_rate
from pennyform.results.documents import json_data
from pennyform.sandbox.money.arithmetic import split_proportionally

CODES = ("FR_200", "FR_55", "FR_1_05", "exempt", "crossborder")
CENT = Decimal("0.01")


def line(quantity: str, price: str, code: str = "FR_200", **more: Any) -> dict[str, Any]:
    return {"quantity": Decimal(quantity), "raw_currency_unit_price": price, "vat_rate": code, **more}


def total(*lines: dict[str, Any], rounding: str = "line", **header: Any) -> Totals:
    body = from_json(InvoiceBody, {"invoice_lines": list(lines), **header})
    return totals(body, rounding=rounding, product=lambda _: None)


def amounts(found: Totals) -> tuple[str, str, str]:
    content = json_data(found.record())
    return content["currency_amount_before_tax"], content["currency_tax"], content["currency_amount"]


def test_three_thirds() -> None:
    lines = [line("1", "33.335")] * 3
    assert amounts(total(*lines)) == ("100.02", "20.01", "120.03")
    assert amounts(total(*lines, rounding="document")) == ("100.02", "20.00", "120.02")


@pytest.mark.parametrize("rounding", ["line", "document"])
def test_discount_over_two_rates(rounding: str) -> None:
    lines = line("1", "600.00"), line("1", "300.01", "FR_55")
    found = total(*lines, rounding=rounding, discount={"type": "absolute", "value": "100.00"})
    assert amounts(found) == ("800.01", "121.34", "921.35")
    assert [(vat["base"], vat["tax"]) for vat in json_data(found.record())["vat"]] == [
        ("533.33", "106.67"),
        ("266.68", "14.67"),
    ]
    lines = json_data(found.record())["lines"]
    assert [row["currency_amount_before_tax"] for row in lines] == ["600.00", "300.01"]


def test_yen_have_no_decimals() -> None:
    assert amounts(total(line("3", "333.5", "FR_100"), currency="JPY")) == ("1001", "100", "1101")


def test_dinars_have_three() -> None:
    assert amounts(total(line("1", "1.2345", "FR_100"), currency="KWD")) == ("1.235", "0.124", "1.359")


def test_the_largest_amounts_keep_every_cent() -> None:
    lines = [line("999999999999.999999", "999999999999.999999", "FR_55")] * 3
    before_tax = Decimal("999999999999999998000000.00")
    found = total(*lines)
    assert (found.before_tax, found.tax) == (before_tax * 3, Decimal("164999999999999999670000.00"))


def test_half_a_cent_goes_away_from_zero() -> None:
    assert amounts(total(line("1", "0.125", "exempt")))[0] == "0.13"
    assert amounts(total(line("-1", "0.125", "exempt")))[0] == "-0.13"


def test_a_line_is_rounded_once() -> None:
    tenth_off = {"type": "relative", "value": "33.3"}
    assert amounts(total(line("3", "0.335", "exempt", discount=tenth_off)))[0] == "0.67"


def test_reverse_charge_puts_no_tax_on_the_document() -> None:
    found = total(line("1", "100.00", "intracom_55")).record()
    assert json_data(found)["vat"] == [
        {"vat_rate": "intracom_55", "percent": "0", "base": "100.00", "tax": "0.00"}
    ]


def test_nothing_is_never_minus_nothing() -> None:
    assert amounts(total(line("-1", "0.001"))) == ("0.00", "0.00", "0.00")


def test_a_product_fills_what_the_line_leaves_out() -> None:
    stated = {"label": "Handbook", "price_before_tax": "24.50", "unit": "piece", "vat_rate": "FR_55"}
    product = from_json(ProductBody, stated)
    sold: dict[str, Any] = {"product_id": 7, "quantity": Decimal(2)}
    body = from_json(InvoiceBody, {"invoice_lines": [sold]})
    found = totals(body, rounding="line", product=lambda _: product)
    assert amounts(found) == ("49.00", "2.70", "51.70")
    overridden = from_json(InvoiceBody, {"invoice_lines": [sold | {"raw_currency_unit_price": "10"}]})
    assert amounts(totals(overridden, rounding="line", product=lambda _: product))[0] == "20.00"


def test_an_unknown_product_is_an_error_of_its_own() -> None:
    key = Key("product", "external_reference", "HANDBOOK", Place("f.yaml", 1, 1))
    with pytest.raises(UnknownProductError, match="HANDBOOK"):
        total({"product_id": key, "quantity": Decimal(1)})


def test_an_unknown_rounding_model_is_refused() -> None:
    with pytest.raises(ValueError, match="bankers"):
        total(line("1", "1"), rounding="bankers")


PRICES = st.decimals(0, 10**6, places=6).map(lambda price: f"{price:f}")
QUANTITIES = st.decimals(-1000, 1000, places=3)
PERCENTAGES = st.decimals(0, 100, places=2).map(lambda percentage: f"{percentage:f}")
RELATIVE = st.builds(lambda value: {"type": "relative", "value": value}, PERCENTAGES)
DISCOUNTS = st.none() | RELATIVE
LINES = st.lists(
    st.builds(
        lambda quantity, price, code, discount: line(str(quantity), price, code, discount=discount),
        QUANTITIES,
        PRICES,
        st.sampled_from(CODES),
        DISCOUNTS,
    ),
    min_size=1,
    max_size=6,
)
HEADERS = st.fixed_dictionaries(
    {"currency": st.sampled_from(("EUR", "JPY", "KWD")), "discount": DISCOUNTS},
)
MODELS = st.sampled_from(("line", "document"))


@settings(max_examples=100, deadline=None)
@given(LINES, HEADERS, MODELS)
def test_sums_add_up(lines: list[dict[str, Any]], header: dict[str, Any], rounding: str) -> None:
    found = total(*lines, rounding=rounding, **header)
    assert sum((vat.base for vat in found.vat), Decimal(0)) == found.before_tax
    assert sum((vat.tax for vat in found.vat), Decimal(0)) == found.tax
    assert found.amount == found.before_tax + found.tax
    if header["discount"] is None:
        assert sum((one.before_tax for one in found.lines), Decimal(0)) == found.before_tax
        if rounding == "line":
            assert sum((one.tax for one in found.lines), Decimal(0)) == found.tax


@settings(max_examples=100, deadline=None)
@given(LINES, HEADERS, MODELS)
def test_a_credit_note_mirrors_its_invoice(
    lines: list[dict[str, Any]], header: dict[str, Any], rounding: str
) -> None:
    mirrored = [one | {"quantity": -one["quantity"]} for one in lines]
    there = total(*lines, rounding=rounding, **header)
    back = total(*mirrored, rounding=rounding, **header)
    assert (back.before_tax, back.tax) == (-there.before_tax, -there.tax)
    assert [(vat.base, vat.tax) for vat in back.vat] == [(-vat.base, -vat.tax) for vat in there.vat]


@settings(max_examples=100, deadline=None)
@given(LINES, HEADERS)
def test_the_models_differ_by_half_a_unit_for_each_line_and_code(
    lines: list[dict[str, Any]], header: dict[str, Any]
) -> None:
    by_line, by_document = (total(*lines, rounding=model, **header) for model in ("line", "document"))
    unit = {"EUR": CENT, "JPY": Decimal(1), "KWD": Decimal("0.001")}[header["currency"]]
    assert by_line.before_tax == by_document.before_tax
    for one, other in zip(by_line.vat, by_document.vat, strict=True):
        count = sum(shown.vat_rate == one.vat_rate for shown in by_line.lines)
        assert abs(one.tax - other.tax) <= unit * (count + 1) / 2


@settings(max_examples=100, deadline=None)
@given(st.lists(QUANTITIES.filter(lambda quantity: quantity > 0), min_size=1, max_size=6), RELATIVE, MODELS)
def test_a_discount_never_takes_more_than_there_is(
    quantities: list[Decimal], discount: dict[str, str], rounding: str
) -> None:
    lines = [line(str(quantity), "19.99") for quantity in quantities]
    there, less = total(*lines, rounding=rounding), total(*lines, rounding=rounding, discount=discount)
    assert 0 <= less.before_tax <= there.before_tax
    share = there.before_tax * (1 - Decimal(discount["value"]) / 100)
    assert abs(less.before_tax - share) <= CENT / 2


@settings(max_examples=100, deadline=None)
@given(
    st.decimals(-(10**6), 10**6, places=2), st.lists(st.decimals(0, 10**6, places=2), min_size=1, max_size=8)
)
def test_spread_parts_add_up_and_stay_within_a_unit(amount: Decimal, weights: list[Decimal]) -> None:
    parts = spread(amount, weights, CENT)
    whole = sum(weights)
    if not whole:
        assert parts == [0] * len(weights)
        return
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - amount * weight / whole) < CENT
    assert spread(-amount, [-weight for weight in weights], CENT) == [-part for part in parts]


def largest_remainders(amount: Decimal, weights: list[Decimal]) -> list[Fraction]:
    """The rule of docs/money.md in fractions, in cents: of equal remainders the first line takes the cent."""
    exact = [Fraction(amount) * Fraction(weight) / Fraction(sum(weights)) * 100 for weight in weights]
    parts = [Fraction(int(share)) for share in exact]
    left = int(Fraction(amount) * 100 - sum(parts))
    for index in sorted(range(len(exact)), key=lambda index: -abs(exact[index] - parts[index]))[: abs(left)]:
        parts[index] += 1 if left > 0 else -1
    return parts


@given(
    st.decimals("-20", "20", places=2),
    st.lists(st.sampled_from([Decimal(weight) for weight in (1, 2, 4, 5, 7, 10)]), min_size=1, max_size=8),
    st.sampled_from([1, -1]),
)
@example(Decimal("2.00"), [Decimal("4.00"), Decimal("1.00"), Decimal("1.00")], 1)  # a third of a cent each
@example(Decimal("4.00"), [Decimal("1.00"), Decimal("4.00"), Decimal("1.00")], 1)  # two thirds each
def test_equal_remainders_go_to_the_first_line(amount: Decimal, weights: list[Decimal], sign: int) -> None:
    weights = [weight * sign for weight in weights]
    expected = largest_remainders(amount, weights)
    assert [Fraction(part) * 100 for part in spread(amount, weights, CENT)] == expected
    assert [Fraction(part) * 100 for part in split_proportionally(amount, weights, 2)] == expected


@pytest.mark.parametrize(
    ("given_code", "code"),
    [
        ("FR_055", "FR_55"),
        ("FR_20", "FR_200"),
        ("20", "FR_200"),
        ("5,5 %", "FR_55"),
        ("FR_0", "exempt"),
        ("FR_000", "exempt"),
        ("de_19", "DE_190"),
        ("EXEMPT", "exempt"),
        ("crosborder", "crossborder"),
    ],
)
def test_the_code_that_was_meant(given_code: str, code: str) -> None:
    rate = suggest_rate(given_code)
    assert rate is not None
    assert rate.code == code


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=12))
def test_any_text_for_a_code_gets_an_answer_that_can_be_written(text: str) -> None:
    rate = suggest_rate(text)
    assert rate is None or rates()[rate.code].writable
