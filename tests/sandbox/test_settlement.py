from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pennyform.sandbox import Rules, Sandbox

from .bodies import company, line
from .conftest import Caller, Clock, Draft, Issued

Paid = Callable[..., dict[str, Any]]


@pytest.fixture
def paid(api: Caller) -> Paid:
    """A transaction on the bank account."""
    account = api.get("/bank_accounts").json()["items"][0]["id"]

    def paid(amount: str, label: str = "Transfer") -> dict[str, Any]:
        body = {"bank_account_id": account, "label": label, "date": "2025-10-05", "amount": amount}
        return api.made("/transactions", body)

    return paid


def standing(api: Caller, invoice: dict[str, Any]) -> tuple[str, str | None, bool]:
    shown = api.get(f"/customer_invoices/{invoice['id']}").json()
    return shown["status"], shown["remaining_amount_with_tax"], shown["paid"]


def match(api: Caller, invoice: dict[str, Any], transaction: dict[str, Any]) -> int:
    path = f"/customer_invoices/{invoice['id']}/matched_transactions"
    return api.post(path, json={"transaction_id": transaction["id"]}).status_code


class TestMatchedTransactions:
    def test_they_pay_an_invoice_bit_by_bit(self, api: Caller, issued: Issued, paid: Paid) -> None:
        invoice = issued()
        assert match(api, invoice, paid("100")) == 204
        assert standing(api, invoice) == ("partially_paid", "140.0", False)
        shown = api.get(f"/customer_invoices/{invoice['id']}").json()
        assert shown["remaining_amount_without_tax"] == "116.67"
        assert match(api, invoice, paid("140.00")) == 204
        assert standing(api, invoice) == ("paid", "0.0", True)

    def test_one_pays_several_invoices_as_far_as_it_goes(
        self, api: Caller, issued: Issued, paid: Paid
    ) -> None:
        first, second = issued(), issued()
        transaction = paid("300")
        assert [match(api, one, transaction) for one in (first, second)] == [204, 204]
        assert standing(api, first)[0] == "paid"
        assert standing(api, second) == ("partially_paid", "180.0", False)
        path = f"/transactions/{transaction['id']}/matched_invoices"
        shown = api.get(path).json()["items"]
        assert [(one["id"], one["type"]) for one in shown] == [
            (second["id"], "customer"),
            (first["id"], "customer"),
        ]
        assert len(api.get(path, params={"limit": 1}).json()["items"]) == 1

    def test_they_are_listed_and_shown_as_payments(self, api: Caller, issued: Issued, paid: Paid) -> None:
        invoice, transaction = issued(), paid("100", "Thanks")
        match(api, invoice, transaction)
        below = f"/customer_invoices/{invoice['id']}"
        (shown,) = api.get(f"{below}/matched_transactions").json()["items"]
        assert (shown["id"], shown["currency_amount"]) == (transaction["id"], "100.0")
        (payment,) = api.get(f"{below}/payments").json()["items"]
        assert (payment["label"], payment["currency_amount"], payment["status"]) == (
            "Thanks",
            "100.0",
            "found",
        )

    def test_a_match_is_undone_by_the_transaction_s_id(self, api: Caller, issued: Issued, paid: Paid) -> None:
        invoice, transaction = issued(), paid("240")
        match(api, invoice, transaction)
        path = f"/customer_invoices/{invoice['id']}/matched_transactions"
        assert api.delete(f"{path}/{transaction['id']}").status_code == 204
        assert standing(api, invoice)[:2] == ("upcoming", "240.0")
        assert api.delete(f"{path}/{transaction['id']}").status_code == 404
        assert api.get(path).json()["items"] == []

    def test_not_twice_and_not_with_a_draft(
        self, api: Caller, issued: Issued, draft: Draft, paid: Paid
    ) -> None:
        invoice, transaction = issued(), paid("10")
        assert [match(api, invoice, transaction) for _ in range(2)] == [204, 422]
        assert match(api, api.made("/customer_invoices", draft()), transaction) == 422
        assert match(api, invoice, {"id": 42}) == 404
        assert match(api, {"id": 42}, transaction) == 404

    def test_money_that_went_out_pays_nothing(self, api: Caller, issued: Issued, paid: Paid) -> None:
        invoice = issued()
        assert match(api, invoice, paid("-240")) == 204
        assert standing(api, invoice)[:2] == ("upcoming", "240.0")

    def test_unless_a_match_is_all_it_takes(
        self, api: Caller, issued: Issued, paid: Paid, sandbox: Sandbox
    ) -> None:
        sandbox.rules = Rules(match_pays_all=True)
        first, second, transaction = issued(), issued(), paid("-1")
        assert [match(api, invoice, transaction) for invoice in (first, second)] == [204, 204]
        assert standing(api, first) == standing(api, second) == ("paid", "0.0", True)
        path = f"/customer_invoices/{first['id']}/matched_transactions/{transaction['id']}"
        assert api.delete(path).status_code == 204
        assert standing(api, first)[:2] == ("upcoming", "240.0")

    def test_another_currency_is_converted(self, api: Caller, issued: Issued, paid: Paid) -> None:
        invoice = issued(currency="USD")
        match(api, invoice, paid("108"))
        assert standing(api, invoice)[:2] == ("partially_paid", "120.0")

    def test_a_reference_finds_its_transaction_before_and_after(
        self, api: Caller, issued: Issued, paid: Paid
    ) -> None:
        def reference(value: str) -> dict[str, str]:
            return {
                "banking_provider": "bank",
                "provider_field_name": "label",
                "provider_field_value": value,
            }

        paid("240", "before")
        assert standing(api, issued(transaction_reference=reference("before")))[0] == "paid"
        waiting, late = issued(transaction_reference=reference("after")), issued()
        paid("240", "after")
        assert standing(api, waiting)[0] == "paid"
        paid("240", "later")
        api.put(
            f"/customer_invoices/{late['id']}",
            json={"transaction_reference": reference("later")},
        )
        assert standing(api, late)[0] == "paid"

    def test_or_waits_for_somebody_to_match_them(
        self, api: Caller, issued: Issued, paid: Paid, sandbox: Sandbox
    ) -> None:
        sandbox.rules = Rules(reference_matches=False)
        reference = {"banking_provider": "bank", "provider_field_name": "label", "provider_field_value": "x"}
        before, _ = issued(transaction_reference=reference), paid("240", "x")
        after = issued(transaction_reference=reference)
        assert [standing(api, one)[0] for one in (before, after)] == ["upcoming", "upcoming"]

    def test_a_late_invoice_may_still_be_paid(
        self, api: Caller, issued: Issued, paid: Paid, clock: Clock
    ) -> None:
        invoice = issued()
        clock.advance(days=40)
        assert standing(api, invoice)[0] == "late"
        match(api, invoice, paid("240"))
        assert standing(api, invoice)[0] == "paid"


class TestMarkAsPaid:
    def test_once(self, api: Caller, issued: Issued) -> None:
        invoice = issued()
        path = f"/customer_invoices/{invoice['id']}/mark_as_paid"
        assert api.put(path).status_code == 204
        assert standing(api, invoice) == ("paid", "0.0", True)
        assert api.put(path).status_code == 422

    def test_whether_a_second_time_is_refused_is_a_rule(
        self, api: Caller, issued: Issued, sandbox: Sandbox
    ) -> None:
        sandbox.rules = Rules(paid_once=False)
        path = f"/customer_invoices/{issued()['id']}/mark_as_paid"
        assert [api.put(path).status_code for _ in range(2)] == [204, 204]

    def test_neither_a_draft_nor_a_credit_note(self, api: Caller, issued: Issued, draft: Draft) -> None:
        for invoice in (api.made("/customer_invoices", draft()), issued(line(quantity=-1))):
            assert api.put(f"/customer_invoices/{invoice['id']}/mark_as_paid").status_code == 422


class TestCreditNotes:
    def link(self, api: Caller, invoice: dict[str, Any], note: dict[str, Any]) -> Any:
        path = f"/customer_invoices/{invoice['id']}/link_credit_note"
        return api.post(path, json={"credit_note_id": note["id"]})

    def test_negative_quantities_make_one(self, api: Caller, draft: Draft) -> None:
        note = api.made("/customer_invoices", draft(line(quantity=-2)))
        assert (note["status"], note["draft"], note["currency_amount"]) == ("credit_note", True, "-240.0")
        final = api.put(f"/customer_invoices/{note['id']}/finalize").json()
        assert (final["status"], final["draft"]) == ("credit_note", False)
        found = api.filtered("/customer_invoices", ("credit_note", "eq", True)).json()["items"]
        assert [one["id"] for one in found] == [note["id"]]

    def test_linked_it_cancels_its_invoice(self, api: Caller, issued: Issued) -> None:
        invoice, note = issued(), issued(line(quantity=-2))
        linked = self.link(api, invoice, note).json()
        assert (linked["id"], linked["status"]) == (note["id"], "cancelled")
        assert linked["credited_invoice"]["id"] == invoice["id"]
        assert standing(api, invoice) == ("cancelled", "0.0", False)

    def test_it_may_take_back_a_part(self, api: Caller, issued: Issued) -> None:
        invoice = issued()
        self.link(api, invoice, issued(line(quantity=-1)))
        assert standing(api, invoice) == ("partially_cancelled", "120.0", False)
        self.link(api, invoice, issued(line(quantity=-1)))
        assert standing(api, invoice)[0] == "cancelled"
        assert api.put(f"/customer_invoices/{invoice['id']}/mark_as_paid").status_code == 422

    @pytest.mark.parametrize(("limit", "status"), [("remaining", 422), ("amount", 422), ("none", 200)])
    def test_whether_it_may_take_more_is_a_rule(
        self, api: Caller, issued: Issued, sandbox: Sandbox, limit: Any, status: int
    ) -> None:
        sandbox.rules = Rules(credit_limit=limit)
        assert self.link(api, issued(), issued(line(quantity=-3))).status_code == status

    @pytest.mark.parametrize(("limit", "status"), [("remaining", 422), ("amount", 200), ("none", 200)])
    def test_whether_what_is_paid_can_be_taken_back_is_a_rule(
        self, api: Caller, issued: Issued, sandbox: Sandbox, limit: Any, status: int
    ) -> None:
        sandbox.rules = Rules(credit_limit=limit)
        invoice, note = issued(), issued(line(quantity=-1))
        assert api.put(f"/customer_invoices/{invoice['id']}/mark_as_paid").status_code == 204
        assert self.link(api, invoice, note).status_code == status

    def test_what_does_not_go_together(self, api: Caller, issued: Issued, draft: Draft) -> None:
        invoice, note = issued(), issued(line(quantity=-1))
        other = api.made("/company_customers", company(name="Other"))["id"]
        refused = [
            (invoice, issued()),
            (invoice, invoice),
            (note, issued(line(quantity=-1))),
            (invoice, api.made("/customer_invoices", draft(line(quantity=-1)))),
            (api.made("/customer_invoices", draft()), note),
            (invoice, issued(line(quantity=-1), customer_id=other)),
            (invoice, issued(line(quantity=-1), currency="USD")),
        ]
        assert {self.link(api, one, another).status_code for one, another in refused} == {422}
        assert self.link(api, invoice, {"id": 42}).status_code == 404
        assert self.link(api, invoice, note).status_code == 200
        assert self.link(api, issued(), note).status_code == 422, "a credit note is linked once"

    def test_it_has_neither_payments_nor_anything_left_to_pay(
        self, api: Caller, issued: Issued, paid: Paid
    ) -> None:
        note = issued(line(quantity=-2))
        assert match(api, note, paid("-240")) == 204
        assert standing(api, note) == ("credit_note", None, False)
        assert api.get(f"/customer_invoices/{note['id']}/payments").json()["items"] == []
        assert len(api.get(f"/customer_invoices/{note['id']}/matched_transactions").json()["items"]) == 1
