from __future__ import annotations

import pytest
from pennyform.sandbox import Rules, Sandbox

from .bodies import product
from .conftest import Caller


def account(api: Caller, number: str) -> int:
    found: int = api.filtered("/ledger_accounts", ("number", "eq", number)).json()["items"][0]["id"]
    return found


def test_the_price_with_tax_follows(api: Caller) -> None:
    created = api.made("/products", product(price_before_tax="12.50", vat_rate="FR_55"))
    assert (created["price_before_tax"], created["price"]) == ("12.5", "13.19")
    updated = api.put(f"/products/{created['id']}", json={"vat_rate": "exempt"}).json()
    assert (updated["price"], updated["label"]) == ("12.5", "Day of training")


def test_a_substance_leads_to_an_account(api: Caller) -> None:
    created = api.made("/products", product(substance="goods"))
    assert created["ledger_account"] == {"id": account(api, "707000")}
    assert created["substance"] == "goods"


def test_a_substance_that_contradicts_the_account_is_refused(api: Caller) -> None:
    body = product(substance="goods", ledger_account_id=account(api, "706000"))
    assert api.post("/products", json=body).status_code == 422


def test_which_accounts_a_substance_fits(api: Caller, sandbox: Sandbox) -> None:
    transport = account(api, "708500")
    body = product(substance="services", ledger_account_id=transport)
    assert api.post("/products", json=body).status_code == 422
    assert api.made("/products", product(ledger_account_id=transport))["substance"] is None
    sandbox.rules = Rules(substance_accounts="wide")
    assert api.made("/products", body)["substance"] == "services"
    assert api.post("/products", json={**body, "substance": "goods"}).status_code == 422


def test_accounts_that_are_unknown_or_closed_are_refused(api: Caller) -> None:
    assert api.post("/products", json=product(ledger_account_id=1)).status_code == 404
    closed = account(api, "758000")
    assert api.post("/products", json=product(ledger_account_id=closed)).status_code == 422


@pytest.mark.parametrize("rate", ["mixed"])
def test_a_rate_that_cannot_be_written_is_refused(api: Caller, rate: str) -> None:
    assert api.post("/products", json=product(vat_rate=rate)).status_code in (400, 422)


def test_references_are_unique(api: Caller) -> None:
    api.made("/products", product(external_reference="TRAINING"))
    again = api.post("/products", json=product(external_reference="TRAINING"))
    assert "reference has already been taken" in again.json()["error"]


def test_one_account_number_can_belong_to_several_ids(api: Caller) -> None:
    found = api.filtered("/ledger_accounts", ("number", "eq", "708500")).json()["items"]
    assert [one["vat_rate"] for one in found] == ["FR_55", "FR_200"]
    body = {"number": "708500", "label": "Shipping, export", "vat_rate": "any"}
    assert api.post("/ledger_accounts", json=body).status_code == 201
    assert api.post("/ledger_accounts", json=body).status_code == 422
