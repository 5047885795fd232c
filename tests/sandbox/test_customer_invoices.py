from __future__ import annotations

from typing import Any

import pytest
from pennyform.sandbox import Rules, Sandbox

from .bodies import line, product
from .conftest import Caller, Clock, Connect, Draft


def lines_of(api: Caller, invoice: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = api.get(
        f"/customer_invoices/{invoice['id']}/invoice_lines?sort=rank"
    ).json()["items"]
    return items


def amounts(shown: dict[str, Any]) -> tuple[str, str, str]:
    return shown["currency_amount_before_tax"], shown["currency_tax"], shown["currency_amount"]


class TestCreate:
    def test_a_draft_has_amounts_and_no_number(self, api: Caller, draft: Draft) -> None:
        created = api.made("/customer_invoices", draft(external_reference="INV-1"))
        assert created["draft"]
        assert (created["status"], created["invoice_number"]) == ("draft", "")
        assert amounts(created) == ("200.0", "40.0", "240.0")
        assert created["external_reference"] == "INV-1"
        assert api.get(f"/customer_invoices/{created['id']}").json() == created

    def test_without_draft_it_is_issued_at_once(self, api: Caller, draft: Draft) -> None:
        body = draft()
        del body["draft"]
        created = api.made("/customer_invoices", body)
        assert not created["draft"]
        assert (created["status"], created["invoice_number"]) == ("upcoming", "F-2025-0001")

    def test_lines_are_shown_as_the_service_shows_them(self, api: Caller, draft: Draft) -> None:
        created = api.made("/customer_invoices", draft(line(quantity=1.5, description=None)))
        (shown,) = lines_of(api, created)
        assert shown["quantity"] == "1.5"
        assert shown["raw_currency_unit_price"] == "100.0"
        assert shown["discount"] == {"type": "absolute", "value": "0.0"}
        assert amounts(shown) == ("150.0", "30.0", "180.0")
        assert "ledger_account_id" not in shown
        assert "rank" not in shown

    def test_a_product_fills_its_line_and_can_be_overridden(self, api: Caller, draft: Draft) -> None:
        training = api.made("/products", product(substance="services"))["id"]
        created = api.made(
            "/customer_invoices",
            draft(
                {"product_id": training, "quantity": 2},
                {
                    "product_id": training,
                    "quantity": 1,
                    "label": "Half a day",
                    "raw_currency_unit_price": "450",
                },
            ),
        )
        plain, overridden = lines_of(api, created)
        assert (plain["label"], plain["unit"], plain["vat_rate"]) == ("Day of training", "day", "FR_200")
        assert plain["product"]["id"] == training
        assert plain["substance"] == "services"
        assert amounts(plain) == ("1700.0", "340.0", "2040.0")
        assert (overridden["label"], overridden["currency_amount_before_tax"]) == ("Half a day", "450.0")

    def test_discounts_come_off_before_tax(self, api: Caller, draft: Draft) -> None:
        created = api.made(
            "/customer_invoices",
            draft(
                line(discount={"type": "relative", "value": "10"}),
                line(vat_rate="FR_55", discount={"type": "absolute", "value": "0.50"}),
                discount={"type": "absolute", "value": "79.50"},
            ),
        )
        first, second = lines_of(api, created)
        assert amounts(first) == ("180.0", "36.0", "216.0")
        assert amounts(second) == ("199.5", "10.97", "210.47")
        # 79.50 in proportion to 180.00 and 199.50: 37.71 and 41.79.
        assert amounts(created) == ("300.0", "37.13", "337.13")

    @pytest.mark.parametrize(
        ("needs", "value", "status"), [(True, "5", 422), (False, "5", 201), (True, "0", 201)]
    )
    def test_whether_a_discount_needs_something_to_come_off_is_a_rule(
        self, api: Caller, draft: Draft, sandbox: Sandbox, needs: bool, value: str, status: int
    ) -> None:
        sandbox.rules = Rules(discount_needs_a_sum=needs)
        body = draft(line(), line(quantity=-2), discount={"type": "absolute", "value": value})
        answer = api.post("/customer_invoices", json=body)
        assert answer.status_code == status
        if value == "5" and not needs:
            assert amounts(answer.json()) == ("-5.0", "-1.0", "-6.0")
        relative = draft(line(), line(quantity=-2), discount={"type": "relative", "value": "5"})
        assert api.post("/customer_invoices", json=relative).status_code == 201

    def test_a_currency_has_its_own_minor_unit(self, api: Caller, draft: Draft) -> None:
        created = api.made("/customer_invoices", draft(line(raw_currency_unit_price="100.4"), currency="JPY"))
        assert amounts(created) == ("201.0", "40.0", "241.0")
        assert created["exchange_rate"] != "1.0"
        assert (created["amount"], created["tax"]) == ("1.49", "0.25")

    def test_the_customer_s_language_is_the_default(self, api: Caller, draft: Draft, customer: int) -> None:
        api.put(f"/company_customers/{customer}", json={"billing_language": "de_DE"})
        assert api.made("/customer_invoices", draft())["language"] == "de_DE"
        assert api.made("/customer_invoices", draft(language="en_GB"))["language"] == "en_GB"

    def test_lines_belong_to_sections_by_rank(self, api: Caller, draft: Draft) -> None:
        sections = [{"rank": 1, "title": "Design"}, {"rank": 2}]
        created = api.made("/customer_invoices", draft(line(section_rank=2), invoice_line_sections=sections))
        shown = api.get(f"/customer_invoices/{created['id']}/invoice_line_sections").json()["items"]
        assert [(one["rank"], one["title"]) for one in shown] == [(2, None), (1, "Design")]
        assert lines_of(api, created)[0]["section_rank"] == 2

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"customer_id": 42}, 404),
            ({"customer_invoice_template_id": 42}, 404),
            ({"invoice_lines": [{"product_id": 42, "quantity": 1}]}, 404),
            ({"invoice_lines": [line(ledger_account_id=42)]}, 404),
            ({"invoice_lines": [line(raw_currency_unit_price="cheap")]}, 422),
            ({"invoice_lines": [line(raw_currency_unit_price="1.2345678")]}, 422),
            ({"invoice_lines": [line(raw_currency_unit_price="٣")]}, 422),
            ({"invoice_lines": [line(quantity=1e40)]}, 422),
            ({"invoice_lines": [line(section_rank=1)]}, 422),
            ({"invoice_lines": [line(discount={"type": "relative", "value": "101"})]}, 422),
            ({"invoice_line_sections": [{"rank": 2}]}, 422),
            ({"invoice_line_sections": [{"rank": 1}, {"rank": 1}]}, 422),
            ({"discount": {"type": "absolute", "value": "a lot"}}, 422),
        ],
    )
    def test_what_the_schema_cannot_see_is_refused_by_rule(
        self, api: Caller, draft: Draft, changes: dict[str, Any], status: int
    ) -> None:
        response = api.post("/customer_invoices", json=draft(**changes))
        assert response.status_code == status, response.text
        assert api.get("/customer_invoices").json()["items"] == []

    def test_a_reference_makes_one_invoice(self, api: Caller, draft: Draft) -> None:
        api.made("/customer_invoices", draft(external_reference="INV-1"))
        again = api.post("/customer_invoices", json=draft(external_reference="INV-1"))
        assert again.status_code == 422
        assert "reference has already been taken" in again.json()["error"]
        assert len(api.get("/customer_invoices").json()["items"]) == 1

    def test_or_409_when_told_so(self, connect: Connect, draft: Draft, sandbox: Sandbox) -> None:
        sandbox.rules = Rules(taken_status=409)
        api = connect()
        api.made("/customer_invoices", draft(external_reference="INV-1"))
        assert api.post("/customer_invoices", json=draft(external_reference="INV-1")).status_code == 409

    def test_a_negative_invoice_is_a_credit_note(self, api: Caller, draft: Draft) -> None:
        created = api.made("/customer_invoices", draft(line(quantity=-2)))
        assert created["status"] == "credit_note"
        assert created["draft"]
        assert amounts(created) == ("-200.0", "-40.0", "-240.0")


class TestFinalize:
    def test_once(self, api: Caller, draft: Draft) -> None:
        created = api.made("/customer_invoices", draft())
        finalized = api.put(f"/customer_invoices/{created['id']}/finalize").json()
        assert not finalized["draft"]
        assert finalized["invoice_number"] == "F-2025-0001"
        assert amounts(finalized) == amounts(created)
        assert api.put(f"/customer_invoices/{created['id']}/finalize").status_code == 422

    def test_numbers_have_no_gaps(self, api: Caller, draft: Draft) -> None:
        drafts = [api.made("/customer_invoices", draft(external_reference=f"R-{n}"))["id"] for n in range(4)]
        issued = {key: value for key, value in draft().items() if key != "draft"}
        api.delete(f"/customer_invoices/{drafts[1]}")
        numbers = [
            api.put(f"/customer_invoices/{drafts[0]}/finalize").json()["invoice_number"],
            api.post("/customer_invoices", json={**issued, "external_reference": "R-0"})
            .json()
            .get("invoice_number"),
            api.made("/customer_invoices", issued)["invoice_number"],
            api.put(f"/customer_invoices/{drafts[3]}/finalize").json()["invoice_number"],
            api.made("/customer_invoices", {**issued, "date": "2026-01-05"})["invoice_number"],
        ]
        assert numbers == ["F-2025-0001", None, "F-2025-0002", "F-2025-0003", "F-2026-0001"]

    def test_the_status_moves_with_the_clock(self, api: Caller, draft: Draft, clock: Clock) -> None:
        created = api.made("/customer_invoices", draft())
        finalized = api.put(f"/customer_invoices/{created['id']}/finalize").json()
        assert (finalized["status"], finalized["remaining_amount_with_tax"]) == ("upcoming", "240.0")
        clock.advance(days=30)
        assert api.get(f"/customer_invoices/{created['id']}").json()["status"] == "upcoming"
        clock.advance(days=1)
        assert api.get(f"/customer_invoices/{created['id']}").json()["status"] == "late"


class TestDelete:
    def test_drafts_only(self, api: Caller, draft: Draft) -> None:
        created = api.made("/customer_invoices", draft())
        assert api.delete(f"/customer_invoices/{created['id']}").status_code == 204
        assert api.get(f"/customer_invoices/{created['id']}").status_code == 404
        assert api.get("/customer_invoices").json()["items"] == []
        final = api.made("/customer_invoices", {**draft(), "draft": False})
        assert api.delete(f"/customer_invoices/{final['id']}").status_code == 422

    @pytest.mark.parametrize(("free", "status"), [(False, 422), (True, 201)])
    def test_whether_its_reference_is_free_again_is_a_rule(
        self, api: Caller, draft: Draft, sandbox: Sandbox, free: bool, status: int
    ) -> None:
        sandbox.rules = Rules(deleted_reference_is_free=free)
        created = api.made("/customer_invoices", draft(external_reference="INV-1"))
        api.delete(f"/customer_invoices/{created['id']}")
        again = api.post("/customer_invoices", json=draft(external_reference="INV-1"))
        assert again.status_code == status


class TestUpdate:
    def test_a_draft_changes_in_part(self, api: Caller, draft: Draft, clock: Clock) -> None:
        created = api.made("/customer_invoices", draft(pdf_description="Phase 1"))
        clock.advance(minutes=1)
        changes = {
            "deadline": "2025-11-30",
            "currency": "USD",
            "discount": {"type": "relative", "value": "50"},
        }
        updated = api.put(f"/customer_invoices/{created['id']}", json=changes).json()
        assert (updated["deadline"], updated["date"]) == ("2025-11-30", "2025-10-01")
        assert (updated["currency"], updated["pdf_description"]) == ("USD", "Phase 1")
        assert amounts(updated) == ("100.0", "20.0", "120.0")
        assert updated["updated_at"] > created["updated_at"]
        cleared = api.put(f"/customer_invoices/{created['id']}", json={"pdf_description": None}).json()
        assert cleared["pdf_description"] is None

    def test_lines_are_created_updated_and_deleted_by_id(self, api: Caller, draft: Draft) -> None:
        created = api.made("/customer_invoices", draft(line(label="a"), line(label="b"), line(label="c")))
        a, b, c = lines_of(api, created)
        changes = {
            "create": [line(label="d", quantity=1)],
            "update": [{"id": c["id"], "quantity": 3}],
            "delete": [{"id": a["id"]}, {"id": b["id"]}],
        }
        updated = api.put(f"/customer_invoices/{created['id']}", json={"invoice_lines": changes}).json()
        shown = lines_of(api, created)
        assert [(one["label"], one["quantity"]) for one in shown] == [("c", "3.0"), ("d", "1.0")]
        assert shown[0]["id"] == c["id"]
        assert amounts(updated) == ("400.0", "80.0", "480.0")

    def test_another_product_fills_the_line_anew(self, api: Caller, draft: Draft) -> None:
        created = api.made("/customer_invoices", draft())
        training = api.made("/products", product())["id"]
        update = {"id": lines_of(api, created)[0]["id"], "product_id": training, "label": "Kept"}
        api.put(f"/customer_invoices/{created['id']}", json={"invoice_lines": {"update": [update]}})
        (shown,) = lines_of(api, created)
        assert (shown["label"], shown["raw_currency_unit_price"], shown["unit"]) == ("Kept", "850.0", "day")

    def test_a_failed_update_changes_nothing(self, api: Caller, draft: Draft) -> None:
        created = api.made("/customer_invoices", draft(line(label="a"), line(label="b")))
        a, _ = lines_of(api, created)
        changes = {"delete": [{"id": a["id"]}], "update": [{"id": 42, "label": "no"}]}
        refused = api.put(f"/customer_invoices/{created['id']}", json={"invoice_lines": changes})
        assert refused.status_code == 404
        assert api.get(f"/customer_invoices/{created['id']}").json() == created
        assert len(lines_of(api, created)) == 2

    def test_the_last_line_stays(self, api: Caller, draft: Draft) -> None:
        created = api.made("/customer_invoices", draft())
        (only,) = lines_of(api, created)
        changes = {"invoice_lines": {"delete": [{"id": only["id"]}]}}
        assert api.put(f"/customer_invoices/{created['id']}", json=changes).status_code == 422

    @pytest.mark.parametrize(
        "changes",
        [
            {
                "transaction_reference": {
                    "banking_provider": "bank",
                    "provider_field_name": "label",
                    "provider_field_value": "x",
                }
            },
            {"currency": "XXX"},
            {"customer_id": 42},
        ],
    )
    def test_what_a_draft_may_not_become(self, api: Caller, draft: Draft, changes: dict[str, Any]) -> None:
        created = api.made("/customer_invoices", draft())
        assert api.put(f"/customer_invoices/{created['id']}", json=changes).status_code in (404, 422)

    def test_imputation_dates_come_after_finalizing(self, api: Caller, draft: Draft) -> None:
        created = api.made("/customer_invoices", draft())
        (only,) = lines_of(api, created)
        dates = {"start_date": "2025-10-01", "end_date": "2025-12-31"}
        changes = {"invoice_lines": {"update": [{"id": only["id"], "imputation_dates": dates}]}}
        assert api.put(f"/customer_invoices/{created['id']}", json=changes).status_code == 422
        api.put(f"/customer_invoices/{created['id']}/finalize")
        assert api.put(f"/customer_invoices/{created['id']}", json=changes).status_code == 200
        assert lines_of(api, created)[0]["imputation_dates"] == dates

    @pytest.mark.parametrize(
        "changes",
        [
            {"date": "2025-10-02"},
            {"currency": "USD"},
            {"discount": {"type": "absolute", "value": "1"}},
            {"invoice_lines": {"create": [line()]}},
            {"invoice_lines": {"delete": [{"id": 1}]}},
            {"invoice_lines": {"update": [{"id": 1, "quantity": 3}]}},
            {"special_mention": "late"},
        ],
    )
    def test_a_finalized_invoice_does_not_change(
        self, api: Caller, draft: Draft, changes: dict[str, Any]
    ) -> None:
        created = api.made("/customer_invoices", {**draft(), "draft": False})
        assert api.put(f"/customer_invoices/{created['id']}", json=changes).status_code == 422
        assert api.get(f"/customer_invoices/{created['id']}").json() == created

    def test_but_for_its_label_and_references(self, api: Caller, draft: Draft) -> None:
        created = api.made("/customer_invoices", {**draft(), "draft": False})
        reference = {"banking_provider": "bank", "provider_field_name": "label", "provider_field_value": "x"}
        changes = {"label": "Sale", "external_reference": "NEW", "transaction_reference": reference}
        updated = api.put(f"/customer_invoices/{created['id']}", json=changes).json()
        assert {name: updated[name] for name in changes} == changes
        cleared = api.put(f"/customer_invoices/{created['id']}", json={"transaction_reference": None}).json()
        assert cleared["transaction_reference"] is None
