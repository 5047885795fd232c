from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pennyform import data
from pennyform.sandbox.money import rates
from pennyform.sandbox.money.arithmetic import (
    NO_DISCOUNT,
    Discount,
    Line,
    compute_totals,
    format_amount,
    round_half_up,
    split_proportionally,
)

RATES = {"FR_200": "20", "FR_100": "10", "FR_55": "5.5", "FR_21": "2.1", "FR_1_05": "1.05", "exempt": "0"}
amounts = st.decimals("-100000", "100000", places=2)
prices = st.decimals("-10000", "10000", places=6)
relative = st.builds(Discount, st.just("relative"), st.decimals("0", "100", places=2))
absolute = st.builds(Discount, st.just("absolute"), st.decimals("-100", "100", places=2))
discounts = st.just(NO_DISCOUNT) | relative | absolute
lines = st.builds(
    lambda quantity, price, rate, discount: Line(quantity, price, rate, Decimal(RATES[rate]), discount),
    st.decimals("-100", "100", places=3),
    prices,
    st.sampled_from(sorted(RATES)),
    discounts,
)
roundings = st.sampled_from(["line", "document"])
spreads = st.sampled_from(["lines", "shown", "codes"])
minor_units = st.sampled_from([0, 2, 3])


def negated(discount: Discount) -> Discount:
    return discount if discount.type == "relative" else Discount("absolute", -discount.value)


@given(st.lists(lines, min_size=1, max_size=8), discounts, minor_units, roundings, spreads)
def test_every_amount_is_in_minor_units(
    found: list[Line], discount: Discount, decimals: int, rounding, spread
) -> None:
    computed = compute_totals(found, discount, decimals, rounding, spread)
    for one in (computed.invoice, *computed.lines):
        for amount in (one.before_tax, one.tax, one.with_tax):
            assert amount == round_half_up(amount, decimals)


@given(st.lists(lines, min_size=1, max_size=8), minor_units)
def test_without_a_discount_the_total_is_the_sum_of_the_lines(found: list[Line], decimals: int) -> None:
    computed = compute_totals(found, NO_DISCOUNT, decimals)
    assert computed.invoice.before_tax == sum(one.before_tax for one in computed.lines)
    assert computed.invoice.tax == sum(one.tax for one in computed.lines)


@given(st.lists(lines, min_size=1, max_size=8), discounts, minor_units, roundings, spreads)
def test_a_discount_comes_off_exactly(
    found: list[Line], discount: Discount, decimals: int, rounding, spread
) -> None:
    computed = compute_totals(found, discount, decimals, rounding, spread)
    shown = sum((one.before_tax for one in computed.lines), Decimal(0))
    off = computed.gross * discount.value / 100 if discount.type == "relative" else discount.value
    left = computed.gross - round_half_up(off, decimals)
    assert computed.invoice.before_tax == left
    assert shown == (left if spread == "shown" else computed.gross)


@given(st.lists(lines, min_size=1, max_size=8), discounts, minor_units, roundings)
def test_a_credit_note_mirrors_its_invoice(
    found: list[Line], discount: Discount, decimals: int, rounding
) -> None:
    mirror = [
        Line(-one.quantity, one.unit_price, one.vat_rate, one.percent, negated(one.discount)) for one in found
    ]
    there, back = (
        compute_totals(found, discount, decimals, rounding),
        compute_totals(mirror, negated(discount), decimals, rounding),
    )
    for one, other in zip((there.invoice, *there.lines), (back.invoice, *back.lines), strict=True):
        assert (one.before_tax, one.tax) == (-other.before_tax, -other.tax)


@given(st.lists(lines, min_size=1, max_size=8), discounts)
def test_the_two_models_agree_to_half_a_cent_per_line(found: list[Line], discount: Discount) -> None:
    by_line, by_document = compute_totals(found, discount, 2), compute_totals(found, discount, 2, "document")
    assert by_line.invoice.before_tax == by_document.invoice.before_tax
    assert abs(by_line.invoice.tax - by_document.invoice.tax) <= Decimal("0.01") * len(found)


@given(amounts, st.lists(amounts, min_size=1, max_size=8))
def test_shares_add_up_and_are_off_by_less_than_a_cent(amount: Decimal, weights: list[Decimal]) -> None:
    split = split_proportionally(amount, weights, 2)
    assert sum(split) == amount
    whole = sum(weights)
    if whole:
        for share, weight in zip(split, weights, strict=True):
            assert abs(share - amount * weight / whole) < Decimal("0.01")


@pytest.mark.parametrize(
    ("quantity", "price", "rate", "before_tax", "tax"),
    [
        ("1", "0.125", "FR_200", "0.13", "0.03"),
        ("1", "0.115", "FR_200", "0.12", "0.02"),
        ("-1", "0.125", "FR_200", "-0.13", "-0.03"),
        ("3", "33.333333", "FR_55", "100.00", "5.50"),
        ("1", "0.10", "FR_55", "0.10", "0.01"),
        ("1", "9.99", "FR_1_05", "9.99", "0.10"),
    ],
)
def test_half_a_cent_goes_up(quantity: str, price: str, rate: str, before_tax: str, tax: str) -> None:
    one = Line(Decimal(quantity), Decimal(price), rate, Decimal(RATES[rate]))
    (computed,) = compute_totals([one], NO_DISCOUNT, 2).lines
    assert (str(computed.before_tax), str(computed.tax)) == (before_tax, tax)


def test_rounding_per_line_and_per_document_can_differ() -> None:
    thirds = [Line(Decimal(1), Decimal("0.13"), "FR_200", Decimal(20)) for _ in range(3)]
    assert compute_totals(thirds, NO_DISCOUNT, 2).invoice.tax == Decimal("0.09")
    assert compute_totals(thirds, NO_DISCOUNT, 2, "document").invoice.tax == Decimal("0.08")


@pytest.mark.parametrize(
    ("amount", "written"),
    [("34.00", "34.0"), ("-500", "-500.0"), ("33.333334", "33.333334"), ("-0.00", "0.0"), ("1E+3", "1000.0")],
)
def test_amounts_are_written_as_the_service_writes_them(amount: str, written: str) -> None:
    assert format_amount(Decimal(amount)) == written


@pytest.mark.parametrize(
    ("code", "percent"),
    [
        ("FR_200", "20"),
        ("FR_55", "5.5"),
        ("FR_09", "0.9"),
        ("FR_1_05", "1.05"),
        ("FR_15_385", "15.385"),
        ("CH_81", "8.1"),
        ("exempt", "0"),
        ("extracom", "0"),
        ("intracom_85", "0"),
        ("crossborder", "0"),
        ("FR_200_construction", "0"),
    ],
)
def test_a_code_says_its_percentage(code: str, percent: str) -> None:
    assert rates.percent_of_code(code) == Decimal(percent)


@pytest.mark.parametrize("code", ["mixed", "any", "FR_", "nonsense"])
def test_some_codes_cannot_be_written(code: str) -> None:
    assert rates.percent_of_code(code) is None


def test_every_reviewed_code_is_read_alike_by_both_sides() -> None:
    table = json.loads((data.schemas() / "vat_rates.json").read_text())["rates"]
    for entry in table:
        if entry["reviewed"] and entry["writable"]:
            on_document = Decimal(entry["percent"]) if entry["tax_on_document"] else Decimal(0)
            assert rates.percent_of_code(entry["vat_rate"]) == on_document, entry["vat_rate"]
    assert all((rates.percent_of_code(entry["vat_rate"]) is not None) == entry["writable"] for entry in table)


@pytest.mark.parametrize(("currency", "decimals"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)])
def test_minor_units(currency: str, decimals: int) -> None:
    assert rates.minor_unit_decimals(currency) == decimals
    assert currency in rates.CURRENCIES
