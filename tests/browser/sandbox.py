"""The sandbox's page in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from pennyform.sandbox import TOKEN, Sandbox
from pennyform.sandbox.faults import Unavailable
from pennyform.testing import Served
from playwright.sync_api import Page, expect

from tests.sandbox.bodies import company, line

from .accounts import LARGE, LONG_LABEL, LONG_REFERENCE
from .conftest import keep
from .layout import MEDIA, faults, show, violations

API = "/api/external/v2"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(rate_limit=False)
    yield sandbox
    sandbox.close()


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[httpx.Client]:
    settings = {"base_url": f"http://127.0.0.1:8787{API}", "headers": {"authorization": f"Bearer {TOKEN}"}}
    with httpx.Client(transport=sandbox.transport(), **settings) as client:  # type: ignore[arg-type]
        yield client


def _create(api: httpx.Client) -> None:
    """A final invoice and a draft, with large amounts and long texts."""
    customer = api.post("/company_customers", json=company(name=LONG_LABEL)).raise_for_status().json()["id"]
    for draft, reference in ((False, "INV-1"), (True, LONG_REFERENCE)):
        lines = [line(label=LONG_LABEL, quantity=12, raw_currency_unit_price=LARGE), line(label="W" * 60)]
        body = {
            "customer_id": customer,
            "date": "2025-10-01",
            "deadline": "2025-10-31",
            "draft": draft,
            "external_reference": reference,
            "invoice_lines": lines,
        }
        api.post("/customer_invoices", json=body).raise_for_status()


def test_it_shows_the_books_and_steers_faults_and_time(
    tab: Page, sandbox: Sandbox, api: httpx.Client
) -> None:
    _create(api)
    with Served(sandbox) as server:
        tab.goto(server.url)
        expect(tab.locator("#invoices")).to_contain_text("INV-1")
        expect(tab.locator("#customers")).to_contain_text(LONG_LABEL)
        tab.locator("#invoices tr", has_text="INV-1").get_by_role("link").click()
        expect(tab.locator("article.paper h1")).to_contain_text("Invoice F-")
        expect(tab.locator("#total")).to_have_text("1\u202f422\u202f222\u202f462.24 EUR")

        tab.goto(f"{server.url}/faults")
        tab.locator("input[name=more]").fill("{")
        tab.locator("#add-fault button").click()
        expect(tab.locator(".problem")).to_contain_text("JSON")
        tab.locator("input[name=more]").fill('{"times": 1}')
        tab.locator("#add-fault button").click()
        expect(tab.locator("#faults")).to_contain_text("unavailable")
        # Until a page is loaded whole, its buttons do nothing.
        tab.wait_for_load_state()
        assert api.get("/me").status_code == 503
        tab.locator("#faults button").click()
        expect(tab.locator("#faults")).to_contain_text("Nothing goes wrong.")
        tab.wait_for_load_state()
        before = tab.locator(".clock").inner_text()
        tab.locator("button[data-body*='30']").click()
        expect(tab.locator(".clock.moved")).not_to_have_text(before)

        tab.goto(f"{server.url}/requests")
        expect(tab.locator("#requests")).to_contain_text("unavailable")
        api.get("/products")
        expect(tab.locator("#requests")).to_contain_text("/products")
        tab.goto("about:blank")  # the page asks for news as long as it is shown


@pytest.mark.parametrize("name", ["overview", "invoice", "draft", "requests", "faults"])
def test_nothing_is_cut_off_and_everybody_can_use_it(
    tab: Page, axe: str, sandbox: Sandbox, api: httpx.Client, name: str
) -> None:
    _create(api)
    sandbox.faults.schedule(Unavailable(path="/**", containing="W" * 60, method="DELETE"))
    identifier = sandbox.companies()[0].id
    rows = {row["draft"]: row["id"] for row in api.get("/customer_invoices").json()["items"]}
    paths = {
        "overview": "/",
        "invoice": f"/companies/{identifier}/invoices/{rows[False]}",
        "draft": f"/companies/{identifier}/invoices/{rows[True]}",
    }
    with Served(sandbox) as server:
        tab.goto(server.url + paths.get(name, f"/{name}"))
        for media in MEDIA:
            show(tab, media)
            keep(tab, f"sandbox-{name}-{media}")
            assert faults(tab) == [], media
            if media != "paper":
                assert violations(tab, axe) == [], media
        tab.goto("about:blank")
