"""The totals of a definition and those of the sandbox were worked out apart: they must agree to the cent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from pennyform.invoices import totals
from pennyform.invoices.desired.json_bodies import from_json
from pennyform.invoices.model import InvoiceBody
from pennyform.sandbox.money import arithmetic, rates
from pennyform.sandbox.money.parsing import parse_discount, vat_percent

decimals = st.decimals("-10000", "10000", places=6).map(lambda price: f"{price:f}")
discounts = st.none() | st.one_of(
    st.builds(lambda value: {"type": "relative", "value": f"{value}"}, st.decimals("0", "100", places=2)),
    st.builds(lambda value: {"type": "absolute", "value": f"{value}"}, st.decimals("-50", "50", places=2)),
)
lines = st.fixed_dictionaries(
    {
        "label": st.just("x"),
        "quantity": st.decimals("-100", "100", places=3),
        "unit": st.just(""),
        "raw_currency_unit_price": decimals,
        "vat_rate": st.sampled_from(["FR_200", "FR_100", "FR_55", "FR_1_05", "exempt", "CH_81", "IE_135"]),
        "discount": discounts,
    }
)


@given(
    st.lists(lines, min_size=1, max_size=6),
    discounts,
    st.sampled_from(["EUR", "JPY", "KWD"]),
    st.sampled_from(["line", "document"]),
)
def test_both_come_to_the_same_cent(
    found: list[dict[str, Any]], discount: dict[str, str] | None, currency: str, rounding: Any
) -> None:
    body = {"currency": currency, "discount": discount, "invoice_lines": found}
    theirs = totals(from_json(InvoiceBody, body), rounding=rounding, product=lambda _: None)
    ours = arithmetic.compute_totals(
        [line(one) for one in found], parsed(discount), rates.minor_unit_decimals(currency), rounding
    )
    # A discount on lines that cancel out has no proportion to be spread in; the two sides differ there.
    assume(sum((one.before_tax for one in ours.lines), Decimal(0)) != 0)
    assert (ours.invoice.before_tax, ours.invoice.tax) == (theirs.before_tax, theirs.tax)
    assert [(one.before_tax, one.tax) for one in ours.lines] == [
        (one.before_tax, one.tax) for one in theirs.lines
    ]


def parsed(discount: dict[str, str] | None) -> arithmetic.Discount:
    return parse_discount(discount["type"], discount["value"]) if discount else arithmetic.NO_DISCOUNT


def line(one: dict[str, Any]) -> arithmetic.Line:
    return arithmetic.Line(
        quantity=one["quantity"],
        unit_price=Decimal(one["raw_currency_unit_price"]),
        vat_rate=one["vat_rate"],
        percent=vat_percent(one["vat_rate"]),
        discount=parsed(one["discount"]),
    )
