"""The pages of plans, verifications and status in a real browser: on screens, on paper, and under attack."""

from __future__ import annotations

import io
import os
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pypdf
import pytest
from pennyform.report.fleet import status_page as fleet_page
from pennyform.report.plan import html as plan_html
from pennyform.results.apply import FinalTotal
from pennyform.results.documents import json_data
from pennyform.results.fleet import FleetJob, FleetStatusDocument, WaitingPlan
from pennyform.results.plan import PlanDocument
from playwright.sync_api import Page

from tests.engine.test_pages import HOSTILE, everywhere

from .accounts import LONG_LABEL, preview_page, write_pages
from .conftest import keep, wait_until
from .layout import MEDIA, faults, show, violations

CASES = Path(__file__).parents[1] / "engine" / "cases"
BOTH = [name + several for name in ("plan", "verify", "status") for several in ("", "-companies")]
PAGES = ["plan-first", "hostile", "long", "largest", "many", "plan-new", "fleet", "preview", *BOTH]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("accounts") / "firm"
    before = Path.cwd()
    root.mkdir()
    os.chdir(root)
    try:
        return {**_plans(), **write_pages(root), "fleet": _fleet(), "preview": preview_page(root / "preview")}
    finally:
        os.chdir(before)


@cache
def _plans() -> dict[str, str]:
    """The page of a case, of many invoices, and of plans in which every text is hostile, or long."""
    first, later = (
        msgspec.json.decode((CASES / case / "plan.json").read_bytes(), type=PlanDocument)
        for case in ("first", "later")
    )
    pages = {"plan-first": plan_html.render(first), "many": plan_html.render(_many(first))}
    pages["largest"] = plan_html.render(msgspec.convert(_largest(json_data(later)), PlanDocument))
    for name, text in (("hostile", HOSTILE), ("long", "W" * 100)):
        pages[name] = plan_html.render(everywhere(later, lambda _, text=text: text))
    return pages


def _fleet() -> str:
    """The page of a fleet in which something of everything happens."""
    day = "2026-11-30T13:02:00Z"
    jobs = [
        FleetJob(number, day, name, 21000000 + number, "apply", "failed", 1, reason, 1.5)
        for number, (name, reason) in enumerate(
            [(LONG_LABEL, "no token"), ("", LONG_LABEL), ("W" * 60, "W" * 80)]
        )
    ]
    plan = WaitingPlan("0123456789abcdef", "0" * 64, LONG_LABEL, 7, "Jane Example <jane@example.com>", day)
    document = FleetStatusDocument(
        format_version=1, pennyform="1", at=day, paused=True, paused_companies=tuple(range(60)),
        companies=1200, workers=12, queue={"todo": 123456, "failed": 3}, oldest_seconds=123456.7,
        running=tuple(range(21000000, 21000040)), stuck=(8, 9), failed=tuple(jobs), plans=(plan,),
        writes_per_second=3.5,
        issued_today=(FinalTotal("EUR", 1200000, LARGEST), FinalTotal("JPY", 2, "123456789012")),
    )  # fmt: skip
    return fleet_page(document, refresh=False)


def _largest(data: Any, name: str = "") -> Any:
    """A copy in which every amount is the largest that the API takes."""
    if isinstance(data, dict):
        return {key: _largest(value, key) for key, value in data.items()}
    if isinstance(data, list):
        return [_largest(value, name) for value in data]
    return LARGEST if name in _AMOUNTS and data else data


LARGEST = "999999999999.99"
_PRICE = "raw_currency_unit_price"
_AMOUNTS = {"base", "tax", "currency_tax", "currency_amount", "currency_amount_before_tax", _PRICE}


def _many(plan: PlanDocument) -> PlanDocument:
    """A plan of 60 invoices over two years."""
    content: Any = json_data(plan)
    change = next(change for change in content["changes"] if change["kind"] == "invoice")
    content["changes"] = [
        {
            **change,
            "external_reference": f"INV-{number:03}",
            "date": f"202{5 + number % 2}-{number % 12 + 1:02}-01",
            "customer": {"name": f"Customer {number % 17}", "billing_address": None},
        }
        for number in range(60)
    ]
    return msgspec.convert(content, PlanDocument)


def _open(tab: Page, text: str, folder: Path) -> None:
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    tab.goto(file.as_uri())


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_off(tab: Page, written: dict[str, str], tmp_path: Path, name: str) -> None:
    _open(tab, written[name], tmp_path)
    for media in MEDIA:
        show(tab, media)
        keep(tab, f"{name}-{media}")
        assert faults(tab) == [], media
    # The policy let its style through.
    assert tab.evaluate("getComputedStyle(document.body).margin") == "0px"


@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_use_it(
    tab: Page, axe: str, written: dict[str, str], tmp_path: Path, name: str
) -> None:
    _open(tab, written[name], tmp_path)
    for media in ("phone", "desktop", "dark"):
        show(tab, media)
        assert violations(tab, axe) == [], media


@pytest.mark.parametrize(
    ("style", "fault"),
    [
        (".amount { white-space: normal; display: inline-block; width: 3rem }", "amount breaks"),
        (".code { width: auto; max-width: 8ch }", "breaks: "),
        (".sum { position: static !important }", "total out of view"),
        (".scroll { overflow: visible !important }", "the page is"),
        ("td { overflow: hidden; max-width: 3rem }", "clips"),
        ("h2 { width: 900px }", "sticks out"),
        (".lines td { padding: 0 5rem }", "half below the total"),
        (
            ".stack, .stack * { display: revert !important } .rows .sum { position: sticky !important }",
            "half below the total",
        ),
    ],
)
def test_a_fault_of_layout_is_noticed(
    tab: Page, written: dict[str, str], tmp_path: Path, style: str, fault: str
) -> None:
    text = written["plan-new"]
    policy, _, rest = text.partition('<meta http-equiv="Content-Security-Policy"')
    _open(tab, policy + rest.partition(">")[2].replace("</style>", f"{style}</style>", 1), tmp_path)
    show(tab, "laptop" if ".lines" in style else "phone")
    assert any(fault in text for text in faults(tab))


def test_a_page_that_nobody_can_read_is_noticed(tab: Page, axe: str) -> None:
    tab.set_content("<p style='color: #bbb; background: white'>faint</p>")
    assert {rule for rule, _ in violations(tab, axe)} == {"color-contrast", "document-title", "html-has-lang"}


def test_it_is_printed_on_a4(tab: Page, written: dict[str, str], tmp_path: Path) -> None:
    _open(tab, written["plan-new"], tmp_path)
    printed = pypdf.PdfReader(io.BytesIO(tab.pdf(prefer_css_page_size=True)))
    assert all(round(float(page.mediabox.width)) == 595 for page in printed.pages)
    text = "\n".join(page.extract_text() for page in printed.pages)
    assert "Made by pennyform" in text
    assert "0123456789ab" in text


def test_a_keyboard_reaches_everything(tab: Page, written: dict[str, str], tmp_path: Path) -> None:
    """The link to the content comes first; boxes that scroll take the arrows."""
    _open(tab, written["verify"], tmp_path)
    show(tab, "phone")
    tab.keyboard.press("Tab")
    wait_until(tab, "document.activeElement.className === 'skip'")
    tab.keyboard.press("Enter")
    wait_until(tab, "document.activeElement.id === 'content'")
    tab.keyboard.press("Tab")
    wait_until(tab, "document.activeElement.className === 'scroll'")
    for _ in range(5):
        tab.keyboard.press("ArrowRight")
    wait_until(tab, "document.activeElement.scrollLeft > 0")
