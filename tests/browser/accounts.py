"""Companies whose invoices try the layout: large amounts, long texts, currencies, credit notes, years."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pennyform.documents.views import page as preview
from pennyform.engine.runtime import Origin

from tests.documents.invoices import FILES, GERMAN, results, write
from tests.engine.test_companies import Firm
from tests.engine.world import CUSTOMER, invoice, line

LONG_LABEL = (
    "Maintenance of the machines of the second hall, with travel, spare parts and a report of the state"
)
LONG_REFERENCE = "INV-2025-000000123456-PROJECT-ALPHA-0042"
LARGE = "98765432.10"
PERSON = Origin("Jane Example <jane@example.com>", "host", f"{'0123456789abcdef' * 2}01234567-dirty")
NAMES = ("ACME SAS", "Société d'exploitation des établissements Dupont et fils", "Bakery")

GERMAN_INVOICE = """\
external_reference: INV-2
customer: GERMAN
date: 2026-03-01
deadline: 2026-03-31
invoice_line_sections: [{rank: 1, title: Vorbereitung}]
invoice_lines:
  - label: Beratung
    quantity: 1234.5
    unit: hour
    raw_currency_unit_price: "12345.67"
    vat_rate: crossborder
    section_rank: 1
  - {label: Schulung, quantity: 1, unit: day, raw_currency_unit_price: "650.00", vat_rate: crossborder}
"""


def _definitions() -> Iterator[tuple[str, str]]:
    """Files of one company: their names and texts."""
    for number, name in enumerate(NAMES):
        text = CUSTOMER.replace("ACME SAS", f'"{name}"').replace("reference: ACME", f"reference: C{number}")
        yield f"customers/c{number}.yaml", text
    for number in range(13):
        year, month = divmod(2024 * 12 + 8 + number, 12)
        text = invoice(f"INV-{number:03}", finalize=number != 12, date=f"{year}-{month + 1:02}-01")
        text = text.replace("customer: ACME", f"customer: C{number % 3}")
        yield f"invoices/month-{number}.yaml", text.replace("2025-10-31", f"{year}-{month + 1:02}-28")
    lines = line(LONG_LABEL, "2", LARGE) + line("Book", "1000", "24.50", "FR_55")
    lines += line("Lunch", "3.5", "19.90", "FR_100") + line("W" * 60, "1", "0.01", "FR_200")
    subject = f"pdf_invoice_subject: {LONG_LABEL}\n"
    yield "invoices/large.yaml", invoice(LONG_REFERENCE, finalize=True, lines=lines, more=subject)
    lines = line(LONG_LABEL, "12", LARGE, "extracom")
    yield "invoices/dollars.yaml", invoice("USD-1", more="currency: USD\nlanguage: en_GB\n", lines=lines)
    credit = f"external_reference: CREDIT-1\ncredit_note_of: {LONG_REFERENCE}\ncredit: all\ncustomer: ACME\n"
    credit += "date: 2025-10-01\ndeadline: 2025-10-01\noptions: {finalize: true}\n"
    yield "invoices/credit.yaml", credit


def write_pages(root: Path) -> dict[str, str]:
    """All pages of such companies: before anything is issued, and after much has changed."""
    firm = Firm(root)
    firm.runtime = replace(firm.runtime, origin=lambda _: PERSON)
    pages: dict[str, str] = {}

    def ask(name: str, *words: str) -> None:
        assert firm(*words, "--format", "html") in (0, 3, 4), firm.err
        pages[name] = firm.out

    for name, text in _definitions():
        firm.write(f"companies/alder/{name}", text)
    ask("plan-new", "plan", "--company", "alder")
    assert firm("apply", "--company", "alder", "--auto-approve") in (0, 3), firm.err
    assert firm("apply", "--company", "birch", "--auto-approve") == 0, firm.err
    _change(firm)
    for name in ("plan", "verify", "status"):
        ask(name, name, "--company", "alder")
        ask(f"{name}-companies", name, "--all")
    firm.sandbox.close()
    return pages


def _change(firm: Firm) -> None:
    """A final invoice, a draft and a customer are to be otherwise; another one is gone, and one is new."""
    for name, old, new in (
        ("invoices/large.yaml", 'price: "19.90"', 'price: "1234567.89"'),
        ("invoices/month-12.yaml", "quantity: 2", "quantity: 20000"),
        ("customers/c2.yaml", "rue de la Paix", f"rue de la Paix, {LONG_LABEL}"),
    ):
        file = firm.root / "companies" / "alder" / name
        text = file.read_text(encoding="utf-8")
        assert old in text, (name, text)
        file.write_text(text.replace(old, new), encoding="utf-8")
    (firm.root / "companies" / "alder" / "invoices" / "dollars.yaml").unlink()
    firm.write("companies/alder/invoices/more.yaml", invoice("INV-NEW", lines=line(price=LARGE)))
    firm.write("companies/cedar/invoices/one.yaml", "external_reference: [\n")


def preview_page(root: Path) -> str:
    """The page of an invoice with sections, in German."""
    files = {**FILES, "customers/german.yaml": GERMAN, "invoices/second.yaml": GERMAN_INVOICE}
    document = results(write(root, files))["INV-2"].document
    assert document
    return preview.render(document, ["claim"])
