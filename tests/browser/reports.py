"""The pages of plans and verifications in a real browser: on screens, on paper, and under attack.

Run by ``nox -s browser``, not with the other tests: it needs Chromium. ``PENNYFORM_BROWSER`` names its
executable where playwright has none of its own; ``PENNYFORM_SHOTS`` a folder for pictures of what was seen.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pypdf
import pytest
from pennyform.report.plan import html as plan_html
from pennyform.report.verification import render_html as render_verification_page
from pennyform.results.documents import json_data
from pennyform.results.plan import PlanDocument
from pennyform.results.verification import VerificationDocument
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from tests.engine.test_pages import HOSTILE, everywhere

CASES = Path(__file__).parents[1] / "engine" / "cases"
A4 = 688  # pixels between the margins

# What sticks out of the page, or out of the box that it is in.
STICKING_OUT = """() => [...document.querySelectorAll('main *')].filter(one => {
  const box = one.closest('figure, .paper, .rows, .differences, main'), edge = box.getBoundingClientRect();
  return one.getBoundingClientRect().right > edge.right + 1
    && !one.closest('table.months') && getComputedStyle(box).overflowX !== 'auto';
}).map(one => one.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        executable = os.environ.get("PENNYFORM_BROWSER") or None
        launched = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield launched
        launched.close()


@cache
def written() -> dict[str, str]:
    """The pages of the cases, and one of a plan in which every text is hostile."""
    plans = {case: msgspec.json.decode(_case(case, "plan"), type=PlanDocument) for case in ("first", "later")}
    found = {f"plan-{case}": plan_html.render(plan) for case, plan in plans.items()}
    for name, text in (("hostile", HOSTILE), ("long", "W" * 100)):
        found[name] = plan_html.render(everywhere(plans["later"], lambda _, text=text: text))
    found["many"] = plan_html.render(many(plans["first"]))
    verification = msgspec.json.decode(_case("later", "verify"), type=VerificationDocument)
    found["verification"] = render_verification_page(verification)
    return found


def _case(name: str, document: str) -> bytes:
    return (CASES / name / f"{document}.json").read_bytes()


def many(plan: PlanDocument) -> PlanDocument:
    """A plan of 60 invoices over two years."""
    content = json_data(plan)
    change = next(change for change in content["changes"] if change["kind"] == "invoice")
    content["changes"] = [
        {
            **change,
            "external_reference": f"INV-{number:03}",
            "after": {**change["after"], "date": f"202{5 + number % 2}-{number % 12 + 1:02}-01"},
            "customer": {"name": f"Customer {number % 17}", "billing_address": None},
        }
        for number in range(60)
    ]
    return msgspec.convert(content, PlanDocument)


@pytest.fixture(params=sorted(written()))
def shown(browser: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that was opened, with everything noted that it should not do."""
    file = tmp_path / "page.html"
    file.write_text(written()[request.param], encoding="utf-8")
    page = browser.new_page()
    noted: list[str] = []
    page.on("console", lambda message: noted.append(message.text))
    page.on("pageerror", lambda error: noted.append(str(error)))
    page.on("dialog", lambda dialog: noted.append(dialog.message))
    page.on("request", lambda asked: noted.append(asked.url) if not own(asked, file) else None)
    page.goto(file.as_uri())
    yield page
    assert noted == []
    page.close()


def own(asked: Request, file: Path) -> bool:
    return asked.url.partition("#")[0] == file.as_uri()


def keep(page: Page, name: str, request: pytest.FixtureRequest) -> None:
    folder = os.environ.get("PENNYFORM_SHOTS")
    if folder:
        case = request.node.callspec.params["shown"]
        page.screenshot(path=Path(folder) / f"{case}-{name}.png", full_page=True)


@pytest.mark.parametrize(("name", "width", "scheme"), [("wide", 1280, "light"), ("dark", 1280, "dark")])
def test_it_fits_a_screen(
    shown: Page, name: str, width: int, scheme: Any, request: pytest.FixtureRequest
) -> None:
    shown.emulate_media(color_scheme=scheme)
    shown.set_viewport_size({"width": width, "height": 900})
    keep(shown, name, request)
    assert shown.evaluate(STICKING_OUT) == []
    # The policy let its style through.
    assert shown.evaluate("getComputedStyle(document.body).margin") == "0px"


def test_it_does_not_scroll_sideways_on_a_telephone(shown: Page, request: pytest.FixtureRequest) -> None:
    shown.set_viewport_size({"width": 400, "height": 800})
    keep(shown, "narrow", request)
    assert shown.evaluate("document.documentElement.scrollWidth") <= 400


def test_it_fits_on_paper(shown: Page, request: pytest.FixtureRequest) -> None:
    shown.emulate_media(media="print")
    shown.set_viewport_size({"width": A4, "height": 1000})
    keep(shown, "paper", request)
    assert shown.evaluate(STICKING_OUT) == []
    printed = pypdf.PdfReader(io.BytesIO(shown.pdf(prefer_css_page_size=True)))
    assert all(round(float(page.mediabox.width)) == 595 for page in printed.pages)
    text = "\n".join(page.extract_text() for page in printed.pages)
    assert "Made by pennyform" in text


def test_charts_have_names_and_figures(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    page.set_content(written()["plan-first"])
    chart = page.get_by_role("img", name="By month of the invoice, tax included").first
    expect(chart).to_be_visible()
    table = page.locator(f"#{chart.get_attribute('aria-describedby')}")
    assert "2\u202f721.48" in table.inner_text()
    assert page.get_by_role("table", name="By VAT code").count() == 2
    page.close()
