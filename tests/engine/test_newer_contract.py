"""Fields and values that a newer contract has pass through, from the definition to the comparison."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pennyform.engine.account import answers
from pennyform.engine.account.records import RemoteInvoice, RemoteLine
from pennyform.engine.planning.diff import Comparison, diff_invoice
from pennyform.engine.planning.patch import update_body
from pennyform.engine.planning.resolve import Resolved
from pennyform.invoices import totals
from pennyform.invoices.desired.json_bodies import first_request, from_json
from pennyform.invoices.model import InvoiceBody
from pennylane_company import convert, errors, models

LINE = {
    "label": "Work",
    "quantity": Decimal(1),
    "unit": "day",
    "raw_currency_unit_price": "100.00",
    "vat_rate": "FR_200",
    "carbon_grams": "12.50",
}
BODY: dict[str, Any] = {
    "external_reference": "INV-1",
    "customer_id": 5,
    "date": "2026-01-31",
    "deadline": "2026-02-28",
    "invoice_lines": [LINE],
    "delivery_terms": {"code": "EXW", "place": "Lyon"},
}
AMOUNTS = {
    "currency_amount_before_tax": Decimal(100),
    "currency_tax": Decimal(20),
    "currency_amount": Decimal(120),
}


def resolved() -> Resolved:
    body = from_json(InvoiceBody, BODY)
    return Resolved(body, body.invoice_lines, totals(body, rounding="line", product=lambda _: None))


def remote(terms: Any = None, grams: Any = None) -> RemoteInvoice:
    body = resolved().body
    line = RemoteLine(
        id=1,
        label="Work",
        quantity=Decimal("1.0"),
        unit="day",
        raw_currency_unit_price=Decimal("100.0"),
        vat_rate="FR_200",
        extra={"carbon_grams": grams} if grams else {},
        **AMOUNTS,
    )
    return RemoteInvoice(
        id=7,
        draft=True,
        external_reference="INV-1",
        customer_id=5,
        date=body.date,
        deadline=body.deadline,
        currency="EUR",
        lines=(line,),
        extra={"delivery_terms": terms} if terms else {},
        **AMOUNTS,
    )


def compare(there: RemoteInvoice) -> Comparison:
    return diff_invoice(resolved(), there)


def test_a_field_that_is_not_known_is_sent_as_it_was_stated() -> None:
    assert first_request(from_json(InvoiceBody, BODY)) == BODY


def test_it_is_compared_where_an_answer_shows_it_numbers_by_value() -> None:
    there = remote(terms={"code": "EXW", "place": "Lyon"}, grams="12.5")
    assert compare(there) == Comparison((), (), ())
    different = compare(remote(terms={"code": "DAP", "place": "Lyon"}, grams="13"))
    assert [difference.pointer for difference in different.content] == [
        "/delivery_terms",
        "/invoice_lines/0/carbon_grams",
    ]
    assert different.unverifiable == ()


def test_it_is_told_as_unverifiable_where_no_answer_shows_it() -> None:
    assert compare(remote()) == Comparison((), (), ("/delivery_terms", "/invoice_lines/0/carbon_grams"))


def test_a_draft_that_has_it_otherwise_is_updated() -> None:
    there = remote(terms={"code": "DAP"}, grams="13")
    assert update_body(resolved(), there) == {
        "delivery_terms": {"code": "EXW", "place": "Lyon"},
        "invoice_lines": {"delete": [{"id": 1}], "create": [LINE]},
    }


def test_an_answer_keeps_what_can_be_set_and_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    class NewerInvoice(models.CustomerInvoice, frozen=True, kw_only=True):
        delivery_terms: dict[str, str] | None = None

    settable = answers._invoice_fields() | {"delivery_terms"}
    monkeypatch.setattr(answers, "_invoice_fields", lambda: settable)
    fields = {"id": 7, "draft": True, "delivery_terms": {"code": "EXW"}}
    assert answers.invoice(convert(fields, NewerInvoice)).extra == {"delivery_terms": {"code": "EXW"}}
    assert answers.invoice(convert({"id": 7, "draft": True}, models.CustomerInvoice)).extra == {}


def test_values_that_are_not_known_are_taken_as_they_are() -> None:
    answer = {"id": 7, "draft": True, "currency": "XYZ", "language": "tlh_QO", "status": "haunted"}
    invoice = answers.invoice(convert(answer, models.CustomerInvoice))
    assert (invoice.currency, invoice.language) == ("XYZ", "tlh_QO")
    line = answers.line(
        convert({"id": 1, "vat_rate": "XX_999", "substance": "ether"}, models.CustomerInvoiceLine)
    )
    assert (line.vat_rate, line.substance) == ("XX_999", "ether")
    there = replace(remote(), currency=invoice.currency)
    assert [difference.have for difference in compare(there).content] == ["XYZ"]


@pytest.mark.parametrize("missing", ["id", "draft"])
def test_nothing_can_be_made_of_an_answer_without_its_id(missing: str) -> None:
    fields = {"id": 7, "draft": True}
    del fields[missing]
    with pytest.raises(errors.MissingFieldError, match=missing):
        answers.invoice(convert(fields, models.CustomerInvoice))
