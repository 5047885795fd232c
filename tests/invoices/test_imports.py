"""Imported invoices: what a document says is taken if it agrees with itself, to a cent for each line."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pennyform.invoices import Attachment, DesiredInvoice, Options, Place, ResolvedInvoice
from pennyform.invoices.checks.imports import check_import
from pennyform.invoices.desired.json_bodies import from_json
from pennyform.invoices.model import ImportedInvoiceBody
from pennyform.invoices.yaml.document import Document

CENT = Decimal("0.01")
PERCENT = {"FR_200": 20, "FR_55": Decimal("5.5"), "exempt": 0}


def line(price: Decimal, code: str) -> dict[str, Any]:
    tax = (price * PERCENT[code] / 100).quantize(CENT, ROUND_HALF_UP)
    return {
        "label": "Work",
        "quantity": Decimal(1),
        "unit": "lot",
        "raw_currency_unit_price": f"{price:f}",
        "vat_rate": code,
        "currency_tax": f"{tax:f}",
        "currency_amount": f"{price + tax:f}",
    }


def rules(lines: list[dict[str, Any]], off: Decimal = Decimal(0), **more: Any) -> list[str]:
    """What is said of an import of ``lines`` whose total before tax, and to pay, is ``off`` by that much."""
    tax = sum(Decimal(one["currency_tax"]) for one in lines)
    amount = sum(Decimal(one["currency_amount"]) for one in lines)
    stated = {
        "currency_amount_before_tax": f"{amount - tax + off:f}",
        "currency_tax": f"{tax:f}",
        "currency_amount": f"{amount + off:f}",
        "invoice_lines": lines,
        **more,
    }
    body = from_json(ImportedInvoiceBody, stated)
    file = Attachment("a.pdf", "", 1, "application/pdf")
    invoice = DesiredInvoice("A", "importCustomerInvoices", body, Options(), Place("", 1, 1), "", file=file)
    return [finding.rule for finding in check_import(ResolvedInvoice(Document("a.yaml", {}), invoice))]


PRICES = st.decimals(Decimal(-9999), Decimal(9999), places=2)
LINES = st.lists(st.builds(line, PRICES, st.sampled_from(sorted(PERCENT))), min_size=1, max_size=6)


@settings(max_examples=100, deadline=None)
@given(LINES)
def test_a_document_that_agrees_with_itself_is_taken(lines: list[dict[str, Any]]) -> None:
    assert rules(lines) == []


@settings(max_examples=100, deadline=None)
@given(LINES, st.integers(-12, 12))
def test_totals_may_be_off_by_a_cent_for_each_line(lines: list[dict[str, Any]], cents: int) -> None:
    expected = ["import-totals"] * 2 if abs(cents) > len(lines) else []
    assert rules(lines, CENT * cents) == expected


@settings(max_examples=100, deadline=None)
@given(PRICES, st.sampled_from(sorted(PERCENT)), st.integers(-5, 5))
def test_a_tax_may_be_off_by_a_cent(price: Decimal, code: str, cents: int) -> None:
    one = line(price, code)
    wrong = one | {"currency_tax": f"{Decimal(one['currency_tax']) + CENT * cents:f}"}
    amount = price + Decimal(wrong["currency_tax"])
    found = rules([wrong | {"currency_amount": f"{amount:f}"}])
    assert ("import-line-tax" in found) == (abs(cents) > 1)


def test_a_currency_without_decimals_is_off_by_whole_units() -> None:
    yen = line(Decimal(100), "exempt")
    assert rules([yen], Decimal(1), currency="JPY") == []
    assert rules([yen], Decimal(2), currency="JPY") == ["import-totals"] * 2
    assert rules([yen], Decimal("0.5"), currency="JPY") == ["amount-decimals"] * 2


@pytest.mark.parametrize(
    ("number", "fits"),
    [
        ("F-2019/001_a+b", True),
        ("x" * 35, True),
        ("x" * 36, False),
        ("a b", False),
        ("é", False),
        ("", False),
    ],
)
def test_the_number_of_an_e_invoice(number: str, fits: bool) -> None:
    found = rules([line(Decimal(1), "FR_200")], convert_to_e_invoice=True, invoice_number=number)
    assert found == ([] if fits else ["e-invoice"])
