from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .bodies import PDF
from .conftest import Caller, Clock

Bought = Callable[..., dict[str, Any]]


@pytest.fixture
def supplier(api: Caller) -> int:
    identifier: int = api.made("/suppliers", {"name": "Paper Ltd", "external_reference": "PAPER"})["id"]
    return identifier


@pytest.fixture
def bill(api: Caller, supplier: int) -> Bought:
    """The body of an import of 120.00."""
    count = iter(range(100))

    def bill(**changes: Any) -> dict[str, Any]:
        content = PDF + str(next(count)).encode()
        line = {"label": "Paper", "currency_amount": "120", "currency_tax": "20", "vat_rate": "FR_200"}
        return {
            "file_attachment_id": api.upload(content, "bill.pdf")["id"],
            "supplier_id": supplier,
            "date": "2025-09-20",
            "deadline": "2025-10-20",
            "currency_amount_before_tax": "100",
            "currency_amount": "120",
            "currency_tax": "20",
            "invoice_lines": [line],
            **changes,
        }

    return bill


@pytest.fixture
def bought(api: Caller, bill: Bought) -> Bought:
    return lambda **changes: api.made("/supplier_invoices/import", bill(**changes))


class TestSuppliers:
    def test_what_was_given_is_kept(self, api: Caller, supplier: int) -> None:
        shown = api.get(f"/suppliers/{supplier}").json()
        assert (shown["name"], shown["external_reference"], shown["emails"]) == ("Paper Ltd", "PAPER", [])
        account = api.get(f"/ledger_accounts/{shown['ledger_account']['id']}").json()
        assert account["number"] == "401"
        address = {"address": "1 rue A", "postal_code": "75001", "city": "Paris", "country_alpha2": "FR"}
        changes = {"emails": ["a@b.example"], "postal_address": address}
        updated = api.put(f"/suppliers/{supplier}", json=changes).json()
        assert (updated["emails"], updated["postal_address"]) == (["a@b.example"], address)
        for found in (
            api.filtered("/suppliers", ("emails", "in", ["a@b.example"])),
            api.filtered("/suppliers", ("external_reference", "eq", "PAPER")),
            api.filtered("/suppliers", ("name", "start_with", "Pap")),
        ):
            assert [one["id"] for one in found.json()["items"]] == [supplier]

    def test_a_reference_is_taken_once(self, api: Caller, supplier: int) -> None:
        assert api.post("/suppliers", json={"name": "B", "external_reference": "PAPER"}).status_code == 422

    def test_an_account_is_opened(self, api: Caller) -> None:
        made = api.made("/suppliers", {"name": "B", "ledger_account": {"number": "401B"}})
        assert api.get(f"/ledger_accounts/{made['ledger_account']['id']}").json()["number"] == "401B"


class TestInvoices:
    def test_they_come_with_their_file(self, api: Caller, bought: Bought, supplier: int) -> None:
        made = bought(invoice_number="B-7", external_reference="BILL-7")
        assert (made["supplier"]["id"], made["invoice_number"]) == (supplier, "B-7")
        assert (made["amount"], made["tax"], made["paid"]) == ("120.0", "20.0", False)
        assert (made["payment_status"], made["accounting_status"]) == ("to_be_paid", "validation_needed")
        assert (made["filename"], made["external_reference"]) == ("bill.pdf", "BILL-7")
        assert api.fetch(made["public_file_url"]).content.startswith(PDF)
        (line,) = api.get(f"/supplier_invoices/{made['id']}/invoice_lines").json()["items"]
        assert (line["label"], line["currency_amount_before_tax"]) == ("Paper", "100.0")
        assert api.get(f"/supplier_invoices/{made['id']}").json() == made
        found = api.filtered("/supplier_invoices", ("payment_status", "eq", "to_be_paid")).json()["items"]
        assert [one["id"] for one in found] == [made["id"]]

    def test_a_file_makes_one_invoice(self, api: Caller, bill: Bought) -> None:
        body = bill()
        made = api.made("/supplier_invoices/import", body)
        again = api.post("/supplier_invoices/import", json=body)
        assert again.status_code == 409
        assert str(made["id"]) in again.json()["error"]

    def test_what_they_refer_to_must_be_there(self, api: Caller, bill: Bought) -> None:
        for changes in ({"supplier_id": 42}, {"file_attachment_id": 42}):
            assert api.post("/supplier_invoices/import", json=bill(**changes)).status_code == 404

    def test_they_change_in_part(self, api: Caller, bought: Bought) -> None:
        made = bought(currency="USD")
        assert made["amount"] == "108.0"
        path = f"/supplier_invoices/{made['id']}"
        (line,) = api.get(f"{path}/invoice_lines").json()["items"]
        changes = {
            "currency_amount": "240",
            "invoice_lines": {"update": [{"id": line["id"], "label": "Much paper"}]},
        }
        updated = api.put(path, json=changes).json()
        assert (updated["currency_amount"], updated["amount"]) == ("240", "216.0")
        assert api.get(f"{path}/invoice_lines").json()["items"][0]["label"] == "Much paper"
        assert api.put(path, json={"supplier_id": 42}).status_code == 404
        assert api.put(path, json={"invoice_lines": {"delete": [{"id": 42}]}}).status_code == 404

    def test_without_lines_the_suspense_account_is_left(self, api: Caller, bought: Bought) -> None:
        made = bought()
        path = f"/supplier_invoices/{made['id']}"
        (line,) = api.get(f"{path}/invoice_lines").json()["items"]
        deleted = api.put(path, json={"invoice_lines": {"delete": [{"id": line["id"]}]}})
        assert deleted.status_code == 200, deleted.text
        assert api.get(f"{path}/invoice_lines").json()["items"] == []
        entry = api.get(f"/ledger_entries/{made['ledger_entry']['id']}").json()
        assert [
            (one["ledger_account"]["number"], one["debit"], one["credit"])
            for one in entry["ledger_entry_lines"]
        ] == [("401", "0.0", "120.0"), ("471000", "100.0", "0.0"), ("445660", "20.0", "0.0")]

    def test_they_are_validated_once(self, api: Caller, bought: Bought) -> None:
        path = f"/supplier_invoices/{bought()['id']}/validate_accounting"
        assert api.put(path).json()["accounting_status"] == "complete"
        assert api.put(path).status_code == 422
        incomplete = bought(import_as_incomplete=True)
        assert incomplete["accounting_status"] == "entry"
        assert api.put(f"/supplier_invoices/{incomplete['id']}/validate_accounting").status_code == 422

    def test_money_that_goes_out_pays_them(self, api: Caller, bought: Bought) -> None:
        invoice = bought()
        path = f"/supplier_invoices/{invoice['id']}"
        account = api.get("/bank_accounts").json()["items"][0]["id"]

        def pay(amount: str) -> int:
            body = {"bank_account_id": account, "label": "Out", "date": "2025-10-05", "amount": amount}
            transaction: int = api.made("/transactions", body)["id"]
            answer = api.post(f"{path}/matched_transactions", json={"transaction_id": transaction})
            assert answer.status_code == 204
            return transaction

        first = pay("-20")
        shown = api.get(path).json()
        assert (shown["payment_status"], shown["remaining_amount_with_tax"]) == ("partially_paid", "100.0")
        pay("-100")
        shown = api.get(path).json()
        assert (shown["payment_status"], shown["paid"], shown["reconciled"]) == ("fully_paid", True, True)
        assert len(api.get(f"{path}/payments").json()["items"]) == 2
        assert len(api.get(f"{path}/matched_transactions").json()["items"]) == 2
        (matched,) = api.get(f"/transactions/{first}/matched_invoices").json()["items"]
        assert (matched["id"], matched["type"]) == (invoice["id"], "supplier")
        assert api.delete(f"{path}/matched_transactions/{first}").status_code == 204
        assert api.get(path).json()["payment_status"] == "partially_paid"

    def test_they_can_be_paid_elsewhere(self, api: Caller, bought: Bought) -> None:
        path = f"/supplier_invoices/{bought()['id']}"
        for status, shown in (("paid", "paid_offline"), ("to_be_paid", "to_be_paid")):
            assert api.put(f"{path}/payment_status", json={"payment_status": status}).status_code == 204
            assert api.get(path).json()["payment_status"] == shown

    def test_only_e_invoices_are_answered(self, api: Caller, bought: Bought) -> None:
        path = f"/supplier_invoices/{bought()['id']}/e_invoice_status"
        assert api.put(path, json={"status": "approved"}).status_code == 422

    def test_their_changes_are_told(self, api: Caller, bought: Bought, supplier: int, clock: Clock) -> None:
        made = bought()
        clock.advance(minutes=1)
        for log, identifier in (("supplier_invoices", made["id"]), ("suppliers", supplier)):
            told = api.get(f"/changelogs/{log}").json()["items"]
            assert (told[0]["id"], told[0]["operation"]) == (identifier, "insert")


def test_purchase_requests_are_linked_with_invoices(api: Caller, bought: Bought, supplier: int) -> None:
    line = {
        "currency_amount": "120",
        "currency_tax": "20",
        "label": "Paper",
        "quantity": 1,
        "unit_price": "100",
        "unit": "piece",
        "vat_rate": "FR_200",
    }
    body = {
        "file_attachment_id": api.upload()["id"],
        "reason": "We need paper",
        "supplier_id": supplier,
        "purchase_order_number": "PO-1",
        "currency_amount_before_tax": "100",
        "currency_amount": "120",
        "currency_tax": "20",
        "delivery_address": {"address": "a", "postal_code": "b", "city": "c", "country_alpha2": "FR"},
        "purchase_request_lines": [line],
    }
    made = api.made("/purchase_requests/imports", body)
    assert (made["status"], made["supplier"]["id"], made["amount"]) == ("approved", supplier, "120.0")
    assert made["purchase_order"]["filename"] == "a.pdf"
    invoice = bought()["id"]
    path = f"/supplier_invoices/{invoice}/linked_purchase_requests"
    assert api.post(path, json={"purchase_request_id": made["id"]}).status_code == 204
    assert api.post(path, json={"purchase_request_id": made["id"]}).status_code == 422
    shown = api.get(f"/purchase_requests/{made['id']}").json()
    assert (shown["status"], shown["linked_invoices"]["items"][0]["id"]) == ("invoiced", invoice)
    assert api.post(path, json={"purchase_request_id": 42}).status_code == 404
    assert api.get("/purchase_requests").json()["items"] == [shown]
