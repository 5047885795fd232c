"""Plans and verifications as pages: whole, alone, and text whatever the text says."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any, TypeVar

import msgspec
import pytest
from msgspec.structs import replace
from pennyform.report import apply as apply_text
from pennyform.report.plan import html as plan_html
from pennyform.report.plan import markdown as plan_markdown
from pennyform.report.plan import text as plan_text
from pennyform.report.plan.charts import charts
from pennyform.report.shared.html import amount, axis, months_between, rounded
from pennyform.report.verification import render_html as render_verification_page
from pennyform.report.verification import render_text as render_verification
from pennyform.results.apply import Status
from pennyform.results.documents import json_data
from pennyform.results.plan import Addressee, PlanDocument
from pennyform.results.values import Record

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
    (one,) = charts(office.plan().document())
    total = Decimal(one.money.currency_amount)
    assert sum(row.amount for row in one.months) == total
    assert sum(row.amount for row in one.customers) == total
    assert sum(row.base + row.tax for row in one.vat) == total
    assert [row.label for row in one.months] == ["Oct 2025", "Nov 2025", "Dec 2025"]
    october, november, december = (row.extent for row in one.months)
    assert october.start == november.start == one.zero
    assert december.start + december.length == one.zero
    assert november.length == 0


def test_small_customers_are_one_bar(office: Office) -> None:
    office.define("INV-1")
    data = office.plan().document()
    changes = tuple(
        replace(data.changes[1], customer=Addressee(f"Customer {number:02}", None)) for number in range(30)
    )
    (one,) = charts(replace(data, changes=changes))
    assert [row.label for row in one.customers[-2:]] == ["Customer 09", "20 others"]
    assert one.customers[-1].amount == 20 * Decimal("240.00")


@pytest.mark.parametrize(
    ("values", "zero", "bars"),
    [
        ([], "0", []),
        (["0"], "0", [("0", "0")]),
        (["5", "10"], "0", [("0", "50"), ("0", "100")]),
        (["-5", "10"], "33.3", [("0", "33.3"), ("33.3", "66.7")]),
        (["-10", "-5"], "100", [("0", "100"), ("50", "50")]),
    ],
)
def test_axis(values: list[str], zero: str, bars: list[tuple[str, str]]) -> None:
    made = axis([Decimal(value) for value in values], 100)
    assert made.zero == Decimal(zero)
    assert [(str(bar.start.normalize()), str(bar.length.normalize())) for bar in made.bars] == [
        (str(Decimal(start).normalize()), str(Decimal(length).normalize())) for start, length in bars
    ]


def test_figures() -> None:
    assert amount("-1234567.80") == "\u22121\u202f234\u202f567.80"
    assert amount("999") == "999"
    assert rounded(Decimal("1999.5")) == "2\u202f000"
    assert months_between("2025-11", "2026-02") == ["2025-11", "2025-12", "2026-01", "2026-02"]
