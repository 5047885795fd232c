"""A customer whom the account has already is named in the plan, and not created again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pennyform.engine.planning.actions import PrerequisiteChange
from pennyform.engine.planning.planner import make_plan
from pennyform.engine.planning.prerequisites import customers
from pennyform.engine.session import refresh_read_only
from pennyform.results.plan import Action

from .world import API, CUSTOMER, Office, actions, raw, read_all, statuses

SIREN, SIRET, OTHER_SIRET = "732829320", "73282932000074", "73282932000082"
VAT_NUMBER = "FR44732829320"
ADDRESS = {"address": "2 rue Neuve", "postal_code": "69001", "city": "Lyon", "country_alpha2": "FR"}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    made.define("INV-1")
    yield made
    made.close()


def declare(office: Office, more: str = "") -> None:
    office.write("customers/acme.yaml", CUSTOMER + more)


def know(office: Office, **fields: Any) -> int:
    """Let the account have a company, and return its id."""
    with raw(office.sandbox) as caller:
        body = {"name": "Acme Services", "billing_address": ADDRESS, **fields}
        return int(caller.post(f"{API}/company_customers", json=body).raise_for_status().json()["id"])


def customer(office: Office) -> PrerequisiteChange:
    (change,) = office.plan().prerequisites
    return change


@pytest.mark.parametrize(
    ("declared", "known", "name"),
    [
        (f'reg_no: "{SIREN}"\n', {"reg_no": SIREN}, f"SIREN, {SIREN}"),
        (f'reg_no: "{SIREN}"\n', {"reg_no": "732 829 320"}, f"SIREN, {SIREN}"),
        (f'reg_no: "{SIREN}"\n', {"reg_no": SIRET}, f"SIREN, {SIREN}"),
        (f'reg_no: "{SIRET}"\n', {"reg_no": SIREN}, f"SIREN, {SIREN}"),
        (f'reg_no: "{SIRET}"\n', {"reg_no": "732 829 320 00074"}, f"SIRET, {SIRET}"),
        (f"vat_number: {VAT_NUMBER}\n", {"reg_no": SIREN}, f"SIREN, {SIREN}"),
        (f'reg_no: "{SIREN}"\n', {"vat_number": "FR 44 732829320"}, f"SIREN, {SIREN}"),
        ("vat_number: DE136695976\n", {"vat_number": "DE 136695976"}, "VAT number, DE136695976"),
    ],
)
def test_a_company_that_is_there_is_not_created_again(
    office: Office, declared: str, known: dict[str, str], name: str
) -> None:
    declare(office, declared)
    id_ = know(office, external_reference="CRM-17", **known)
    change = customer(office)
    assert change.action is Action.CONFLICT
    assert change.ways_out[0] == (
        f"the account has a customer with the same {name}: "
        f"Acme Services (id {id_}, external_reference CRM-17): "
        "give that one the external_reference ACME in Pennylane"
    )
    assert f"{{id: {id_}}}" in change.ways_out[1]
    assert actions(office.plan()) == {"INV-1": "conflict"}
    assert statuses(office.apply()) == {"ACME": "conflict", "INV-1": "conflict"}
    assert [row["id"] for row in read_all(office.sandbox, "/customers")] == [id_]


def test_the_ways_out_are_ways_out(office: Office) -> None:
    declare(office, f'reg_no: "{SIREN}"\n')
    id_ = know(office, reg_no=SIREN, external_reference="CRM-17")
    with raw(office.sandbox) as caller:
        caller.put(f"{API}/company_customers/{id_}", json={"external_reference": "ACME"}).raise_for_status()
    assert statuses(office.apply())["INV-1"] == "done"

    (office.root / "customers" / "acme.yaml").unlink()
    office.write("invoices/INV-2.yaml", _invoice("INV-2", f"{{id: {id_}}}"))
    assert statuses(office.apply())["INV-2"] == "done"


def test_a_policy_allows_two_cards_of_one_company(office: Office) -> None:
    declare(office, f'reg_no: "{SIREN}"\n')
    office.write(
        "pennyform.yaml", "version: 1\nenvironment: sandbox\npolicies: {duplicate_customers: warn}\n"
    )
    id_ = know(office, reg_no=SIREN)
    change = customer(office)
    assert change.action is Action.CREATE
    (warning,) = change.warnings
    assert f"id {id_}" in warning
    assert statuses(office.apply()) == {"ACME": "done", "INV-1": "done"}


@pytest.mark.parametrize(
    ("declared", "known", "words"),
    [
        (f'reg_no: "{SIRET}"\n', {"reg_no": OTHER_SIRET}, "another establishment of the same SIREN"),
        ("emails: [a@client.example]\n", {"emails": ["A@Client.example"]}, "with the same e-mail address"),
    ],
)
def test_what_may_be_another_customer_is_a_warning(
    office: Office, declared: str, known: dict[str, Any], words: str
) -> None:
    declare(office, declared)
    know(office, **known)
    change = customer(office)
    assert change.action is Action.CREATE
    assert words in change.warnings[0]
    assert statuses(office.apply()) == {"ACME": "done", "INV-1": "done"}


@pytest.mark.parametrize("reference", ["acme", "\uff21CME", "ACME\u00a0"])
def test_a_reference_that_looks_the_same_is_a_conflict(office: Office, reference: str) -> None:
    id_ = know(office, external_reference=reference)
    change = customer(office)
    assert change.action is Action.CONFLICT
    assert f"id {id_}" in change.ways_out[0]


def test_nothing_is_asked_when_nobody_is_to_be_created(office: Office) -> None:
    declare(office, f'reg_no: "{SIREN}"\n')
    office.apply()
    before = office.wire.count("GET", "/customers")
    office.plan()
    assert office.wire.count("GET", "/customers") == before + 1


@pytest.mark.parametrize(
    ("declared", "known", "is_same"),
    [
        (f'reg_no: "{SIREN}"\n', {"reg_no": "732 829 320"}, True),
        (f'reg_no: "{SIRET}"\n', {"reg_no": SIREN}, True),
        ("vat_number: DE136695976\n", {"name": "ACME SAS", "vat_number": "DE 136695976"}, True),
        ("emails: [a@client.example]\n", {"emails": ["a@client.example"]}, False),
    ],
)
def test_in_a_large_account_older_customers_are_looked_up(
    office: Office, monkeypatch: pytest.MonkeyPatch, declared: str, known: dict[str, Any], is_same: bool
) -> None:
    monkeypatch.setattr(customers, "CUSTOMER_PAGES", 1)
    declare(office, declared)
    know(office, **known)
    for number in range(110):
        know(office, name=f"Other {number}")
    change = customer(office)
    assert change.action is (Action.CONFLICT if is_same else Action.CREATE)
    assert change.ways_out or change.warnings
    looked = refresh_read_only(office.repository(), office.remote(), office.state())
    (notice,) = make_plan(office.repository(), looked.remote).warnings
    assert "more than 100 customers" in notice


def _invoice(reference: str, customer: str) -> str:
    return (
        f"external_reference: {reference}\ncustomer: {customer}\ndate: 2025-10-01\ndeadline: 2025-10-31\n"
        'invoice_lines:\n  - {label: Consulting, quantity: 1, unit: hour, raw_currency_unit_price: "100.00", '
        "vat_rate: FR_200}\noptions: {finalize: false}\n"
    )
