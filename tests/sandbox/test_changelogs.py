from __future__ import annotations

from typing import Any

import pytest
from pennyform.sandbox import Rules, Sandbox

from .bodies import PDF, company, product
from .conftest import Caller, Clock, Draft, Issued


def operations(api: Caller, log: str, **parameters: Any) -> list[tuple[int, str]]:
    answer = api.get(f"/changelogs/{log}", params=parameters)
    assert answer.status_code == 200, answer.text
    return [(one["id"], one["operation"]) for one in answer.json()["items"]]


def test_a_change_shows_a_little_late(api: Caller, draft: Draft, clock: Clock) -> None:
    first = api.made("/customer_invoices", draft())
    assert operations(api, "customer_invoices") == []
    clock.advance(seconds=4)
    assert operations(api, "customer_invoices") == [(first["id"], "insert")]
    (shown,) = api.get("/changelogs/customer_invoices").json()["items"]
    assert shown["created_at"] == first["created_at"]
    assert shown["processed_at"] == "2025-10-01T09:30:04.000000Z"


def test_how_late_is_a_rule(api: Caller, draft: Draft, sandbox: Sandbox) -> None:
    sandbox.rules = Rules(changelog_delay=0)
    first = api.made("/customer_invoices", draft())
    assert operations(api, "customer_invoices") == [(first["id"], "insert")]


def test_the_life_of_an_invoice_oldest_first(api: Caller, draft: Draft, clock: Clock) -> None:
    kept, gone = (api.made("/customer_invoices", draft())["id"] for _ in range(2))
    clock.advance(seconds=1)
    api.put(f"/customer_invoices/{kept}", json={"label": "x"})
    clock.advance(seconds=1)
    api.delete(f"/customer_invoices/{gone}")
    api.put(f"/customer_invoices/{kept}/finalize")
    api.put(f"/customer_invoices/{kept}/finalize")
    clock.advance(seconds=10)
    told = [(kept, "insert"), (gone, "insert"), (kept, "update"), (gone, "delete"), (kept, "update")]
    assert operations(api, "customer_invoices") == told
    assert operations(api, "customer_invoices", start_date="2025-10-01T09:30:05Z") == told[2:]
    assert operations(api, "customer_invoices", start_date="2025-10-01T11:30:05.5+02:00") == told[3:]


def test_what_hangs_on_an_invoice_is_no_change_of_it(api: Caller, issued: Issued, clock: Clock) -> None:
    invoice = issued()["id"]
    category = api.get("/categories").json()["items"][0]["id"]
    api.put(f"/customer_invoices/{invoice}/categories", json=[{"id": category, "weight": "1"}])
    clock.advance(seconds=10)
    assert operations(api, "customer_invoices") == [(invoice, "insert")]
    (told,) = api.get("/changelogs/ledger_entries_categories").json()["items"]
    assert told["operation"] == "insert"
    assert told["ledger_entry"]["type"] == "CustomerInvoice"


@pytest.mark.parametrize(("is_change", "updates"), [(False, 0), (True, 3)])
def test_whether_what_is_attached_is_a_change(
    api: Caller, issued: Issued, sandbox: Sandbox, clock: Clock, is_change: bool, updates: int
) -> None:
    sandbox.rules = Rules(attached_is_change=is_change)
    invoice = issued()["id"]
    path = f"/customer_invoices/{invoice}"
    account = api.get("/bank_accounts").json()["items"][0]["id"]
    body = {"bank_account_id": account, "label": "x", "date": "2025-10-05", "amount": "1"}
    transaction = api.made("/transactions", body)["id"]
    clock.advance(seconds=1)
    api.post(f"{path}/appendices", files={"file": ("a.pdf", PDF, "application/pdf")})
    api.post(f"{path}/matched_transactions", json={"transaction_id": transaction})
    api.delete(f"{path}/matched_transactions/{transaction}")
    clock.advance(seconds=10)
    assert operations(api, "customer_invoices") == [(invoice, "insert")] + [(invoice, "update")] * updates


def test_each_kind_has_its_own(api: Caller, customer: int, clock: Clock) -> None:
    made = api.made("/products", product())["id"]
    api.put(f"/products/{made}", json={"label": "y"})
    clock.advance(seconds=10)
    assert operations(api, "customers") == [(customer, "insert")]
    assert operations(api, "products") == [(made, "insert"), (made, "update")]
    assert operations(api, "customer_invoices") == []


def test_pages_follow_each_other(api: Caller, clock: Clock) -> None:
    made = [api.made("/company_customers", company())["id"] for _ in range(25)]
    clock.advance(seconds=10)
    pages = [[one["id"] for one in page["items"]] for page in api.pages("/changelogs/customers", limit=10)]
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [one for page in pages for one in page] == made
    assert len(api.get("/changelogs/customers").json()["items"]) == 20
    assert len(api.get("/changelogs/customers", params={"limit": 1000}).json()["items"]) == 25
    assert api.get("/changelogs/customers", params={"limit": 1001}).status_code == 400


def test_changes_are_kept_for_four_weeks(api: Caller, customer: int, clock: Clock) -> None:
    clock.advance(days=28)
    assert operations(api, "customers") == [(customer, "insert")]
    assert operations(api, "customers", start_date="2025-10-01T09:30:00Z") == [(customer, "insert")]
    refused = api.get("/changelogs/customers", params={"start_date": "2025-10-01T09:29:59Z"})
    assert refused.status_code == 422
    clock.advance(seconds=5)
    assert operations(api, "customers") == []


@pytest.mark.parametrize(
    "parameters",
    [
        {"start_date": "2025-09-30T00:00:00Z", "cursor": "WzFd"},
        {"start_date": "yesterday"},
        {"start_date": "2025-09-30"},
        {"cursor": "nonsense"},
        {"limit": "0"},
    ],
)
def test_what_cannot_be_asked(api: Caller, parameters: dict[str, str]) -> None:
    assert api.get("/changelogs/customer_invoices", params=parameters).status_code == 400


def test_another_company_s_changes_are_not_seen(
    api: Caller, sandbox: Sandbox, connect: Any, customer: int, clock: Clock
) -> None:
    sandbox.add_token("other", company=sandbox.add_company("Other SAS"))
    clock.advance(seconds=10)
    assert operations(connect("other"), "customers") == []
