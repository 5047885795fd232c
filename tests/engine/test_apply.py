"""What an apply does when nothing goes wrong, and in how many requests."""

from __future__ import annotations

import pytest
from pennyform.engine.planning.resolve import UnresolvedError

from .world import API, PRODUCT, Office, actions, by_reference, line, only, raw, read_all, statuses


def test_a_draft_is_created_and_verified(office: Office) -> None:
    office.define("INV-1")
    report = office.apply()
    assert statuses(report) == {"ACME": "done", "INV-1": "done"}
    row = only(office.books()["INV-1"])
    assert row["draft"]
    assert row["currency_amount"] == "240.0"


def test_a_second_apply_sends_no_write(office: Office) -> None:
    office.define("INV-1")
    office.define("INV-2", finalize=True)
    office.apply()
    before = office.books()
    office.wire.sent.clear()
    report = office.apply()
    assert statuses(report) == {"ACME": "unchanged", "INV-1": "unchanged", "INV-2": "unchanged"}
    assert office.wire.count("GET") == len(office.wire.sent)
    assert office.books() == before


def test_finalizing_happens_after_a_reading_and_is_read_back(office: Office) -> None:
    office.define("INV-1", finalize=True)
    report = office.apply()
    result = by_reference(report)["INV-1"]
    assert (result.invoice_number, result.draft) == ("F-2025-0001", False)
    sent = [(request.method, request.url.path.rpartition("/v2/")[2]) for request in office.wire.sent]
    id_ = result.id
    assert sent[-7:] == [
        ("POST", "customer_invoices"),
        ("GET", "customer_invoices"),
        ("GET", "customers"),
        ("GET", "me"),
        ("PUT", f"customer_invoices/{id_}/finalize"),
        ("GET", "customer_invoices"),
        ("GET", "customers"),
    ]


def test_a_draft_can_be_finalized_later(office: Office) -> None:
    office.define("INV-1")
    office.apply()
    office.define("INV-1", finalize=True)
    assert actions(office.plan()) == {"INV-1": "finalize"}
    office.apply()
    assert not only(office.books()["INV-1"])["draft"]


def test_the_plan_says_how_many_requests_an_apply_takes(office: Office) -> None:
    office.write("products/day.yaml", PRODUCT)
    office.define("INV-1")
    office.define("INV-2", finalize=True, lines="  - product: DAY\n    quantity: 3\n")
    office.define("INV-3", lines=line() * 25)
    sections = "invoice_line_sections:\n  - rank: 1\n    title: One\n"
    office.define("INV-4", lines=line(more="    section_rank: 1\n"), more=sections)
    made = office.plan()
    planned = made.document().requests
    office.wire.sent.clear()
    office.plan()
    looked_up = len(office.wire.sent)
    office.wire.sent.clear()
    assert set(statuses(office.apply()).values()) == {"done"}
    assert len(office.wire.sent) == looked_up + planned


def test_many_invoices_are_read_back_together(office: Office) -> None:
    for number in range(120):
        office.define(f"INV-{number:03}", finalize=number % 2 == 0)
    report = office.apply()
    assert set(statuses(report).values()) == {"done"}
    # /me three times, customers twice, the dates, later dates; 1 customer; 120 drafts; 3 waves read; 60
    # finalized, read; the customer's card before and after.
    assert len(office.wire.sent) <= 7 + 1 + 120 + 3 + 60 + 2 + 2
    office.wire.sent.clear()
    assert not office.plan().pending
    assert len(office.wire.sent) <= 6


def test_a_customer_of_a_draft_can_be_changed(office: Office) -> None:
    office.define("INV-1")
    office.apply()
    other = (office.root / "customers" / "acme.yaml").read_text().replace("ACME", "OTHER")
    office.write("customers/other.yaml", other)
    definition = office.root / "invoices" / "INV-1.yaml"
    definition.write_text(definition.read_text().replace("customer: ACME", "customer: OTHER"))
    assert actions(office.plan()) == {"INV-1": "update"}
    assert statuses(office.apply()) == {"ACME": "unchanged", "OTHER": "done", "INV-1": "done"}
    assert not office.verify().drift


def test_the_reference_of_a_draft_that_a_person_deleted_stays_taken(office: Office) -> None:
    office.define("INV-1")
    office.apply()
    with raw(office.sandbox) as caller:
        id_ = only(office.books()["INV-1"])["id"]
        caller.delete(f"{API}/customer_invoices/{id_}").raise_for_status()
    (result,) = (one for one in office.apply().results if one.change.external_reference == "INV-1")
    assert result.detail.endswith(
        "if its draft was deleted, define the invoice under another external_reference"
    )
    (office.root / "invoices" / "INV-1.yaml").unlink()
    office.define("INV-1-2")
    assert statuses(office.apply())["INV-1-2"] == "done"


def test_what_a_person_finalized_by_hand_is_left_alone(office: Office) -> None:
    office.define("INV-1")
    office.apply()
    with raw(office.sandbox) as caller:
        id_ = only(office.books()["INV-1"])["id"]
        caller.put(f"{API}/customer_invoices/{id_}/finalize").raise_for_status()
    made = office.plan()
    assert actions(made) == {"INV-1": "no_op"}
    assert made.invoices[0].warnings
    assert not office.verify().drift


@pytest.mark.parametrize("by_id", [False, True])
def test_a_product_is_created_with_its_ledger_account(office: Office, *, by_id: bool) -> None:
    with raw(office.sandbox) as caller:
        accounts = caller.get(f"{API}/ledger_accounts").json()["items"]
    account = next(one for one in accounts if one["number"].startswith("70"))
    named = f"{{id: {account['id']}}}" if by_id else f'"{account["number"]}"'
    office.write("products/day.yaml", f"{PRODUCT}ledger_account: {named}\n")
    office.define("INV-1", lines="  - product: DAY\n    quantity: 1\n")
    assert set(statuses(office.apply()).values()) == {"done"}
    made = office.plan()
    assert not made.pending
    assert [change.differences for change in made.prerequisites] == [(), ()]


def test_a_ledger_account_that_no_one_has_is_told(office: Office) -> None:
    office.write("products/day.yaml", f'{PRODUCT}ledger_account: "70999999"\n')
    office.define("INV-1", lines="  - product: DAY\n    quantity: 1\n")
    with pytest.raises(UnresolvedError, match="there is no ledger account with number '70999999'"):
        office.plan()


def test_customers_and_products_of_a_data_file_are_created_as_they_are_needed(office: Office) -> None:
    office.write("data/members.csv", "number,name,price\n1,One SARL,10.00\n2,Two SARL,20.00\n")
    office.write("customers/members.yaml", MEMBERS)
    office.write("products/fees.yaml", FEES)
    product = "  - {product: FEE-2, quantity: 3}\n"
    office.define("INV-1", lines=product)
    definition = office.root / "invoices" / "INV-1.yaml"
    definition.write_text(definition.read_text().replace("customer: ACME", "customer: MEMBER-2"))
    assert statuses(office.apply())["INV-1"] == "done"
    (customer,) = read_all(office.sandbox, "/customers")
    assert (customer["external_reference"], customer["name"]) == ("MEMBER-2", "Two SARL")
    assert only(office.books()["INV-1"])["currency_amount"] == "72.0"


MEMBERS = """\
for_each: ../data/members.csv
external_reference: "MEMBER-{{ row.number }}"
name: "{{ row.name }}"
billing_address: {address: 1 rue, postal_code: "75001", city: Paris, country_alpha2: FR}
"""
FEES = """\
for_each: ../data/members.csv
external_reference: "FEE-{{ row.number }}"
label: Fee
price_before_tax: "{{ row.price }}"
unit: month
vat_rate: FR_200
"""
