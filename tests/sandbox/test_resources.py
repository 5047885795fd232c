"""What has no rules of its own, or few: mandates, webhooks, what a company is registered for."""

from __future__ import annotations

from typing import Any

import pytest

from .bodies import GIF
from .conftest import Caller


@pytest.fixture
def mandate(api: Caller, customer: int) -> dict[str, Any]:
    body = {
        "bic": "AGRIFRPP",
        "iban": "FR7630006000011234567890189",
        "signed_at": "2025-09-01",
        "identifier": "RUM-1",
        "customer_id": customer,
    }
    return api.made("/sepa_mandates", body)


class TestKeptBySchema:
    def test_a_resource_lives(self, api: Caller, mandate: dict[str, Any], customer: int) -> None:
        path = f"/sepa_mandates/{mandate['id']}"
        assert mandate["customer"]["id"] == customer
        assert mandate["customer"]["url"].endswith(f"/customers/{customer}")
        assert (mandate["sequence_type"], mandate["bank"]) == ("RCUR", None)
        assert api.get(path).json() == mandate
        assert api.get("/sepa_mandates").json()["items"] == [mandate]
        changed = {**{name: mandate[name] for name in ("bic", "iban", "signed_at")}, "identifier": "RUM-2"}
        updated = api.put(path, json={**changed, "customer_id": customer}).json()
        assert (updated["identifier"], updated["iban"]) == ("RUM-2", mandate["iban"])
        found = api.filtered("/sepa_mandates", ("customer_id", "eq", customer)).json()["items"]
        assert [one["identifier"] for one in found] == ["RUM-2"]
        assert api.delete(path).status_code == 204
        assert api.get(path).status_code == 404
        assert api.delete(path).status_code == 404

    def test_what_it_refers_to_must_be_there(self, api: Caller, mandate: dict[str, Any]) -> None:
        body = {name: mandate[name] for name in ("bic", "iban", "signed_at", "identifier")}
        assert api.post("/sepa_mandates", json={**body, "customer_id": 42}).status_code == 404
        path = f"/sepa_mandates/{mandate['id']}"
        assert api.put(path, json={**body, "customer_id": 42}).status_code == 404

    def test_what_a_company_has_from_the_start(self, api: Caller) -> None:
        (registration,) = api.get("/pa_registrations").json()["items"]
        assert (registration["status"], registration["siret"]) == ("activated", None)
        (year,) = api.get("/fiscal_years").json()["items"]
        assert (year["start"], year["finish"], year["status"]) == ("2025-01-01", "2025-12-31", "open")

    def test_a_commercial_document_to_read(self, api: Caller) -> None:
        (proforma,) = api.get("/commercial_documents").json()["items"]
        path = f"/commercial_documents/{proforma['id']}"
        assert api.get(path).json() == proforma
        assert (proforma["document_type"], proforma["amount"], proforma["tax"]) == (
            "proforma",
            "120.0",
            "20.0",
        )
        (line,) = api.get(proforma["invoice_lines"]["url"]).json()["items"]
        assert (line["label"], line["amount"]) == ("Consulting", "120.0")
        assert api.get(proforma["invoice_line_sections"]["url"]).json()["items"] == []
        files = {"file": ("plan.gif", GIF, "image/gif")}
        assert api.post(f"{path}/appendices", files=files).json()["filename"] == "plan.gif"
        assert len(api.get(proforma["appendices"]["url"]).json()["items"]) == 1


class TestMandates:
    def test_gocardless(self, api: Caller, customer: int) -> None:
        email = {"recipients": ["a@b.example"]}
        asked = api.post("/gocardless_mandates/mail_requests", json={"customer_id": customer, "email": email})
        assert asked.status_code == 204
        (found,) = api.get("/gocardless_mandates").json()["items"]
        assert (found["status"], found["customer"]["id"]) == ("active", customer)
        path = f"/gocardless_mandates/{found['id']}"
        associated = api.post(f"{path}/associations", json={"customer_id": customer})
        assert (associated.status_code, associated.content) == (200, b"")
        assert api.post(f"{path}/associations", json={"customer_id": 42}).status_code == 404
        assert api.post(f"{path}/cancellations").status_code == 204
        assert api.get(path).json()["status"] == "cancelled"
        assert api.post(f"{path}/cancellations").status_code == 422

    def test_pro_account(self, api: Caller, customer: int) -> None:
        asked = api.post("/pro_account/mandate_requests", json={"customer_id": customer})
        assert (asked.status_code, asked.content) == (201, b"")
        (found,) = api.get("/pro_account/mandates").json()["items"]
        assert found["customer"]["id"] == customer

    def test_migration(self, api: Caller, mandate: dict[str, Any]) -> None:
        body = {"mandate_type": "SepaMandate", "mandate_id": mandate["id"]}
        made = api.made("/pro_account/mandate_migrations", body)["mandate_migration"]
        assert made["mandate"] == {"id": mandate["id"], "type": "SepaMandate"}
        assert made["customer"]["id"] == mandate["customer"]["id"]
        assert api.post("/pro_account/mandate_migrations", json=body).status_code == 422
        wrong = {**body, "mandate_type": "Mandate"}
        assert api.post("/pro_account/mandate_migrations", json=wrong).status_code == 404
        (listed,) = api.get("/pro_account/mandate_migrations").json()["items"]
        assert listed["status"] == "completed"


HOOK = {"callback_url": "https://me.example/hook", "events": ["dms_file.created"]}


class TestWebhooks:
    def test_the_secret_is_shown_once(self, api: Caller) -> None:
        made = api.made("/webhook_subscriptions", HOOK)
        path = f"/webhook_subscriptions/{made['id']}"
        assert len(made["secret"]) == 64
        shown = api.get(path).json()
        assert "secret" not in shown
        assert (shown["enabled"], shown["disabled_at"]) == (True, None)
        updated = api.put(path, json={"enabled": False}).json()
        assert (updated["enabled"], updated["disabled_reason"]) == (False, "manual")
        assert api.put(path, json={"enabled": True}).json()["disabled_at"] is None
        assert api.delete(path).status_code == 204
        assert api.get("/webhook_subscriptions").json()["items"] == []

    def test_ten_at_most_and_only_in_secret(self, api: Caller) -> None:
        plain = {**HOOK, "callback_url": "http://me.example/hook"}
        assert api.post("/webhook_subscriptions", json=plain).status_code == 422
        for _ in range(10):
            last = api.made("/webhook_subscriptions", HOOK)["id"]
        assert api.post("/webhook_subscriptions", json=HOOK).status_code == 422
        api.delete(f"/webhook_subscriptions/{last}")
        assert api.post("/webhook_subscriptions", json=HOOK).status_code == 201
