"""The page at ``/``: what it shows, asked in-process and looked at in a real browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pennyform.sandbox import Sandbox
from pennyform.sandbox.faults import Unavailable
from pennyform.testing import Served

from .bodies import company, line
from .conftest import PATIENCE, Caller

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


# --- in a browser -----------------------------------------------------------------------------------------

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")


class Browser:
    """As much of WebDriver as these tests need."""

    def __init__(self, driver: httpx.Client) -> None:
        self._driver = driver
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        wanted = {
            "goog:chromeOptions": {"binary": CHROMIUM, "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        self._session = self._ask("POST", "/session", capabilities={"alwaysMatch": wanted})["sessionId"]

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        answer = self._driver.request(method, path, json=body if method == "POST" else None)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def call(self, command: str, **body: Any) -> Any:
        return self._ask("POST", f"/session/{self._session}/{command}", **body)

    def open(self, url: str) -> None:
        self.call("url", url=url)

    def evaluate(self, script: str) -> Any:
        return self.call("execute/sync", script=f"return {script}", args=[])

    def text(self, selector: str) -> str:
        found: str = self.evaluate(f"document.querySelector({selector!r})?.innerText ?? ''")
        return found

    def element(self, selector: str) -> str:
        (name,) = self.call("element", using="css selector", value=selector).values()
        return f"element/{name}"

    def click(self, selector: str) -> None:
        self.call(f"{self.element(selector)}/click")

    def type(self, selector: str, text: str) -> None:
        self.call(f"{self.element(selector)}/clear")
        self.call(f"{self.element(selector)}/value", text=text)

    def wait(self, selector: str, words: str) -> None:
        """Until an element shows some words."""
        until = time.monotonic() + PATIENCE
        while words not in self.text(selector):
            assert time.monotonic() < until, f"{selector} shows {self.text(selector)!r}, not {words!r}"
            time.sleep(0.05)

    def complaints(self) -> list[str]:
        """What the browser's console holds against the page."""
        return [entry["message"] for entry in self.call("se/log", type="browser")]

    def close(self) -> None:
        self._ask("DELETE", f"/session/{self._session}")


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    if not CHROMIUM or not DRIVER:
        assert not os.environ.get("PENNYFORM_BROWSER"), "no Chromium with its driver here"
        pytest.skip("no Chromium with its driver here: `nox -s page` installs them")
    command = [DRIVER, "--port=0"]
    environment = {**os.environ, "HOME": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            with httpx.Client(base_url=address_of(process), timeout=PATIENCE) as driver:
                browser = Browser(driver)
                yield browser
                browser.close()
        finally:
            process.terminate()


def address_of(driver: subprocess.Popen[str]) -> str:
    """Where it listens, once it says so."""
    assert driver.stdout
    while "started successfully on port" not in (words := driver.stdout.readline()):
        assert words, "chromedriver ended"
    port = words.rstrip(".\n").rpartition(" ")[2]
    return f"http://127.0.0.1:{port}"


def test_in_a_browser(
    browser: Browser, sandbox: Sandbox, api: Caller, page: httpx.Client, draft: Draft
) -> None:
    api.made("/customer_invoices", draft(external_reference="INV-1", draft=False))
    with Served(sandbox) as server:
        browser.open(server.url)
        assert "INV-1" in browser.text("#invoices")
        assert "ACME" in browser.text("#customers")
        browser.click("#invoices a")
        browser.wait("article.paper h1", "Invoice F-2025-0001")
        assert browser.text("#total") == "240.00 EUR"
        assert (
            browser.evaluate("getComputedStyle(document.querySelector('.paper')).borderTopStyle") == "solid"
        )

        browser.open(f"{server.url}/faults")
        browser.type("input[name=more]", "{")
        browser.click("#add-fault button")
        browser.wait(".problem", "JSON")
        browser.type("input[name=more]", '{"times": 1}')
        browser.click("#add-fault button")
        browser.wait("#faults", "unavailable")
        assert page.get("/api/external/v2/me").status_code == 503
        browser.click("#faults button")
        browser.wait("#faults", "Nothing goes wrong.")
        browser.click("button[data-body*='30']")
        browser.wait(".clock", "2025-10-31")

        browser.open(f"{server.url}/requests")
        assert "unavailable" in browser.text("#requests")
        api.get("/products")
        browser.wait("#requests", "/products")
        assert browser.complaints() == []
