from __future__ import annotations

from typing import Any

import pytest
from pennyform.sandbox import Rules, Sandbox

from .bodies import ADDRESS, company, individual
from .conftest import Caller, Connect


def test_both_kinds_are_read_together_and_by_kind(api: Caller) -> None:
    acme = api.made("/company_customers", company(reg_no="123456789"))
    ada = api.made("/individual_customers", individual())
    assert api.get(f"/customers/{acme['id']}").json()["customer_type"] == "company"
    assert api.get(f"/customers/{ada['id']}").json()["name"] == "Ada Byron"
    assert [item["id"] for item in api.get("/customers").json()["items"]] == [ada["id"], acme["id"]]
    assert api.get(f"/company_customers/{acme['id']}").json() == acme
    assert api.get(f"/company_customers/{ada['id']}").status_code == 404


def test_what_is_left_out_gets_a_value(api: Caller) -> None:
    created = api.made("/company_customers", company())
    assert created["payment_conditions"] == "30_days"
    assert created["billing_language"] == "fr_FR"
    assert created["external_reference"]
    assert created["created_at"] == "2025-10-01T09:30:00.000000Z"


@pytest.mark.parametrize(
    ("path", "body"), [("/company_customers", company()), ("/individual_customers", individual())]
)
def test_a_reference_can_be_used_once_by_either_kind(
    api: Caller, customer: int, path: str, body: dict[str, Any]
) -> None:
    response = api.post(path, json={**body, "external_reference": "ACME_001"})
    assert response.status_code == 422
    assert "reference has already been taken" in response.json()["error"]


def test_an_update_is_partial_and_keeps_the_reference_unique(api: Caller, customer: int) -> None:
    other = api.made("/company_customers", company(external_reference="OTHER"))
    updated = api.put(f"/company_customers/{customer}", json={"billing_address": {"city": "Lyon"}}).json()
    assert updated["billing_address"] == {**ADDRESS, "city": "Lyon"}
    assert updated["name"] == "ACME"
    taken = api.put(f"/company_customers/{other['id']}", json={"external_reference": "ACME_001"})
    assert taken.status_code == 422


def test_a_wrong_country_is_refused(api: Caller) -> None:
    address = {**ADDRESS, "country_alpha2": "France"}
    assert api.post("/company_customers", json=company(billing_address=address)).status_code == 422


def test_the_ledger_account_is_found_or_opened_by_its_number(api: Caller) -> None:
    first = api.made("/company_customers", company(ledger_account={"number": "411ACME"}))
    second = api.made("/company_customers", company(ledger_account={"number": "411ACME"}))
    assert first["ledger_account"] == second["ledger_account"]
    account = api.get(f"/ledger_accounts/{first['ledger_account']['id']}").json()
    assert account["number"] == "411ACME"


def test_updating_as_the_wrong_kind_corrupts_the_record(api: Caller, customer: int) -> None:
    assert api.put(f"/individual_customers/{customer}", json={"phone": "1"}).status_code == 200
    damaged = api.get(f"/customers/{customer}").json()
    assert (damaged["customer_type"], damaged["name"]) == ("individual", "")


def test_or_does_not_find_it_when_told_so(connect: Connect) -> None:
    kind = Sandbox(rate_limit=False, rules=Rules(wrong_kind_corrupts=False))
    api = connect(of=kind)
    created = api.made("/company_customers", company())
    assert api.put(f"/individual_customers/{created['id']}", json={"phone": "1"}).status_code == 404
    kind.close()
