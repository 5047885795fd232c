from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .bodies import GIF, line, product
from .conftest import Caller, Clock

Quoted = Callable[..., dict[str, Any]]


@pytest.fixture
def quoted(api: Caller, customer: int) -> Quoted:
    def quoted(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
        body = {
            "date": "2025-10-01",
            "deadline": "2025-10-31",
            "customer_id": customer,
            "invoice_lines": list(lines) or [line()],
        }
        return api.made("/quotes", {**body, **changes})

    return quoted


def invoiced(api: Caller, quote: dict[str, Any], **changes: Any) -> Any:
    body = {"quote_id": quote["id"], "draft": True, **changes}
    return api.post("/customer_invoices/create_from_quote", json=body)


def test_it_is_numbered_and_pending(api: Caller, quoted: Quoted) -> None:
    quote = quoted(external_reference="Q-1")
    assert (quote["quote_number"], quote["status"]) == ("D-2025-0001", "pending")
    assert (quote["currency_amount"], quote["external_reference"]) == ("240.0", "Q-1")
    assert api.get(f"/quotes/{quote['id']}").json() == quote
    assert api.get("/quotes").json()["items"] == [quote]
    assert quoted()["quote_number"] == "D-2025-0002"


def test_its_reference_is_its_own(api: Caller, quoted: Quoted, customer: int) -> None:
    quote = quoted(external_reference="Q-1")
    body = {**{name: quote[name] for name in ("date", "deadline")}, "customer_id": customer}
    again = {**body, "invoice_lines": [line()], "external_reference": "Q-1"}
    assert api.post("/quotes", json=again).status_code == 422


def test_it_changes_until_it_is_invoiced(api: Caller, quoted: Quoted) -> None:
    quote = quoted(line(label="a"), line(label="b"))
    path = f"/quotes/{quote['id']}"
    (b, a) = api.get(f"{path}/invoice_lines").json()["items"]
    changes = {
        "create": [line(label="c", quantity=1)],
        "update": [{"id": a["id"], "quantity": 1}],
        "delete": [{"id": b["id"]}],
    }
    updated = api.put(path, json={"invoice_lines": changes, "pdf_invoice_subject": "Phase 2"}).json()
    assert (updated["currency_amount"], updated["pdf_invoice_subject"]) == ("240.0", "Phase 2")
    assert invoiced(api, quote).status_code == 201
    assert api.put(path, json={"pdf_invoice_subject": "Phase 3"}).status_code == 422
    assert api.put(f"{path}/update_status", json={"status": "denied"}).status_code == 422


def test_its_parts_go_into_the_invoice(api: Caller, quoted: Quoted) -> None:
    training = api.made("/products", product(substance="services"))["id"]
    quote = quoted(
        line(section_rank=1, discount={"type": "relative", "value": "10"}, description="Two days"),
        {"product_id": training, "quantity": 1, "label": "Half", "raw_currency_unit_price": "450"},
        invoice_line_sections=[{"rank": 1, "title": "Design"}],
        discount={"type": "absolute", "value": "30"},
        currency="USD",
        language="en_GB",
        special_mention="Thanks",
    )
    (section,) = api.get(f"/quotes/{quote['id']}/invoice_line_sections").json()["items"]
    assert (section["title"], section["rank"]) == ("Design", 1)
    made = invoiced(api, quote, external_reference="INV-1").json()
    for name in ("currency_amount", "currency_tax", "currency", "discount", "language", "special_mention"):
        assert made[name] == quote[name], name
    assert (made["quote"], made["external_reference"], made["draft"]) == ({"id": quote["id"]}, "INV-1", True)
    assert (made["date"], made["deadline"]) == ("2025-10-01", "2025-10-31")
    below = f"/customer_invoices/{made['id']}"
    half, first = api.get(f"{below}/invoice_lines").json()["items"]
    assert (half["label"], half["product"]["id"]) == ("Half", training)
    assert (first["section_rank"], first["description"]) == (1, "Two days")
    assert api.get(f"{below}/invoice_line_sections").json()["items"][0]["title"] == "Design"
    linked = api.get(quote["linked_invoices"]["url"]).json()["items"]
    assert [one["id"] for one in linked] == [made["id"]]
    assert api.get(f"/quotes/{quote['id']}").json()["status"] == "invoiced"


def test_it_makes_one_invoice(api: Caller, quoted: Quoted) -> None:
    quote = quoted()
    final = invoiced(api, quote, draft=False).json()
    assert (final["draft"], final["invoice_number"]) == (False, "F-2025-0001")
    assert invoiced(api, quote).status_code == 422
    assert invoiced(api, {"id": 42}).status_code == 404


@pytest.mark.parametrize(
    ("status", "answer"), [("accepted", 201), ("pending", 201), ("denied", 422), ("expired", 422)]
)
def test_not_when_it_was_turned_down(api: Caller, quoted: Quoted, status: str, answer: int) -> None:
    quote = quoted()
    updated = api.put(f"/quotes/{quote['id']}/update_status", json={"status": status})
    assert updated.json()["status"] == status
    found = api.filtered("/quotes", ("status", "eq", status)).json()["items"]
    assert [one["id"] for one in found] == [quote["id"]]
    assert invoiced(api, quote).status_code == answer


@pytest.mark.parametrize(
    ("conditions", "deadline"),
    [
        ("upon_receipt", "2025-10-01"),
        ("15_days", "2025-10-16"),
        ("30_days_end_of_month", "2025-10-31"),
        ("45_days_end_of_month", "2025-11-30"),
    ],
)
def test_the_invoice_is_due_as_the_customer_agreed(
    api: Caller, quoted: Quoted, customer: int, conditions: str, deadline: str
) -> None:
    api.put(f"/company_customers/{customer}", json={"payment_conditions": conditions})
    assert invoiced(api, quoted()).json()["deadline"] == deadline


def test_it_is_mailed_when_its_pdf_is_there(api: Caller, quoted: Quoted, clock: Clock) -> None:
    quote = quoted()
    path = f"/quotes/{quote['id']}/send_by_email"
    assert api.post(path, json={"recipients": ["a@b.example"]}).status_code == 409
    clock.advance(minutes=2)
    assert api.post(path, json={"recipients": ["a@b.example"]}).status_code == 204
    shown = api.get(f"/quotes/{quote['id']}").json()
    assert shown["filename"] == "D-2025-0001.pdf"
    assert api.fetch(shown["public_file_url"]).content.startswith(b"%PDF")


def test_files_are_attached_to_it(api: Caller, quoted: Quoted) -> None:
    path = f"/quotes/{quoted()['id']}/appendices"
    assert api.post(path, files={"file": ("plan.gif", GIF, "image/gif")}).status_code == 201
    assert [one["filename"] for one in api.get(path).json()["items"]] == ["plan.gif"]


def test_its_changes_are_told(api: Caller, quoted: Quoted, clock: Clock) -> None:
    quote = quoted()
    clock.advance(minutes=1)
    told = api.get("/changelogs/quotes").json()["items"]
    assert [(one["id"], one["operation"]) for one in told] == [(quote["id"], "insert")]
