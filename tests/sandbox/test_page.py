"""The page at ``/``: what it shows, asked in-process; ``tests/browser`` looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pennyform.sandbox import Sandbox
from pennyform.sandbox.faults import Unavailable

from .bodies import company, line
from .conftest import Caller

Draft = Callable[..., dict[str, Any]]


@pytest.fixture
def page(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A visitor without a token."""
    with httpx.Client(transport=sandbox.transport(), base_url="http://127.0.0.1:8787") as client:
        yield client


def invoices_of(sandbox: Sandbox) -> str:
    return f"/companies/{sandbox.companies()[0].id}/invoices"


def test_the_books_at_a_glance(api: Caller, page: httpx.Client, draft: Draft) -> None:
    api.made("/customer_invoices", draft(line(quantity=12), external_reference="INV-1", draft=False))
    api.made("/customer_invoices", draft(external_reference="INV-2"))
    api.get("/nothing")
    shown = page.get("/")
    assert shown.headers["content-type"] == "text/html; charset=utf-8"
    for words in ("Sandbox SAS", "F-2025-0001", "INV-1", "1\u202f440.00 EUR", "INV-2", "ACME_001"):
        assert words in shown.text
    assert shown.text.index("INV-2") < shown.text.index("INV-1"), "newest first"
    assert "404" in shown.text
    assert "Not Found" in shown.text


def test_an_empty_sandbox_says_what_to_try(page: httpx.Client) -> None:
    shown = page.get("/").text
    assert "No invoice yet." in shown
    assert "curl -H" in shown


def test_an_invoice_is_a_document(api: Caller, page: httpx.Client, draft: Draft, sandbox: Sandbox) -> None:
    body = draft(
        line(label="Travel", section_rank=2, vat_rate="FR_100"),
        line(label="Advice", section_rank=1, discount={"type": "relative", "value": "25"}),
        invoice_line_sections=[{"title": "Phase one", "rank": 1}, {"title": "Phase two", "rank": 2}],
        pdf_invoice_subject="Discovery",
        discount={"type": "absolute", "value": "10"},
    )
    created = api.made("/customer_invoices", body)
    shown = page.get(f"{invoices_of(sandbox)}/{created['id']}").text
    places = [shown.index(words) for words in ("Discovery", "Phase one", "Advice", "Phase two", "Travel")]
    assert places == sorted(places)
    for words in ("ACME", "75006 Paris", "25 %", "FR_100", "10 EUR", "paper draft", "2025-10-31"):
        assert words in shown
    assert "Left to pay" not in shown, "a draft is owed by nobody"


def test_a_credit_note_is_called_one(api: Caller, page: httpx.Client, draft: Draft, sandbox: Sandbox) -> None:
    created = api.made("/customer_invoices", draft(line(quantity=-1), draft=False))
    assert "Credit note F-2025-0001" in page.get(f"{invoices_of(sandbox)}/{created['id']}").text


def test_what_was_imported_without_a_number_is_no_draft(
    api: Caller, page: httpx.Client, customer: int
) -> None:
    amounts = {"currency_amount": "120.00", "currency_tax": "20.00"}
    body = {
        "file_attachment_id": api.upload()["id"],
        "date": "2025-10-01",
        "deadline": "2025-10-31",
        "customer_id": customer,
        "currency_amount_before_tax": "100.00",
        "invoice_lines": [line(quantity=1, **amounts)],
        **amounts,
    }
    api.made("/customer_invoices/import", body)
    shown = page.get("/").text
    assert "no number" in shown
    assert "draft" not in shown


def test_many_invoices_come_page_by_page(
    api: Caller, page: httpx.Client, draft: Draft, sandbox: Sandbox
) -> None:
    for number in range(55):
        api.made("/customer_invoices", draft(external_reference=f"INV-{number:03}"))
    first = page.get(invoices_of(sandbox)).text
    assert first.count("INV-0") == 50
    older = first.partition('href="?after=')[2].partition('"')[0]
    second = page.get(f"{invoices_of(sandbox)}?after={older}").text
    assert second.count("INV-0") == 5
    assert "Older ones" not in second
    assert "All invoices" in page.get("/").text


def test_text_of_others_stays_text(api: Caller, page: httpx.Client, draft: Draft, sandbox: Sandbox) -> None:
    attack = "<script>alert(1)</script>\"'"
    api.made("/company_customers", company(name=attack, external_reference=attack))
    body = draft(line(label=attack, description=attack, unit=attack), pdf_invoice_subject=attack)
    created = api.made("/customer_invoices", body)
    api.get("/customers", params={"filter": attack})
    sandbox.rename_company(sandbox.companies()[0].id, attack)
    sandbox.faults.schedule(Unavailable(containing=attack, path=attack))
    invoices = invoices_of(sandbox)
    for path in ("/", invoices, f"{invoices}/{created['id']}", "/requests", "/faults"):
        shown = page.get(path)
        assert shown.status_code == 200
        assert "alert(1)" in shown.text
        assert "<script>alert" not in shown.text
        assert "script-src 'self'" in shown.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/companies/9", "/companies/21000001/invoices/9", "/assets/layout.html"])
def test_what_does_not_exist(page: httpx.Client, path: str) -> None:
    shown = page.get(path)
    assert shown.status_code == 404
    assert "To the books" in shown.text


def test_a_broken_cursor_is_a_page_too(page: httpx.Client, sandbox: Sandbox) -> None:
    shown = page.get(f"{invoices_of(sandbox)}?after=x")
    assert (shown.status_code, "cursor is not valid" in shown.text) == (400, True)
