"""PDFs of invoices, compared with pictures of their pages that somebody has looked at.

``UPDATE_CASES=1 pytest tests/documents`` writes the pictures anew: look at them before they are
committed. The fonts come with typst, so that every machine paints the same. Another version of it may paint
the edges of letters otherwise: squares of pixels are compared by how dark they are.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from pennyform import typesetting
from pennyform.documents.views import pdf
from pennyform.extras import missing_packages
from PIL import Image

from tests.pictures import difference

from .invoices import FILES, GERMAN, results, write

pytestmark = pytest.mark.skipif(bool(missing_packages("einvoice")), reason="needs pennyform[einvoice]")

PICTURES = Path(__file__).parent / "pictures"
PPI = 60
SQUARE = 6
# How much darker or lighter a square may be, of 255. The faintest letter is twice as much.
DIFFERENCE = 8
HEAD = "date: 2026-03-01\ndeadline: 2026-03-31\n"
LINE = '  - {{label: "{}", quantity: {}, unit: hour, raw_currency_unit_price: "{}", vat_rate: {}{}}}\n'
ROWS = "".join(LINE.format(f"Day {day} of the journey", day, "87.50", "FR_100", "") for day in range(1, 51))
MORE = {
    "customers/german.yaml": GERMAN,
    "invoices/german.yaml": f"""\
external_reference: GERMAN
customer: GERMAN
{HEAD}discount: {{type: relative, value: "2.5"}}
invoice_line_sections: [{{rank: 1, title: Vorbereitung}}, {{rank: 2, title: Durchführung}}]
invoice_lines:
"""
    + LINE.format("Beratung", "1234.5", "12345.678901", "crossborder", ", section_rank: 1")
    + LINE.format("Schulung " * 20, "1", "0.5", "crossborder", ", section_rank: 2"),
    "invoices/long.yaml": f"external_reference: LONG\ncustomer: BUYER\n{HEAD}invoice_lines:\n{ROWS}",
}
PAGES = {"INV-1": 1, "GERMAN": 1, "LONG": 2}


def _painted(folder: Path, reference: str) -> list[Image.Image]:
    document = results(write(folder, {**FILES, **MORE}))[reference].document
    assert document
    pages = pdf.png(document, ["no violation of EN 16931 found"], PPI)
    return [Image.open(io.BytesIO(page)).convert("L") for page in pages]


@pytest.mark.parametrize("reference", PAGES)
def test_pages_are_as_they_were_looked_at(reference: str, tmp_path: Path) -> None:
    pages = _painted(tmp_path, reference)
    assert len(pages) == PAGES[reference]
    for number, painted in enumerate(pages, 1):
        file = PICTURES / f"{reference.lower()}-{number}.png"
        if os.environ.get("UPDATE_CASES"):
            PICTURES.mkdir(exist_ok=True)
            painted.save(file, optimize=True)
        with Image.open(file) as expected:
            assert difference(painted, expected, SQUARE) <= DIFFERENCE, file.name


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x: 18mm", "x: 19mm"),
        ("size: 12pt", "size: 11pt"),
        ("stroke: (bottom: 1pt)", "stroke: none"),
        ('rgb("#5a5f67")', 'rgb("#d0d0d0")'),
        ("number(row.vat)", "[]"),
        ("align: (left, right, right, right, right)", "align: left"),
        ('#counter(page).display("1 / 1", both: true)', ""),
    ],
)
def test_another_look_is_noticed(old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = typesetting._template().decode()
    assert old in template
    monkeypatch.setattr(typesetting, "_template", template.replace(old, new).encode)
    with Image.open(PICTURES / "inv-1-1.png") as expected:
        assert difference(_painted(tmp_path, "INV-1")[0], expected, SQUARE) > DIFFERENCE
