"""One repository in which an apply takes every kind of step, and what the books must say after it."""

from __future__ import annotations

import shutil
from pathlib import Path

from pennyform.sandbox import Rules, Sandbox

from tests.engine.world import PRODUCT, Office, books_of, line, read_all

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
SECTIONS = "invoice_line_sections:\n  - rank: 1\n    title: {}\n"
OPTIONS = (
    '  categories:\n    - label: North\n      weight: "1"\n'
    "  appendices: [../hours.pdf]\n  mark_as_paid: true\n"
    "  send_by_email:\n    recipients: [billing@acme.example]\n"
)
IMPORTED = """\
external_reference: OLD-1
file: OLD-1.pdf
customer: ACME
invoice_number: 2019-001
date: 2019-10-01
deadline: 2019-10-31
currency_amount_before_tax: "200.00"
currency_tax: "40.00"
currency_amount: "240.00"
invoice_lines:
  - label: Consulting
    quantity: 2
    raw_currency_unit_price: "100.00"
    unit: hour
    vat_rate: FR_200
    currency_amount: "240.00"
    currency_tax: "40.00"
"""
# What there is for each reference in the end: whether it is a draft, and its amount.
BOOKS = {
    "CREDIT-4": (False, "-240.0"),
    "INV-1": (False, "240.0"),
    "INV-2": (True, "2340.0"),
    "INV-3": (True, "240.0"),
    "INV-4": (False, "240.0"),
    "INV-5": (True, "360.0"),
    "OLD-1": (False, "240.0"),
}


def build(root: Path) -> Office:
    """A repository of which nothing is done yet but two drafts, which the definitions want otherwise.

    To do: a product, an update, a replacement, an import, an invoice with every option, one with a credit
    note, and a draft.
    """
    office = Office(root, rules=Rules(pdf_seconds=0.0))
    office.define("INV-3", more=SECTIONS.format("Before"), lines=line(more="    section_rank: 1\n"))
    office.define("INV-5")
    office.apply()
    office.define("INV-3", more=SECTIONS.format("After"), lines=line(more="    section_rank: 1\n"))
    office.define("INV-5", lines=line(quantity="3"))
    office.write("products/day.yaml", PRODUCT)
    office.define("INV-1", finalize=True, options=OPTIONS)
    (root / "hours.pdf").write_bytes(PDF)
    office.define("INV-2", lines="  - product: DAY\n    quantity: 3\n")
    office.define("INV-4", finalize=True)
    office.define("CREDIT-4", finalize=True, lines=line(quantity="-2"), more="credit_note_of: INV-4\n")
    office.write("invoices/OLD-1.yaml", IMPORTED)
    (root / "invoices" / "OLD-1.pdf").write_bytes(PDF + b"OLD-1")
    shutil.rmtree(root / ".pennyform" / "journal")
    return office


def complaints(sandbox: Sandbox) -> list[str]:
    """What is wrong with the books, as the server has them; the client is not asked."""
    books = books_of(sandbox)
    # A draft that was replaced gave up its reference: INV-3~id.
    found = {name: rows for name, rows in books.items() if "~" not in name}
    wrong = [f"{name} is there {len(rows)} times" for name, rows in books.items() if len(rows) != 1]
    there = {name: (rows[0]["draft"], rows[0]["currency_amount"]) for name, rows in found.items()}
    if there != BOOKS:
        wrong.append(f"the books say {there}")
    for kind, expected in (("customers", 1), ("products", 1)):
        number = len(list(read_all(sandbox, f"/{kind}")))
        if number != expected:
            wrong.append(f"{number} {kind}")
    return wrong or _options_complaints(sandbox, {name: rows[0] for name, rows in found.items()})


def _options_complaints(sandbox: Sandbox, rows: dict[str, dict[str, object]]) -> list[str]:
    wrong = []
    of = f"/customer_invoices/{rows['INV-1']['id']}"
    for option in ("categories", "appendices"):
        number = len(list(read_all(sandbox, f"{of}/{option}")))
        if number != 1:
            wrong.append(f"{number} {option}")
    if not rows["INV-1"]["paid"]:
        wrong.append("INV-1 is not paid")
    if rows["CREDIT-4"]["credited_invoice"] is None:
        wrong.append("CREDIT-4 is not linked")
    return wrong


def leftovers(sandbox: Sandbox) -> int:
    """Replaced drafts that nobody deleted: harmless, and named to the user."""
    return sum("~" in name for name in books_of(sandbox))
