from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .bodies import individual
from .conftest import Caller, Clock, Draft, Issued


@pytest.fixture
def groups(api: Caller) -> dict[str, int]:
    """Category ids by label: two in ``Cost centre``, two in ``Region``."""
    return {one["label"]: one["id"] for one in api.get("/categories").json()["items"]}


def weights(shown: list[dict[str, Any]]) -> dict[str, str]:
    return {one["label"]: one["weight"] for one in shown}


def test_categories_add_up_to_one_in_each_group(api: Caller, issued: Issued, groups: dict[str, int]) -> None:
    path = f"/customer_invoices/{issued()['id']}/categories"
    halves = [
        {"id": groups["Consulting"], "weight": "0.25"},
        {"id": groups["Training"], "weight": "0.75"},
        {"id": groups["North"], "weight": "1"},
    ]
    expected = {"Consulting": "0.25", "Training": "0.75", "North": "1.0"}
    assert weights(api.put(path, json=halves).json()) == expected
    assert weights(api.get(path).json()["items"]) == expected


def test_they_are_replaced_as_a_whole(api: Caller, issued: Issued, groups: dict[str, int]) -> None:
    path = f"/customer_invoices/{issued()['id']}/categories"
    api.put(path, json=[{"id": groups["Consulting"], "weight": "1"}])
    again = api.put(path, json=[{"id": groups["North"], "weight": "1"}])
    assert weights(again.json()) == {"North": "1.0"}
    assert api.put(path, json=[]).json() == []
    assert api.get(path).json()["items"] == []


@pytest.mark.parametrize(
    "given",
    [
        [("North", "0.5")],
        [("North", "0.49999999"), ("South", "0.50000001")],
        [("North", "0.3333333"), ("South", "0.3333333")],
        [("North", "0"), ("South", "1")],
        [("North", "1.5"), ("South", "-0.5")],
        [("North", "1e0")],
        [("North", " 1")],
        [("North", "")],
        [("North", "0.5"), ("North", "0.5")],
        [("North", "1"), ("Consulting", "0.5")],
    ],
)
def test_weights_that_do_not_add_up_change_nothing(
    api: Caller, issued: Issued, groups: dict[str, int], given: list[tuple[str, str]]
) -> None:
    path = f"/customer_invoices/{issued()['id']}/categories"
    api.put(path, json=[{"id": groups["South"], "weight": "1"}])
    refused = api.put(path, json=[{"id": groups[label], "weight": weight} for label, weight in given])
    assert refused.status_code == 422
    assert weights(api.get(path).json()["items"]) == {"South": "1.0"}


def test_seven_decimals_are_allowed(api: Caller, issued: Issued, groups: dict[str, int]) -> None:
    parts = [{"id": groups["North"], "weight": "0.3333333"}, {"id": groups["South"], "weight": "0.6666667"}]
    assert api.put(f"/customer_invoices/{issued()['id']}/categories", json=parts).status_code == 200


def test_a_weight_is_text(api: Caller, issued: Issued, groups: dict[str, int]) -> None:
    path = f"/customer_invoices/{issued()['id']}/categories"
    assert api.put(path, json=[{"id": groups["North"], "weight": 1}]).status_code == 400


def test_an_unknown_category_is_not_found(api: Caller, issued: Issued) -> None:
    path = f"/customer_invoices/{issued()['id']}/categories"
    assert api.put(path, json=[{"id": 42, "weight": "1"}]).status_code == 404


def test_a_draft_has_none_and_gets_none(api: Caller, draft: Draft, groups: dict[str, int]) -> None:
    path = f"/customer_invoices/{api.made('/customer_invoices', draft())['id']}/categories"
    assert api.get(path).json()["items"] == []
    assert api.put(path, json=[{"id": groups["North"], "weight": "1"}]).status_code == 422


def test_invoices_are_found_by_category(api: Caller, issued: Issued, groups: dict[str, int]) -> None:
    north, _ = issued(), issued()
    api.put(f"/customer_invoices/{north['id']}/categories", json=[{"id": groups["North"], "weight": "1"}])
    found = api.filtered("/customer_invoices", ("category_id", "in", [groups["North"]])).json()["items"]
    assert [one["id"] for one in found] == [north["id"]]
    assert found[0]["updated_at"] == north["updated_at"]


def supplier(api: Caller) -> str:
    return f"/suppliers/{api.made('/suppliers', {'name': 'Paper Ltd'})['id']}"


def supplier_invoice(api: Caller) -> str:
    line = {"label": "Paper", "currency_amount": "120", "currency_tax": "20", "vat_rate": "FR_200"}
    body = {
        "file_attachment_id": api.upload()["id"],
        "supplier_id": int(supplier(api).rpartition("/")[2]),
        "date": "2025-09-20",
        "deadline": "2025-10-20",
        "currency_amount_before_tax": "100",
        "currency_amount": "120",
        "currency_tax": "20",
        "invoice_lines": [line],
    }
    return f"/supplier_invoices/{api.made('/supplier_invoices/import', body)['id']}"


def customer_(api: Caller) -> str:
    return f"/customers/{api.made('/individual_customers', individual())['id']}"


def transaction(api: Caller) -> str:
    account = api.get("/bank_accounts").json()["items"][0]["id"]
    body = {"bank_account_id": account, "label": "Out", "date": "2025-10-05", "amount": "-1"}
    return f"/transactions/{api.made('/transactions', body)['id']}"


@pytest.mark.parametrize("owner", [customer_, supplier, supplier_invoice, transaction])
def test_others_have_categories_too(
    api: Caller, groups: dict[str, int], owner: Callable[[Caller], str]
) -> None:
    path = f"{owner(api)}/categories"
    assert weights(api.put(path, json=[{"id": groups["North"], "weight": "1"}]).json()) == {"North": "1.0"}
    assert weights(api.get(path).json()["items"]) == {"North": "1.0"}
    assert api.put(path, json=[{"id": groups["North"], "weight": "0.9"}]).status_code == 422
    assert api.get(path.removesuffix("/categories")).status_code == 200


def test_lines_of_the_ledger_have_categories_and_a_changelog_of_them(
    api: Caller, groups: dict[str, int], clock: Clock
) -> None:
    account = api.get("/ledger_accounts").json()["items"][0]["id"]
    journal = api.get("/journals").json()["items"][0]["id"]
    lines = [
        {"ledger_account_id": account, "debit": debit, "credit": credit}
        for debit, credit in (("1", "0"), ("0", "1"))
    ]
    body = {"date": "2025-10-05", "label": "x", "journal_id": journal, "ledger_entry_lines": lines}
    entry = api.made("/ledger_entries", body)
    line = entry["ledger_entry_lines"][0]["id"]
    path = f"/ledger_entry_lines/{line}/categories"
    given = api.put(path, json=[{"id": groups["North"], "weight": "1"}]).json()["ledger_entry_line"]
    assert (given["id"], weights(given["categories"])) == (line, {"North": "1.0"})
    assert weights(api.get(path).json()["items"]) == {"North": "1.0"}
    api.put(path, json=[])
    clock.advance(minutes=1)
    told = api.get("/changelogs/ledger_entry_lines_categories").json()["items"]
    assert [one["operation"] for one in told] == ["insert", "delete"]
    assert told[0]["ledger_entry_line"] == {"id": line}
    assert told[0]["ledger_entry"]["id"] == entry["id"]
    assert [one["operation"] for one in api.get("/changelogs/ledger_entry_lines").json()["items"]] == [
        "insert",
        "insert",
    ]


def test_categories_are_made_and_renamed(api: Caller) -> None:
    group = api.get("/category_groups").json()["items"][0]["id"]
    made = api.made("/categories", {"label": "East", "category_group_id": group})
    assert made["category_group"] == {"id": group}
    renamed = api.put(f"/categories/{made['id']}", json={"analytical_code": "E"}).json()
    assert (renamed["label"], renamed["analytical_code"]) == ("East", "E")
    assert api.post("/categories", json={"label": "East", "category_group_id": 42}).status_code == 404
    assert len(api.get(f"/category_groups/{group}/categories").json()["items"]) == 3
