"""Plans and verifications as pages: whole, alone, and text whatever the text says."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any, TypeVar

import lxml.html
import msgspec
import pytest
from msgspec.structs import replace
from pennyform.engine.invoice_status import total_statuses
from pennyform.report import apply as apply_text
from pennyform.report.fleet import status_page as fleet_page
from pennyform.report.plan import html as plan_html
from pennyform.report.plan import markdown as plan_markdown
from pennyform.report.plan import text as plan_text
from pennyform.report.plan.charts import charts, invoices_of
from pennyform.report.shared.charts import bars, by_month, by_name, month_before, months_between
from pennyform.report.shared.html import PageHead, PageOrigin, amount
from pennyform.report.status import status_html
from pennyform.report.verification import render_html as render_verification_page
from pennyform.report.verification import render_text as render_verification
from pennyform.results.apply import FinalTotal, Status
from pennyform.results.companies import CompaniesPlanDocument, CompaniesSummary, CompanyPlan
from pennyform.results.documents import json_data
from pennyform.results.fleet import FleetStatusDocument, WaitingPlan
from pennyform.results.plan import Addressee, PlanDocument
from pennyform.results.status import CompanyStatus, InvoiceState, InvoiceStatus, StatusDocument
from pennyform.results.values import CompanyIdentity, Record

from .test_renderings import first, later
from .world import Office, invoice, line

HOSTILE = "</td></style><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}\"'&\u202e\x00"
_VOID = {"meta", "rect", "line", "br"}


class Structure(HTMLParser):
    """Tags and attributes of a page, which must be closed as they were opened; and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(params=[first, later])
def data(office: Office, request: pytest.FixtureRequest) -> PlanDocument:
    request.param(office)
    return office.plan().document()


def pages(data: PlanDocument, office: Office) -> list[str]:
    return [plan_html.render(data), render_verification_page(office.verify().document())]


def test_a_page_stands_alone(office: Office, data: PlanDocument) -> None:
    for page in pages(data, office):
        structure = Structure(page)
        assert structure.open == []
        names = {tag for tag, _ in structure.tags}
        assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
        for _, attributes in structure.tags:
            for name, value in attributes:
                assert not name.startswith("on")
                assert name not in {"style", "src", "action"}
                assert name != "href" or (value or "").startswith("#")
        assert "url(" not in page
        assert "@import" not in page


def test_its_links_lead_somewhere(office: Office, data: PlanDocument) -> None:
    for page in pages(data, office):
        attributes = [attribute for _, some in Structure(page).tags for attribute in some]
        ids = [value for name, value in attributes if name == "id"]
        assert len(ids) == len(set(ids))
        assert {(value or "")[1:] for name, value in attributes if name == "href"} <= set(ids)


def test_its_policy_lets_through_its_own_style_and_nothing_else(data: PlanDocument) -> None:
    page = plan_html.render(data)
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert f'content="{policy}"' in page


Document = TypeVar("Document", bound=Record)


def everywhere(document: Document, change: Callable[[str], str]) -> Document:
    """A copy in which every text that somebody may have written is another."""
    return msgspec.convert(_everywhere(json_data(document), change), type(document))


def _everywhere(given: Any, change: Callable[[str], str], name: str = "") -> Any:
    if isinstance(given, dict):
        return {key: _everywhere(value, change, key) for key, value in given.items()}
    if isinstance(given, list):
        return [_everywhere(value, change, name) for value in given]
    return change(given) if isinstance(given, str) and name in _FREE else given


# What definitions, the account or the file system decide; amounts, days and codes are held by the schemas.
_FREE = {
    "external_reference", "name", "label", "unit", "description", "address", "city", "postal_code", "file",
    "country_alpha2", "title", "pdf_invoice_subject", "pdf_invoice_free_text", "special_mention", "warnings",
    "ways_out", "invoice_number", "before", "vat_rate", "environment", "pennyform",
}  # fmt: skip


def _benign(_text: str) -> str:
    return "benign"


def _hostile(_text: str) -> str:
    return HOSTILE


def test_text_from_outside_stays_text(office: Office, data: PlanDocument) -> None:
    """Whatever the text, the page has the same tags with the same attributes: nothing of it is markup."""
    data = replace(data, warnings=("first",))
    verification = office.verify().document()
    for benign_page, hostile_page in (
        [plan_html.render(everywhere(data, change)) for change in (_benign, _hostile)],
        [render_verification_page(everywhere(verification, change)) for change in (_benign, _hostile)],
    ):
        benign, hostile = Structure(benign_page), Structure(hostile_page)
        assert hostile.tags == benign.tags
        text = "".join(hostile.text)
        assert "<script>" in text
        assert "{{ 7*7 }}" in text
        assert not {"\u202e", "\x00"} & set(text)


def test_text_from_outside_cannot_steer_a_terminal(office: Office, data: PlanDocument) -> None:
    evil = "\x1b[2J\r\u202e\x00"
    verification, report = office.verify().document(), office.apply().document()
    failed = replace(report.results[0], status=Status.FAILED, detail=evil)
    report = replace(report, results=(failed, *report.results[1:]))

    def spoil(document: Document) -> Document:
        return everywhere(document, lambda text: text + evil)

    for shown in (
        plan_text.render(spoil(data)),
        plan_markdown.render(spoil(data)),
        render_verification(spoil(verification)),
        apply_text.render(spoil(report)),
    ):
        assert "\N{REPLACEMENT CHARACTER}" in shown
        assert shown.replace("\n", " ").isprintable()


def test_the_same_plan_is_the_same_page(data: PlanDocument) -> None:
    assert plan_html.render(data) == plan_html.render(data)


def test_many_invoices_are_listed_without_their_pages(office: Office) -> None:
    office.define("INV-1")
    data = office.plan().document()
    changes = tuple(replace(data.changes[1], external_reference=f"INV-{number}") for number in range(600))
    page = plan_html.render(replace(data, changes=changes))
    assert page.count("<article") == plan_html.MOST_PREVIEWS
    assert "INV-599" in page
    assert "100 more are listed above without their pages" in page


def test_charts_add_up_to_what_the_plan_says(office: Office) -> None:
    entries = [("2025-10-01", "100.00"), ("2025-12-24", "-75.00"), ("2025-10-31", "12.34")]
    for number, (day, price) in enumerate(entries):
        sign = "-" if price.startswith("-") else ""
        book = line("Book", f"{sign}1", "10.00", "FR_55")
        text = invoice(f"INV-{number}", lines=line(quantity=f"{sign}2", price=price.lstrip("-")) + book)
        text = text.replace("deadline: 2025-10-31", "deadline: 2026-01-31")
        text += "credit_note_of: {id: 1}\n" if sign else ""
        office.write(f"invoices/{number}.yaml", text.replace("date: 2025-10-01", f"date: {day}"))
    plan = office.plan().document()
    (shown,) = charts(invoices_of(plan), plan.money.changing)
    assert shown.months is not None
    total = Decimal(shown.money.currency_amount)
    assert sum(amount for row in shown.months.rows for amount in row.amounts) == total
    assert sum(Decimal(row.base) + Decimal(row.tax) for row, _ in shown.vat) == total
    assert shown.customers is None, "there is one customer: one bar compares nothing"
    assert [row.label for row in shown.months.rows] == ["Oct 2025", "Nov 2025", "Dec 2025"]
    (october,), (november,), (december,) = (row.bars for row in shown.months.rows)
    assert december.negative
    assert december.start + december.length == october.start
    assert november.length == 0
    assert shown.months.rows[1].parts(shown.months.series) == []


def test_months_stand_beside_those_of_the_year_before_and_what_is_there(office: Office) -> None:
    for number, day in enumerate(("2024-10-05", "2025-09-05", "2025-10-05")):
        office.write(f"invoices/{number}.yaml", invoice(f"INV-{number}", date=day))
    office.apply()
    office.define("INV-9", lines=line(quantity="5"))
    plan = office.plan().document()
    (shown,) = charts(invoices_of(plan), plan.money.changing)
    assert shown.months is not None
    assert shown.months.series == ("This plan", "Already there", "A year before")
    texts = [(row.label, *map(str, row.amounts)) for row in shown.months.rows]
    assert texts == [("Sep 2025", "0", "240.00", "0"), ("Oct 2025", "600.00", "240.00", "240.00")]


@pytest.mark.parametrize(("price", "bars"), [("0.00", 0), ("10.00", 2)])
def test_a_vat_code_without_an_amount_has_no_bar(office: Office, price: str, bars: int) -> None:
    office.define("INV-1", lines=line() + line("Free", "1", price, "FR_55"))
    plan = office.plan().document()
    (shown,) = charts(invoices_of(plan), plan.money.changing)
    assert [row.vat_rate for row, _ in shown.vat] == ["FR_200", "FR_55"]
    assert sum(bar is not None for _, bar in shown.vat) == bars


def test_one_bar_is_no_chart() -> None:
    assert by_name("", "", [("A", Decimal(1))]) is None
    assert by_month("", "2025-10", "2025-12", {"This plan": {"2025-11": Decimal(1)}}) is None


def test_small_customers_are_one_bar(office: Office) -> None:
    office.define("INV-1")
    data = office.plan().document()
    changes = tuple(
        replace(data.changes[1], customer=Addressee(f"Customer {number:02}", None)) for number in range(30)
    )
    (shown,) = charts(changes, data.money.changing)
    assert shown.customers is not None
    assert [row.label for row in shown.customers.rows[-2:]] == ["Customer 09", "20 others"]
    assert shown.customers.rows[-1].amounts == (20 * Decimal("240.00"),)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        (["0"], [("0", "0")]),
        (["5", "10"], [("0", "200"), ("0", "400")]),
        (["-5", "10"], [("0", "133.3"), ("133.3", "266.7")]),
        (["-10", "-5"], [("0", "400"), ("200", "200")]),
    ],
)
def test_bars(values: list[str], expected: list[tuple[str, str]]) -> None:
    made = bars([Decimal(value) for value in values])
    assert [(bar.start, bar.length) for bar in made] == [(Decimal(a), Decimal(b)) for a, b in expected]
    assert [bar.negative for bar in made] == [value.startswith("-") for value in values]


def test_figures() -> None:
    assert amount("-1234567.80") == "\u22121\u202f234\u202f567.80"
    assert amount("999") == "999"
    assert months_between("2025-11", "2026-02") == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert [month_before(text) for text in ("2026-01", "2026-12")] == ["2025-12", "2026-11"]


def test_a_page_says_when_by_whom_and_from_what() -> None:
    moment = datetime(2026, 11, 30, 23, 30, tzinfo=timezone(timedelta(hours=1)))
    origin = PageOrigin(moment, "Jane <jane@example.com>", f"{'0123456789' * 4}-dirty")
    head = PageHead("", "", "", "", "", "", origin)
    assert head.facts() == [
        ("Made", "30 November 2026, 22:30 UTC"),
        ("By", "Jane <jane@example.com>"),
        ("Commit", "012345678901 and changes that are not committed"),
    ]
    assert PageHead("", "", "", "", "", "").facts() == []


def test_what_will_not_be_done_is_not_shown_as_if_it_would(office: Office) -> None:
    later(office)
    page = lxml.html.fromstring(plan_html.render(office.plan().document()))
    (article,) = page.xpath('//article[contains(h2, "INV-5")]')
    assert article.xpath(".//del | .//ins") == []
    assert "In the account, and stays" in article.text_content()
    (row,) = page.xpath('//tr[th[contains(., "INV-5")]]')
    assert " ".join(row.xpath("./td")[-1].text_content().split()) == "294.60 EURnot 480.00"


def test_status_as_a_page(office: Office) -> None:
    rows = tuple(
        InvoiceStatus(f"INV-{number}", state, number, "", day, "2025-09-01", "EUR", price, price, "", who)
        for number, (state, day, price, who) in enumerate(
            [
                (InvoiceState.PAID, "2024-09-01", "100.00", "A"),
                (InvoiceState.LATE, "2025-08-01", "1234567.80", "B"),
                (InvoiceState.OPEN, "2025-09-01", "20.00", "A"),
            ]
        )
    )
    company = CompanyStatus(
        name="", folder=".", exit_code=0, problems=(), company=CompanyIdentity(7, "ACME & Sons"),
        environment="production", invoices=rows, totals=total_statuses(rows),
    )  # fmt: skip
    document = StatusDocument(
        format_version=1, pennyform="1", today="2025-10-01", companies=(company,), totals=company.totals,
        exit_code=0,
    )  # fmt: skip
    page = status_html(document, PageOrigin(person="Jane"))
    # Whose account it is stands at the top, as on the other pages.
    assert '<p class="whose">ACME &amp; Sons <span class="faint">company 7</span></p>' in page
    assert '<p class="pill bad">production</p>' in page
    text = re.sub("[ \n]+", " ", "".join(Structure(page).text))
    assert "late by 30 days" in text
    assert "1\u202f234\u202f567.80 EUR" in text
    assert "ACME & Sons" in text
    assert "ByJane" in text
    assert "A year before" in text
    assert text.index("To look at") < text.index("INV-1") < text.index("Open and paid") < text.index("INV-0")


def test_the_plans_of_several_companies_are_one_page(office: Office, data: PlanDocument) -> None:
    sections = tuple(
        CompanyPlan(name=name, folder=name, exit_code=0, problems=(), plan=plan)
        for name, plan in (("alder", data), ("birch", data), ("cedar", None))
    )
    summary = CompaniesSummary(companies=3, failed=1, exit_code=4, counts={})
    document = CompaniesPlanDocument(
        format_version=1, pennyform="1", companies=sections, summary=summary, money=data.money, requests=0
    )
    page = plan_html.render_companies(document, "3 companies.", {"cedar": "no <token>"})
    structure = Structure(page)
    assert structure.open == []
    ids = [value for _, some in structure.tags for name, value in some if name == "id"]
    assert len(ids) == len(set(ids))
    links = {(value or "")[1:] for _, some in structure.tags for name, value in some if name == "href"}
    assert links <= set(ids)
    assert {"company-1", "company-2"} <= links
    assert "no <token>" in "".join(structure.text)


def test_the_fleet_as_a_page() -> None:
    plan = WaitingPlan("0123456789abcdef", "0" * 64, "alder", 7, "Jane <x>", "2026-11-30T13:00:00Z")
    document = FleetStatusDocument(
        format_version=1, pennyform="1", at="2026-11-30T13:02:00Z", paused=True, paused_companies=(7,),
        companies=1200, workers=1, queue={"todo": 3}, oldest_seconds=1234.5, running=(7,), stuck=(8,),
        failed=(), plans=(plan,), writes_per_second=0.0, issued_today=(FinalTotal("EUR", 2, "1234567.80"),),
    )  # fmt: skip
    structure = Structure(fleet_page(document, refresh=True))
    assert structure.open == []
    text = "".join(structure.text)
    for words in ("1\u202f234\u202f567.80", "Jane <x>", "paused", "1,200 companies, 1 worker", "1,234 s"):
        assert words in text
    assert ("http-equiv", "refresh") in {pair for _, some in structure.tags for pair in some}
