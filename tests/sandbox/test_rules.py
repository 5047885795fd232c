"""Each switch for what is not certain about the real service: on one side, and on the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields
from pennyform.sandbox import Rules, Sandbox

from .bodies import PDF, company, line
from .conftest import Caller, Clock, Draft, Issued

Decide = Callable[[Rules], None]


def test_every_switch_is_tried_somewhere() -> None:
    sources = [path.read_text() for path in Path(__file__).parent.glob("test_*.py")]
    tried = {name for source in sources for name in re.findall(r"Rules\((\w+)=", source)}
    assert tried == {field.name for field in fields(Rules)}


@pytest.fixture
def decide(sandbox: Sandbox) -> Decide:
    def decide(rules: Rules) -> None:
        sandbox.rules = rules

    return decide


@pytest.mark.parametrize(("rounding", "tax"), [("line", "20.01"), ("document", "20.0")])
def test_where_vat_is_rounded(api: Caller, draft: Draft, decide: Decide, rounding: Any, tax: str) -> None:
    decide(Rules(rounding=rounding))
    third = line(quantity=1, raw_currency_unit_price="33.335")
    assert api.made("/customer_invoices", draft(third, third, third))["currency_tax"] == tax


@pytest.mark.parametrize(
    ("code", "tax"),
    [
        ("FR_200_construction", "40.0"),
        ("intracom_55", "11.0"),
        ("DE_intracom_190_BU0013", "38.0"),
        ("DE_70_construction_BU0091", "14.0"),
        ("DE_exempt_BU0001", "0.0"),
        ("crossborder", "0.0"),
    ],
)
def test_tax_that_the_customer_owes(api: Caller, draft: Draft, decide: Decide, code: str, tax: str) -> None:
    assert api.made("/customer_invoices", draft(line(vat_rate=code)))["currency_tax"] == "0.0"
    decide(Rules(reverse_charge_taxed=True))
    assert api.made("/customer_invoices", draft(line(vat_rate=code)))["currency_tax"] == tax


@pytest.mark.parametrize(
    ("spread", "tax", "shown"),
    [
        # 20 % of 1.00, twice; or of 1.02, twice, less that of 0.04.
        ("lines", "0.4", ["1.02", "1.02"]),
        ("shown", "0.4", ["1.0", "1.0"]),
        ("codes", "0.39", ["1.02", "1.02"]),
    ],
)
def test_how_a_discount_on_the_invoice_comes_off(
    api: Caller, draft: Draft, decide: Decide, spread: Any, tax: str, shown: list[str]
) -> None:
    decide(Rules(invoice_discount=spread))
    one = line(quantity=1, raw_currency_unit_price="1.02")
    made = api.made("/customer_invoices", draft(one, one, discount={"type": "absolute", "value": "0.04"}))
    assert (made["currency_amount_before_tax"], made["currency_tax"]) == ("2.0", tax)
    listed = api.get(f"/customer_invoices/{made['id']}/invoice_lines", params={"sort": "rank"}).json()
    assert [one["currency_amount_before_tax"] for one in listed["items"]] == shown


@pytest.mark.parametrize(
    ("signed", "value", "amount"),
    [(True, "10", "-210.0"), (True, "-10", "-190.0"), (False, "10", "-190.0"), (False, "-10", "-190.0")],
)
def test_whose_sign_a_discount_on_a_credit_note_has(
    api: Caller, draft: Draft, decide: Decide, signed: bool, value: str, amount: str
) -> None:
    decide(Rules(discount_signed=signed))
    discount = {"type": "absolute", "value": value}
    bodies = [draft(line(quantity=-2, discount=discount)), draft(line(quantity=-2), discount=discount)]
    made = [api.made("/customer_invoices", body)["currency_amount_before_tax"] for body in bodies]
    assert made == [amount, amount]


def test_ids_that_lead_nowhere(api: Caller, draft: Draft, decide: Decide) -> None:
    bodies = [
        draft(customer_id=42),
        draft(line(ledger_account_id=42)),
        draft({"product_id": 42, "quantity": 1}),
    ]
    for rules, status in ((Rules(), 404), (Rules(unknown_reference=422), 422)):
        decide(rules)
        answers = [api.post("/customer_invoices", json=body) for body in bodies]
        assert [answer.status_code for answer in answers] == [status] * 3
        assert api.get("/customer_invoices/42").status_code == 404


def test_how_numbers_go_on(api: Caller, issued: Issued, decide: Decide) -> None:
    days = [{"date": day, "deadline": day} for day in ("2024-12-31", "2025-01-01")]
    assert [issued(**day)["invoice_number"] for day in days] == ["F-2024-0001", "F-2025-0001"]
    decide(Rules(numbered_by_year=False))
    assert [issued(**day)["invoice_number"] for day in days] == ["F-2024-0001", "F-2025-0002"]


def test_how_exact_a_quantity_is(api: Caller, draft: Draft, decide: Decide) -> None:
    body = draft(line(quantity=0.125))
    assert api.post("/customer_invoices", json=body).status_code == 201
    decide(Rules(quantity_decimals=2))
    assert api.post("/customer_invoices", json=body).status_code == 422


@pytest.mark.parametrize("value", ["-1", "101"])
def test_percentages_off(api: Caller, draft: Draft, decide: Decide, value: str) -> None:
    discount = {"type": "relative", "value": value}
    bodies = [draft(line(discount=discount)), draft(discount=discount)]
    assert {api.post("/customer_invoices", json=body).status_code for body in bodies} == {422}
    decide(Rules(discount_bounded=False))
    assert {api.post("/customer_invoices", json=body).status_code for body in bodies} == {201}


def test_a_draft_without_lines(api: Caller, draft: Draft, decide: Decide) -> None:
    decide(Rules(draft_needs_a_line=False))
    invoice = api.made("/customer_invoices", draft())
    path = f"/customer_invoices/{invoice['id']}"
    (only,) = api.get(f"{path}/invoice_lines").json()["items"]
    emptied = api.put(path, json={"invoice_lines": {"delete": [{"id": only["id"]}]}})
    assert (emptied.status_code, emptied.json()["currency_amount"]) == (200, "0.0")
    assert api.put(f"{path}/finalize").status_code == 422


def test_a_file_that_is_sent_as_something_else(api: Caller, decide: Decide) -> None:
    file = {"file": ("a.pdf", PDF, "application/octet-stream")}
    assert api.post("/file_attachments", files=file).status_code == 422
    decide(Rules(file_type_declared=False))
    made = api.post("/file_attachments", files=file)
    assert made.status_code == 201
    assert api.fetch(made.json()["url"]).headers["content-type"] == "application/pdf"


def test_mail_to_nobody(api: Caller, issued: Issued, decide: Decide) -> None:
    path = f"/customer_invoices/{issued()['id']}/send_by_email"
    decide(Rules(mail_needs_address=False, pdf_seconds=0))
    assert api.post(path).status_code == 204
    decide(Rules(mail_needs_address=True, pdf_seconds=0))
    assert api.post(path).status_code == 422


def test_how_long_the_platform_takes(api: Caller, issued: Issued, decide: Decide) -> None:
    buyer = api.made("/company_customers", company(reg_no="552100554"))["id"]
    path = f"/customer_invoices/{issued(customer_id=buyer)['id']}"
    decide(Rules(pa_seconds=0))
    api.post(f"{path}/send_to_pa")
    assert api.get(path).json()["e_invoicing"]["status"] == "sent"


@pytest.mark.parametrize("answer", ["accepted", "refused"])
def test_how_the_customer_answers(api: Caller, issued: Issued, decide: Decide, answer: Any) -> None:
    buyer = api.made("/company_customers", company(reg_no="552100554"))["id"]
    path = f"/customer_invoices/{issued(customer_id=buyer)['id']}"
    api.post(f"{path}/send_to_pa")
    decide(Rules(pa_answer=answer, pa_seconds=0))
    assert api.get(path).json()["e_invoicing"]["status"] == "sent"
    decide(Rules(pa_answer_seconds=0, pa_answer=answer, pa_seconds=0))
    shown = api.get(path).json()["e_invoicing"]
    assert (shown["status"], bool(shown["reason"])) == (answer, answer == "refused")


def test_a_credit_note_for_somebody_else(api: Caller, issued: Issued, decide: Decide) -> None:
    other = api.made("/company_customers", company(name="Other"))["id"]
    notes = [issued(line(quantity=-1), customer_id=other), issued(line(quantity=-1), currency="USD")]
    path = f"/customer_invoices/{issued()['id']}/link_credit_note"
    statuses = {api.post(path, json={"credit_note_id": note["id"]}).status_code for note in notes}
    assert statuses == {422}
    decide(Rules(credit_must_fit=False))
    statuses = {api.post(path, json={"credit_note_id": note["id"]}).status_code for note in notes}
    assert statuses == {200}


@pytest.mark.parametrize(
    ("cancels", "statuses"),
    [(True, ["partially_cancelled", "cancelled"]), (False, ["partially_paid", "paid"])],
)
def test_what_credit_notes_make_of_an_invoice(
    api: Caller, issued: Issued, decide: Decide, cancels: bool, statuses: list[str]
) -> None:
    decide(Rules(credit_cancels=cancels))
    path = f"/customer_invoices/{issued()['id']}"
    for status in statuses:
        half = issued(line(quantity=-1))["id"]
        api.post(f"{path}/link_credit_note", json={"credit_note_id": half})
        assert api.get(path).json()["status"] == status


def test_quotes_after_they_were_invoiced(api: Caller, customer: int, decide: Decide) -> None:
    dates = {"date": "2025-10-01", "deadline": "2025-10-31"}
    quote = api.made("/quotes", {**dates, "customer_id": customer, "invoice_lines": [line()]})["id"]
    body = {"quote_id": quote, "draft": True}
    decide(Rules(quote_once=False))
    for _ in range(2):
        assert api.post("/customer_invoices/create_from_quote", json=body).status_code == 201
    assert api.put(f"/quotes/{quote}", json={"deadline": "2025-11-30"}).status_code == 200
    assert api.put(f"/quotes/{quote}/update_status", json={"status": "denied"}).status_code == 200


@pytest.mark.parametrize(("keeps", "deadline"), [(False, "2025-11-10"), (True, "2025-10-20")])
def test_when_an_invoice_from_a_quote_is_due(
    api: Caller, customer: int, decide: Decide, clock: Clock, keeps: bool, deadline: str
) -> None:
    decide(Rules(quote_keeps_deadline=keeps))
    dates = {"date": "2025-10-01", "deadline": "2025-10-20"}
    quote = api.made("/quotes", {**dates, "customer_id": customer, "invoice_lines": [line()]})["id"]
    clock.advance(days=10)
    made = api.made("/customer_invoices/create_from_quote", {"quote_id": quote, "draft": True})
    assert made["deadline"] == deadline


@pytest.mark.parametrize(("makes_up", "made"), [(False, 1), (True, 2)])
def test_what_a_subscription_missed(
    api: Caller, customer: int, decide: Decide, clock: Clock, makes_up: bool, made: int
) -> None:
    decide(Rules(subscription_makes_up=makes_up))
    body = {
        "start": "2025-10-01",
        "mode": {"type": "finalized"},
        "payment_conditions": "upon_receipt",
        "payment_method": "offline",
        "recurring_rule": {"type": "monthly"},
        "customer_id": customer,
        "customer_invoice_data": {"invoice_lines": [line()]},
    }
    path = f"/billing_subscriptions/{api.made('/billing_subscriptions', body)['id']}"
    api.put(path, json={"stop": True})
    clock.advance(days=45)
    api.put(path, json={"stop": False})
    assert len(api.get("/customer_invoices").json()["items"]) == made


def test_lines_of_entries_with_two_sides(api: Caller, decide: Decide) -> None:
    account = api.get("/ledger_accounts").json()["items"][0]["id"]
    journal = api.get("/journals").json()["items"][0]["id"]
    both = {"ledger_account_id": account, "debit": "1", "credit": "1"}
    body: dict[str, Any] = {"date": "2025-10-05", "label": "x", "journal_id": journal}
    body["ledger_entry_lines"] = [both]
    assert api.post("/ledger_entries", json=body).status_code == 422
    decide(Rules(entry_line_has_one_side=False))
    assert api.post("/ledger_entries", json=body).status_code == 201
