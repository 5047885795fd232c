"""What people read, exactly: each folder of ``cases`` holds what a plan, an apply and a verification show.

``UPDATE_CASES=1 pytest`` writes the files anew, to be read before they are committed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from pennyform import __version__
from pennyform.report import apply as apply_text
from pennyform.report.plan import html as plan_html
from pennyform.report.plan import markdown as plan_markdown
from pennyform.report.plan import text as plan_text
from pennyform.report.shared.layout import Ansi, Layout
from pennyform.report.verification import render_html as render_verification_page
from pennyform.report.verification import render_text as render_verification
from pennyform.results.documents import json_text
from pennyform.results.plan import PlannedInvoice
from pennyform.results.values import FieldDifference

from .world import API, PRODUCT, Office, line, only, raw

CASES = Path(__file__).parent / "cases"


def first(office: Office) -> None:
    """Everything is new."""
    office.write("products/day.yaml", PRODUCT)
    product = "  - product: DAY\n    quantity: 3\n    discount:\n      type: relative\n      value: '5'\n"
    office.define("INV-1", lines=line() + product + line("Book", "10", "24.50", "FR_55"))
    office.define("INV-2", finalize=True, more="currency: USD\n", lines=line(vat="extracom"))


def later(office: Office) -> None:
    """Of what was created, something is to be changed, finalized, replaced, and something cannot be."""
    office.write("products/day.yaml", PRODUCT)
    sections = "invoice_line_sections:\n  - rank: 1\n    title: {}\n"
    in_section = line(more="    section_rank: 1\n")
    for number in range(1, 7):
        office.define(f"INV-{number}", finalize=number == 5, lines=line() + line("Travel", "1", "45.50"))
    office.define("INV-3", more=sections.format("Before"), lines=in_section)
    office.define("INV-4", lines="  - product: DAY\n    quantity: 1\n")
    office.apply()
    with raw(office.sandbox) as caller:
        id_ = only(office.books()["INV-6"])["id"]
        caller.put(f"{API}/customer_invoices/{id_}", json={"label": "Renamed"}).raise_for_status()
        customer = caller.get(f"{API}/customers").json()["items"][0]["id"]
        caller.put(f"{API}/company_customers/{customer}", json={"name": "ACME Group"}).raise_for_status()
    office.define("INV-1", more="discount:\n  type: relative\n  value: '10'\n", lines=line(quantity="3"))
    office.define("INV-2", finalize=True, lines=line() + line("Travel", "1", "45.50"))
    office.define("INV-3", more=sections.format("After"), lines=in_section)
    office.define("INV-5", finalize=True, lines=line(quantity="4"))
    office.define("INV-7", finalize=True)


@pytest.mark.parametrize(("name", "case"), [("first", first), ("later", later)])
def test_case(
    office: Office, name: str, case: Callable[[Office], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    case(office)
    monkeypatch.chdir(office.root)
    office.at = Path()
    plan = office.plan().document()
    shown = {
        "plan.html": plan_html.render(plan),
        "plan.txt": plan_text.render(plan),
        "plan.md": plan_markdown.render(plan),
        "plan.json": json_text(plan),
        "apply.txt": apply_text.render(office.apply().document()),
    }
    verification = office.verify().document()
    shown |= {
        "verify.txt": render_verification(verification),
        "verify.html": render_verification_page(verification),
        "verify.json": json_text(verification),
    }
    for file, text in steadied(shown).items():
        path = CASES / name / file
        if os.environ.get("UPDATE_CASES"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), file


def steadied(shown: dict[str, str]) -> dict[str, str]:
    """Ids count what the sandbox keeps, which is not tested here: they are numbered as they appear."""
    numbers: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return numbers.setdefault(found[0], f"1{len(numbers):013}")

    steady = {file: _STYLE.sub("", re.sub(r"\b1\d{13}\b", number, text)) for file, text in shown.items()}
    return {file: _VERSION.sub(r"\1VERSION", text) for file, text in steady.items()}


# A release is no change of what is printed.
_VERSION = re.compile(rf'(pennyform(?:": ")? ?){re.escape(__version__)}')
# Every page has the same; it is looked at in a browser.
_STYLE = re.compile(r"<style>[^<]*</style>\n|<meta http-equiv=.*\n")


def test_colour_is_only_paint(office: Office) -> None:
    later(office)
    plan = office.plan().document()
    painted = plan_text.render(plan, Layout(ansi=Ansi(enabled=True)))
    assert "\x1b[" in painted
    assert plan_text.render(plan) == "".join(
        part.partition("m")[2] if number else part for number, part in enumerate(painted.split("\x1b["))
    )


def test_markdown_stays_below_what_a_comment_holds(office: Office) -> None:
    office.define("INV-1", lines=line("Very " * 60))
    plan = office.plan().document()
    difference = FieldDifference("/label", before="x" * 5000, after="|" * 5000)
    change = replace(plan.changes[1], warnings=("x" * 500,), differences=(difference,) * 30)
    changes = tuple(replace(change, external_reference=f"INV-{number}") for number in range(5000))
    text = plan_markdown.render(replace(plan, changes=changes, warnings=("<" * 500,) * 5000))
    assert 50_000 < len(text) < 60_000
    assert "INV-0`" in text
    assert re.fullmatch(r"… and 49\d\d changes more; run `pennyform plan` to see all.", text.splitlines()[-1])
    assert "and 4980 warnings more" in text


def test_markdown_of_thousands_of_plain_changes_lists_hundreds(office: Office) -> None:
    office.define("INV-1")
    plan = office.plan().document()
    changes = tuple(replace(plan.changes[1], external_reference=f"INV-{one}") for one in range(5000))
    text = plan_markdown.render(replace(plan, changes=changes))
    assert len(text) < 60_000
    assert text.count("| create |") > 500


def test_markdown_hides_nothing_behind_a_long_text(office: Office) -> None:
    """The author of a pull request chooses how long a label is."""
    office.define("INV-1", lines=line("Very " * 100))
    plan = office.plan().document()
    customer, invoice = plan.changes
    assert isinstance(invoice, PlannedInvoice)
    assert invoice.totals
    assert invoice.customer
    amount = invoice.totals.lines[0].currency_amount_before_tax
    text = plan_markdown.render(plan)
    assert f" makes {amount}, VAT code `{invoice.totals.lines[0].vat_rate}`<br>" in text
    common, old, new = "As agreed. " * 40, "Pay to A. " * 40, "Pay to B. " * 40
    pairs = ((old, new), (common + old, common + new), ("", new), (old, ""), (common, common + new))
    for before, after in pairs:
        difference = FieldDifference("/pdf_invoice_free_text", before=before, after=after)
        change = replace(invoice, before={}, action="update", differences=(difference,))
        text = plan_markdown.render(replace(plan, changes=(customer, change)))
        old_text, _, new_text = text[text.index("pdf_invoice_free_text`:") :].partition(" → ")
        assert ("Pay to A" in old_text, "Pay to B" in new_text) == (old in before, new in after)
    card = replace(invoice.customer, name="A " * 300, emails=("a@example.com",), is_declared=False)
    text = plan_markdown.render(replace(plan, changes=(replace(invoice, customer=card),)))
    assert "mail to `a@example.com`" in text or "mail to a@example.com" in text


def test_markdown_names_all_changes_before_it_says_what_the_first_ones_are(office: Office) -> None:
    office.define("INV-1")
    plan = office.plan().document()
    changes = tuple(replace(plan.changes[1], external_reference=f"INV-{one}") for one in range(500))
    text = plan_markdown.render(replace(plan, changes=changes), "**1 warning**\n")
    assert 55_000 < len(text) < 60_000
    assert "\n\n**1 warning**\n\n| | reference |" in text
    assert text.count("| create |") == 500
    complete = text.count("2 hour x 100.00 makes 200.00, VAT code `FR_200`<br>before tax 200.00, VAT 40.00")
    assert 100 < complete < 400
    assert f"What {500 - complete} changes would make is left out; see `pennyform plan`." in text


def test_text_from_outside_cannot_steer_the_terminal(office: Office) -> None:
    office.define("INV-1")
    office.apply()
    with raw(office.sandbox) as caller:
        id_ = only(office.books()["INV-1"])["id"]
        evil = "\x1b[2J\r<b>|`x`"
        caller.put(f"{API}/customer_invoices/{id_}", json={"pdf_invoice_subject": evil}).raise_for_status()
    office.define("INV-1", more="pdf_invoice_subject: Good\n")
    plan = office.plan().document()
    assert "\x1b" not in plan_text.render(plan)
    assert "\r" not in plan_text.render(plan)
    markdown = plan_markdown.render(plan)
    # Code, from which nothing gets out.
    assert "`pdf_invoice_subject`: `\N{REPLACEMENT CHARACTER}[2J <b>\\|x` → Good<br>for" in markdown
    assert "\x1b" not in markdown
