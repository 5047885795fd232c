from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pypdf
import pytest
from pennyform import typesetting
from pennyform.documents.rule_sets import check
from pennyform.extras import missing_packages
from pennyform.invoices.sources.factur_x import invoice_xml, read
from pennyform.sandbox import Rules, Sandbox

from .bodies import individual, line
from .conftest import Caller, Clock, Draft, Issued


def text(content: bytes) -> str:
    """What another program reads in a PDF."""
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content), strict=True).pages)


@pytest.fixture
def printed(api: Caller, issued: Issued, clock: Clock) -> Any:
    def printed(*lines: dict[str, Any], **changes: Any) -> str:
        invoice = issued(*lines, **changes)
        clock.advance(minutes=2)
        shown = api.get(f"/customer_invoices/{invoice['id']}").json()
        assert shown["filename"] == f"{invoice['invoice_number']}.pdf"
        answer = api.fetch(shown["public_file_url"])
        assert answer.headers["content-type"] == "application/pdf"
        return text(answer.content)

    return printed


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the packages of the layout are not installed."""
    monkeypatch.setattr(typesetting, "is_installed", lambda: False)


TENTH = {"type": "relative", "value": "10"}
HALF = {"type": "relative", "value": "50"}
needs_layout = pytest.mark.skipif(bool(missing_packages("einvoice")), reason="needs pennyform[einvoice]")


@needs_layout
def test_it_has_the_layout_of_previews(printed: Any) -> None:
    found = " ".join(
        printed(
            line(label="Conseil à l'œuvre", description="Two days", raw_currency_unit_price="100.125"),
            line(quantity=1.5, vat_rate="FR_55", section_rank=1, discount=TENTH),
            invoice_line_sections=[{"rank": 1, "title": "Extras", "description": "Of May"}],
            discount={"type": "absolute", "value": "35.25"},
            pdf_invoice_subject="Phase 1",
            special_mention="Thank you",
            language="en_GB",
        ).split()
    )
    for expected in (
        "Invoice",
        "Number F-2025-0001",
        "Date of issue 1 October 2025",
        "Due date 31 October 2025",
        "SELLER Sandbox SAS",
        "CUSTOMER ACME",
        "75006 Paris France",
        "Phase 1",
        "Conseil à l'œuvre Two days 2 hour €100.125 20% €200.25",
        "Extras Of May €135.00",
        "Discount: 10% 1.5 hour €100.00 5.5% €135.00",
        "Discount on the invoice €35.25",
        "Thank you",
    ):
        assert expected in found, found


AMOUNTS: dict[str, dict[str, Any]] = {
    "as assumed": {},
    "unsigned discounts": {"discount_signed": False},
    "VAT of the document": {"rounding": "document"},
    "discount in the lines": {"invoice_discount": "shown"},
    "discount per code": {"invoice_discount": "codes"},
}


@needs_layout
@pytest.mark.parametrize("rules", AMOUNTS)
@pytest.mark.parametrize("quantity", [2, -2], ids=["invoice", "credit note"])
@pytest.mark.parametrize("discount", ["0", "-7.31", "7.31", "10%"])
def test_its_xml_says_what_the_answers_say(
    sandbox: Sandbox, api: Caller, issued: Issued, rules: str, quantity: int, discount: str
) -> None:
    """By each rule that amounts follow from, whatever the sign of a discount."""
    sandbox.rules = Rules(pdf_seconds=0, **AMOUNTS[rules])
    value, percent, _ = discount.partition("%")
    kind, amount = "relative" if percent else "absolute", Decimal(value)
    taken: dict[str, Any] = {"discount": {"type": kind, "value": value}}
    line_of_each = [line(quantity=quantity, vat_rate=rate, **taken) for rate in ("FR_200", "FR_55")]
    # A line that goes the other way has the sign of what it is.
    back = line(quantity=-quantity, raw_currency_unit_price="12.5", discount=HALF)
    shown = issued(*line_of_each, back, **taken)
    xml, syntax = invoice_xml(api.fetch(shown["public_file_url"]).content)
    assert [violation.text for violation in check(xml, syntax, ("EN 16931",)) if violation.is_error] == []
    document = read(xml)
    amounts = (document.before_tax, document.tax, document.amount)
    names = ("currency_amount_before_tax", "currency_tax", "currency_amount")
    assert amounts == tuple(Decimal(shown[name]) for name in names)
    # A discount on the invoice is an allowance of its own, not what is left over of the lines.
    gross = sum(one.before_tax for one in document.lines)
    off = -sum(charge.amount for charge in document.charges)
    assert gross - off == document.before_tax
    own_sign = amount if sandbox.rules.discount_signed else abs(amount).copy_sign(quantity)
    assert off == (round(gross / 10, 2) if percent else own_sign)


@needs_layout
def test_a_credit_note_and_letters_without_a_font(
    api: Caller, printed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = " ".join(printed(line(quantity=-1), language="fr_FR").split())
    assert "Avoir" in found
    assert "Montant de l'avoir 120,00 €" in found
    # What no font of the layout has is shown as well as the fonts of readers can.
    monkeypatch.setattr(typesetting, "_template", lambda: b'#panic("no font")')
    assert "Facture F-2025-0002" in printed(line(label="\U0001fae8"), language="fr_FR")


@needs_layout
def test_the_page_of_a_credit_note_adds_up(printed: Any) -> None:
    lines = [
        line(quantity=-1, vat_rate="exempt", discount={"type": "absolute", "value": "-1.00"}),
        line(quantity=-2, vat_rate="exempt", discount=TENTH),
        line(quantity=0, vat_rate="exempt"),
    ]
    whole = {"type": "absolute", "value": "-3.00"}
    found = " ".join(printed(*lines, discount=whole, currency="USD", language="en_GB").split())
    for expected in (
        "Discount: US$1.00 1 hour US$100.00 0% US$99.00",
        "Discount: 10% 2 hour US$100.00 0% US$180.00",
        "Consulting 0 hour US$100.00 0% US$0.00",
        "Discount on the invoice US$3.00",
        "Total excl. VAT US$276.00",
        "VAT US$0.00",
        "Amount credited US$276.00",
    ):
        assert expected in found, found
    assert "-" not in found.partition("Discount on the invoice")[2].partition("Amount credited")[0]
    found = " ".join(printed(*lines, discount=TENTH, language="fr_FR").split())
    assert "Remise : 1,00 € 1 hour 100,00 €" in found, found
    assert "Remise sur facture 10 % Total HT 251,10 €" in found, found


@pytest.mark.usefixtures("plain")
def test_it_says_what_the_invoice_says(printed: Any) -> None:
    found = printed(
        line(label="Conseil à l'œuvre", description="Two days"),
        line(quantity=1.5, vat_rate="FR_55", section_rank=1),
        invoice_line_sections=[{"rank": 1, "title": "Extras"}],
        discount={"type": "relative", "value": "10"},
        pdf_invoice_subject="Phase 1",
        special_mention="Thank you",
        language="en_GB",
    )
    for expected in (
        "Invoice F-2025-0001",
        "Sandbox SAS",
        "ACME",
        "75006 Paris FR",
        "Date: 2025-10-01   Due: 2025-10-31",
        "Conseil à l'œuvre",
        "Two days",
        "Extras",
        "1.5 hour",
        "5.5 %",
        "10.0 %",
        "315.00 EUR",
        "Phase 1",
        "Thank you",
    ):
        assert expected in found, found


@pytest.mark.usefixtures("plain")
def test_it_speaks_the_invoice_s_language(printed: Any) -> None:
    assert "Échéance" in printed(language="fr_FR")
    assert "Rechnung F-2025-0002" in printed(language="de_DE")
    assert "Avoir F-2025-0003" in printed(line(quantity=-1), language="fr_FR")


@pytest.mark.usefixtures("plain")
def test_it_carries_the_address_of_the_day_it_was_issued(
    api: Caller, draft: Draft, customer: int, clock: Clock
) -> None:
    invoice = api.made("/customer_invoices", draft())["id"]

    def move(street: str) -> None:
        assert api.put(f"/company_customers/{customer}", json={"billing_address": {"address": street}})

    move("2 rue Neuve")
    api.put(f"/customer_invoices/{invoice}/finalize")
    move("3 rue Dernière")
    clock.advance(minutes=2)
    link = api.get(f"/customer_invoices/{invoice}").json()["public_file_url"]
    found = text(api.fetch(link).content)
    assert "2 rue Neuve" in found
    assert "3 rue Dernière" not in found


@pytest.mark.usefixtures("plain")
def test_it_has_as_many_pages_as_it_needs(api: Caller, issued: Issued, clock: Clock) -> None:
    invoice = issued(*(line(label=f"Position {place} " + "x" * 90) for place in range(60)))
    clock.advance(minutes=2)
    link = api.get(f"/customer_invoices/{invoice['id']}").json()["public_file_url"]
    content = api.fetch(link).content
    assert content == api.fetch(link).content
    assert len(pypdf.PdfReader(io.BytesIO(content)).pages) > 1
    assert "Position 59" in text(content)


@pytest.mark.usefixtures("plain")
def test_letters_that_its_fonts_lack_do_not_stop_it(api: Caller, printed: Any) -> None:
    buyer = api.made("/individual_customers", individual(last_name="Łukasiewicz"))["id"]
    assert "Ada ?ukasiewicz" in printed(line(label="数学 (\\)"), customer_id=buyer)
