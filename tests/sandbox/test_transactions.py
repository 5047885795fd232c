from __future__ import annotations

import pytest

from .conftest import Caller


@pytest.fixture
def account(api: Caller) -> int:
    identifier: int = api.get("/bank_accounts").json()["items"][0]["id"]
    return identifier


def body(account: int, **changes: object) -> dict[str, object]:
    return {
        "bank_account_id": account,
        "label": "Transfer",
        "date": "2025-10-05",
        "amount": "12.5",
        **changes,
    }


def test_an_account_carries_the_sum_of_its_transactions(api: Caller, account: int) -> None:
    first = api.made("/transactions", body(account, fee="0.5"))
    second = api.made("/transactions", body(account, amount="-2.50"))
    assert (first["outstanding_balance"], second["outstanding_balance"]) == ("12.5", "10.0")
    assert (first["fee"], second["fee"]) == ("0.5", "0.0")
    assert api.get(f"/bank_accounts/{account}").json()["balance"] == "10.0"
    assert api.get(f"/transactions/{first['id']}").json() == first


def test_they_are_found_by_account_and_date(api: Caller, account: int) -> None:
    other = api.made("/bank_accounts", {"name": "Dollars", "currency": "USD"})["id"]
    made = api.made("/transactions", body(other))
    api.made("/transactions", body(account, date="2025-10-06"))
    assert (made["currency"], made["amount"]) == ("USD", "11.25")
    found = api.filtered("/transactions", ("bank_account_id", "eq", other)).json()["items"]
    assert [one["id"] for one in found] == [made["id"]]
    found = api.filtered("/transactions", ("date", "gt", "2025-10-05")).json()["items"]
    assert [one["date"] for one in found] == ["2025-10-06"]


def test_a_transaction_names_one_party(api: Caller, account: int, customer: int) -> None:
    made = api.made("/transactions", body(account))["id"]
    named = api.put(f"/transactions/{made}", json={"customer_id": customer}).json()
    assert (named["customer"]["id"], named["supplier"]) == (customer, None)
    assert api.put(f"/transactions/{made}", json={"customer_id": None}).json()["customer"] is None
    assert api.put(f"/transactions/{made}", json={"customer_id": 42}).status_code == 404
    assert api.put(f"/transactions/{made}", json={}).status_code == 400


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"amount": "0"}, 422),
        ({"amount": "ten"}, 422),
        ({"bank_account_id": 42}, 404),
        ({"date": "2025-13-01"}, 400),
    ],
)
def test_what_is_no_transaction(api: Caller, account: int, changes: dict[str, object], status: int) -> None:
    assert api.post("/transactions", json=body(account, **changes)).status_code == status


def test_accounts_are_at_a_bank(api: Caller) -> None:
    banks = {one["name"]: one["id"] for one in api.get("/bank_establishments").json()["items"]}
    assert api.made("/bank_accounts", {"name": "A"})["bank_establishment"]["id"] == banks["Other"]
    named = {"name": "B", "bank_establishment_id": banks["Sandbox Bank"]}
    assert api.made("/bank_accounts", named)["balance"] == "0.0"
    assert api.post("/bank_accounts", json={"name": "C", "bank_establishment_id": 42}).status_code == 404


def test_journals_have_a_code(api: Caller) -> None:
    made = api.made("/journals", {"code": "HA", "label": "Purchases"})
    assert api.get(f"/journals/{made['id']}").json() == made
    assert api.post("/journals", json={"code": "HA", "label": "again"}).status_code == 422
    assert api.post("/journals", json={"code": "H2", "label": "digit"}).status_code == 422
    assert len(api.filtered("/journals", ("type", "eq", "cash")).json()["items"]) == 1
