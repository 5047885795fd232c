"""A customer that is only in the account: its card is shown, and checked like that of a declared one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from pennyform.engine.planning.resolve import PlanRejectedError
from pennyform.report.plan import html, markdown, text

from .world import API, CUSTOMER, Office, actions, invoice, line, raw

ADDRESS = {"address": "2 rue Neuve", "postal_code": "69001", "city": "Lyon", "country_alpha2": "FR"}
CARD = {
    "name": "Referred SARL",
    "reg_no": "732829320",
    "vat_number": "FR44732829320",
    "emails": ["billing@referred.example"],
    "billing_address": ADDRESS,
}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    (made.root / "customers" / "acme.yaml").unlink()
    yield made
    made.close()


def know(office: Office, **fields: Any) -> int:
    with raw(office.sandbox) as caller:
        body = {**CARD, "external_reference": "ACME", **fields}
        return int(caller.post(f"{API}/company_customers", json=body).raise_for_status().json()["id"])


def define(office: Office, options: str = "", customer: str = "ACME", **more: Any) -> None:
    made = invoice("INV-1", finalize=True, options=options, **more)
    office.write("invoices/INV-1.yaml", made.replace("customer: ACME", f"customer: {customer}"))


def test_the_plan_shows_the_card_in_every_form(office: Office) -> None:
    id_ = know(office)
    for customer in ("ACME", f"{{id: {id_}}}"):
        define(office, customer=customer)
        document = office.plan().document()
        (change,) = document.changes
        assert change.customer.reg_no == "732829320"
        assert not change.customer.is_declared
        forms = (text.render(document), markdown.render(document), html.render(document))
        for form in forms:
            for value in (
                "Referred SARL",
                "2 rue Neuve",
                "732829320",
                "FR44732829320",
                "billing@referred.example",
            ):
                assert value in unescape(form)
            assert "as the account has it" in form


def test_a_declared_customer_is_not_said_to_be_of_the_account(office: Office) -> None:
    office.write("customers/acme.yaml", CUSTOMER)
    define(office)
    document = office.plan().document()
    assert "as the account has it" not in text.render(document) + html.render(document)


def test_a_customer_named_by_its_id_that_is_declared_too_is_issued_to_as_declared(office: Office) -> None:
    id_ = know(office)
    office.write("customers/acme.yaml", CUSTOMER)
    define(office, customer=f"{{id: {id_}}}")
    office.write("invoices/INV-2.yaml", invoice("INV-2"))
    change = next(change for change in office.plan().invoices if change.external_reference == "INV-1")
    assert change.resolved.customer is not None
    assert change.resolved.customer.name == "ACME SAS"
    report = office.apply()
    assert report.document().summary == {"done": 3}


@pytest.mark.parametrize(
    ("options", "fields", "rule"),
    [
        ("  send_by_email: true\n", {"emails": []}, "mail-without-address"),
        ("  send_by_email: true\n", {"emails": ["billing@referred..example"]}, "email-address"),
        ("  send_to_pa: true\n", {"reg_no": ""}, "platform-without-number"),
    ],
)
def test_what_sending_needs_is_looked_for_before_anything_is_sent(
    office: Office, options: str, fields: dict[str, Any], rule: str
) -> None:
    know(office, **fields)
    define(office, options)
    with pytest.raises(PlanRejectedError) as refused:
        office.plan()
    (finding,) = refused.value.findings
    assert finding.rule == rule
    assert (Path(finding.file).name, finding.line) == ("INV-1.yaml", 2)
    assert finding.fix
    assert office.books() == {}


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ("  send_by_email: {recipients: [a@client.example]}\n", {"emails": []}),
        ("  send_by_email: true\n", {}),
        ("  send_to_pa: true\n", {}),
        ("", {"emails": [], "reg_no": ""}),
    ],
)
def test_what_sending_does_not_need_is_not_asked_for(
    office: Office, options: str, fields: dict[str, Any]
) -> None:
    know(office, **fields)
    define(office, options)
    assert actions(office.plan()) == {"INV-1": "create_and_finalize"}


@pytest.mark.parametrize("code", ["crossborder", "intracom_55"])
def test_a_buyer_without_a_vat_number_is_warned_about(office: Office, code: str) -> None:
    german = {**ADDRESS, "country_alpha2": "DE", "postal_code": "10115"}
    know(office, reg_no="", vat_number="", billing_address=german)
    define(office, lines=line(vat=code), more="special_mention: Autoliquidation\n")
    (change,) = office.plan().invoices
    assert any("vat-buyer-number" in warning and code in warning for warning in change.warnings)
    with raw(office.sandbox) as caller:
        caller.put(
            f"{API}/company_customers/{_id(office)}", json={"vat_number": "DE136695976"}
        ).raise_for_status()
    (change,) = office.plan().invoices
    assert change.warnings == ()


def test_a_card_that_the_plan_leaves_as_it_is_stops_what_would_be_issued_to_it(office: Office) -> None:
    know(office)
    office.write("pennyform.yaml", "version: 1\nenvironment: sandbox\ndeclared: create-only\n")
    office.write("customers/acme.yaml", CUSTOMER)
    define(office)
    office.write("invoices/INV-2.yaml", invoice("INV-2"))
    assert actions(office.plan()) == {"INV-1": "conflict", "INV-2": "create"}
    change = next(change for change in office.plan().invoices if change.external_reference == "INV-1")
    assert "not the declared one (name, billing_address)" in change.ways_out[0]


def _id(office: Office) -> int:
    with raw(office.sandbox) as caller:
        return int(caller.get(f"{API}/customers").json()["items"][0]["id"])


def test_json_says_it_too(office: Office) -> None:
    from pennyform.results.documents import json_text

    know(office)
    define(office)
    (change,) = json.loads(json_text(office.plan().document()))["changes"]
    assert change["customer"]["vat_number"] == "FR44732829320"
    assert change["customer"]["emails"] == ["billing@referred.example"]
    assert change["customer"]["is_declared"] is False
