"""``pennyform preview``: pages, PDFs and XML of invoices, into files or on the terminal."""

from __future__ import annotations

import html
import io
from pathlib import Path

import pytest
from pennyform import extras
from pennyform.cli import main
from pennyform.documents.tables import LANGUAGES
from pennyform.documents.views import page
from pennyform.extras import missing_packages
from pennyform.invoices.sources import factur_x
from pennyform.typesetting import labels
from pikepdf import Pdf

from .invoices import FILES, GERMAN, results, write

pytestmark = pytest.mark.skipif(bool(missing_packages("einvoice")), reason="needs pennyform[einvoice]")

SECOND = """\
external_reference: INV-2
customer: GERMAN
date: 2026-03-01
deadline: 2026-03-31
invoice_line_sections: [{rank: 1, title: "<b>Vorbereitung</b>"}]
invoice_lines:
  - label: 'Beratung "#eval(1)"'
    quantity: 1234.5
    unit: hour
    raw_currency_unit_price: "12345.678901"
    vat_rate: crossborder
    section_rank: 1
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two invoices, and the folder one is in."""
    write(tmp_path, {**FILES, "customers/german.yaml": GERMAN, "invoices/second.yaml": SECOND})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_page_is_in_the_language_of_the_customer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "INV-2"]) == 0
    text = capsys.readouterr().out
    assert '<html lang="de">' in text
    for part in (
        "Rechnung",
        "1. März 2026",
        "Frankreich",
        "15.240.740,60\N{NO-BREAK SPACE}€",
        "12.345,678901",
    ):
        assert part.replace("\N{NO-BREAK SPACE}", " ") in text.replace("\N{NO-BREAK SPACE}", " "), part
    assert "Steuerschuldnerschaft des Leistungsempfängers" in text
    assert "&lt;b&gt;Vorbereitung&lt;/b&gt;" in text
    assert "<script" not in text
    assert "kein Verstoß gegen EN 16931 gefunden" in text


def test_yen_have_no_decimals(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = SECOND.replace("customer: GERMAN", "customer: GERMAN\ncurrency: JPY").replace(
        "12345.678901", "12345"
    )
    write(folder, {"invoices/second.yaml": text})
    assert main(["preview", "INV-2"]) == 0
    page_text = capsys.readouterr().out.replace("\N{NO-BREAK SPACE}", " ")
    assert ">12.345 ¥<" in page_text or ">12.345 JPY<" in page_text


def test_a_french_page_has_the_mentions_of_the_law(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "invoices/first.yaml", "--html"]) == 0
    text = capsys.readouterr().out
    for part in (
        "Facture",
        "1 mars 2026",
        "SIREN 732829320",
        "FR96552100554",
        "Indemnité : 40 €",
        "Pénalités",
    ):
        assert part in text, part
    assert "SAS au capital de 10 000,00 €, RCS Lyon 732 829 320" in text
    assert main(["preview", "INV-1", "--language", "it"]) == 0
    assert "1 marzo 2026" in capsys.readouterr().out


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_it_claims_is_in_its_language(
    language: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a credit note for goods that go to another country; its invoice is not declared."""
    text = SECOND.replace("1234.5", "-1234.5").replace("customer: GERMAN", "customer: GERMAN\ncurrency: USD")
    write(folder, {"invoices/second.yaml": f"{text}    substance: goods\ncredit_note_of: INV-0\n"})
    assert main(["preview", "INV-2", "--language", language]) in (0, 4)
    said = html.unescape(capsys.readouterr().out)
    words = labels(language)
    names = ("claims", "claim_number", "claim_layout", "claim_credited_number", "claim_credited_date")
    assert [name for name in (*names, "claim_delivery") if words[name] not in said] == []
    assert "pennyform without" not in said.partition("<main>")[2] or language == "en"


def test_a_pdf_carries_its_xml_and_is_the_same_each_time(folder: Path) -> None:
    assert main(["preview", "INV-1", "INV-2", "--pdf", "--out", "one"]) == 0
    assert main(["preview", "--pdf", "--out", "two"]) == 0
    for name in ("INV-1.pdf", "INV-2.pdf"):
        content = (folder / "one" / name).read_bytes()
        assert content == (folder / "two" / name).read_bytes()
        read = factur_x.read(content)
        assert read.number == name.removesuffix(".pdf")
    with Pdf.open(io.BytesIO(content)) as opened:
        metadata = opened.Root.Metadata.read_bytes().decode()
        assert opened.Root.AF[0].AFRelationship == "/Alternative"
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    assert "<fx:DocumentFileName>factur-x.xml</fx:DocumentFileName>" in metadata


def test_a_page_is_the_same_each_time(folder: Path) -> None:
    document = results(folder)["INV-2"].document
    assert document
    assert page.render(document, ()) == page.render(document, ())


@pytest.mark.parametrize("syntax", ["ubl", "cii"])
def test_xml_is_written_on_the_terminal(
    syntax: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preview", "INV-1", "--xml", syntax]) == 0
    assert factur_x.read(capsys.readouterr().out.encode()).number == "INV-1"


def test_what_is_invalid_is_shown_with_its_findings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = (
        FILES["customers/buyer.yaml"]
        .replace("FR96552100554", "FR96552100554")
        .replace('reg_no: "552100554"\n', "")
    )
    write(folder, {"customers/buyer.yaml": card.replace("vat_number: FR96552100554\n", "")})
    assert main(["preview", "INV-1"]) == 4
    said = capsys.readouterr()
    assert "BR-FR-11/BT-47" in said.err
    assert "2 infractions à EN 16931, BR-FR, EXTENDED-CTC-FR constatées" in said.out


@pytest.mark.parametrize(
    ("words", "rule", "said"),
    [
        (["INV-3"], "preview-target", "there is no invoice, file or folder `INV-3`"),
        (["INV-1", "--pdf"], "preview-output", "a PDF cannot be written on the terminal"),
        ([], "preview-output", "2 documents cannot be written on the terminal"),
        (["--out", "one.html"], "preview-output", "2 documents cannot be written into one file"),
        (["INV-1", "--out", "one.pdf"], "preview-output", "`one.pdf` is not the name of what is written"),
        (["INV-1", "--pdf", "--out", "ONE.XML"], "preview-output", "`ONE.XML` is not the name of what"),
    ],
)
def test_what_cannot_be_shown_is_a_finding(
    words: list[str], rule: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preview", *words]) == 1
    assert f"error {rule}: {said}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "files"),
    [
        ("INV-1 --out 2026.01", ["2026.01/INV-1.html"]),
        ("--out 2026.01", ["2026.01/INV-1.html", "2026.01/INV-2.html"]),
        ("INV-1 --out 2026.01/one.html", ["2026.01/one.html"]),
        ("INV-1 --out one.html/", ["one.html/INV-1.html"]),
        ("INV-1 --out there.html", ["there.html/INV-1.html"]),
        ("INV-1 --pdf --out ONE.PDF", ["ONE.PDF"]),
        ("INV-1 --xml cii --out one.xml", ["one.xml"]),
        ("INV-1 --out one", ["one/INV-1.html"]),
    ],
)
def test_a_folder_is_told_from_a_file(words: str, files: list[str], folder: Path) -> None:
    """By what is there, a separator at the end, or what names of documents end with."""
    (folder / "there.html").mkdir()
    before = {path for path in folder.rglob("*") if path.is_file()}
    assert main(["preview", *words.split()]) == 0
    written = {path for path in folder.rglob("*") if path.is_file()} - before
    assert sorted(path.relative_to(folder).as_posix() for path in written) == files


def test_no_file_is_written_through_a_link(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "link.html").symlink_to(folder / "elsewhere.html")
    assert main(["preview", "INV-1", "--out", "link.html"]) == 1
    assert "not-writable" in capsys.readouterr().err
    assert not (folder / "elsewhere.html").exists()


def test_a_file_that_is_no_such_document_is_kept(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "pennyform.yaml").read_bytes()
    assert main(["preview", "INV-1", "--out", "pennyform.yaml"]) == 1
    assert "error not-writable: a file that is no such document is there" in capsys.readouterr().err
    assert (folder / "pennyform.yaml").read_bytes() == before
    for _ in range(2):
        assert main(["preview", "INV-1", "--xml", "ubl", "--out", "again.xml"]) == 0


def test_without_the_extra_one_line_says_what_to_install(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "missing_packages", lambda *_: ["saxonche"])
    assert main(["preview", "INV-1"]) == 1
    assert "pip install 'pennyform[einvoice]'" in capsys.readouterr().err


@pytest.mark.parametrize("label", ["Ελληνικά Кириллица Łódź", "𒀀 no font of most machines has it"])
def test_characters_that_no_font_has_are_a_finding(
    label: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, {"invoices/first.yaml": FILES["invoices/first.yaml"].replace("Consulting", label)})
    code = main(["preview", "INV-1", "--pdf", "--out", "one.pdf"])
    said = capsys.readouterr().err
    assert code == 0 or "error preview-output: the PDF cannot show INV-1: the text" in said
    assert code == 0 or label.startswith("𒀀")
