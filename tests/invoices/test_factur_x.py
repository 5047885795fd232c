"""The reader of electronic invoices, where no folder of files shows it: every type, hostile files, bounds."""

from __future__ import annotations

import io
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from pennyform.invoices.sources.e_invoice_errors import AmbiguousError, UnreadableError
from pennyform.invoices.sources.e_invoice_syntax import CREDIT_NOTE_TYPES, INVOICE_TYPES
from pennyform.invoices.sources.factur_x import read
from pypdf import PdfWriter

from tests.sandbox.test_e_invoices import UBL, cii, factur_x

from .definitions import YAML_TEXT, write

NOTHING_BUT_STREAMS = b"%PDF-1.7\n" + b"stream\n" * 40_000
NOTHING_BUT_OBJECTS = b"%PDF-1.7\n" + b"1 0 obj\n<<" * 28_000
NOTHING_BUT_TRAILERS = b"%PDF-1.7\n" + b"trailer<</Root 1 0 R/Prev 9>>startxref 9\n" * 7_000
LAUGHS = b"<!DOCTYPE a [" + b"".join(
    b'<!ENTITY a%d "%s">' % (level, b"&a%d;" % (level - 1) * 10 if level else b"ha") for level in range(10)
)


@pytest.mark.parametrize("code", sorted(CREDIT_NOTE_TYPES))
def test_every_credit_note_takes_back(code: str) -> None:
    e_invoice = read(cii(type=code))
    assert (e_invoice.amount, e_invoice.tax, e_invoice.lines[0].quantity) == (-120, -20, -4)
    assert e_invoice.lines[0].price == 25


@pytest.mark.parametrize("code", sorted(INVOICE_TYPES))
def test_every_invoice_charges(code: str) -> None:
    assert read(cii(type=code)).amount == 120


def test_no_type_is_of_both_kinds() -> None:
    assert len(CREDIT_NOTE_TYPES) == 13
    assert len(INVOICE_TYPES) == 49
    assert not CREDIT_NOTE_TYPES & INVOICE_TYPES


@pytest.mark.parametrize("code", ["", "0", "380.", "038", "3800", "325x", "910"])
def test_other_types_are_refused(code: str) -> None:
    with pytest.raises(UnreadableError, match="TypeCode"):
        read(cii(type=code))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("25.", "25"),
        (".5", "0.5"),
        ("+25", "25"),
        ("-25.10", "-25.1"),
        ("0025", "25"),
        ("-0", "0"),
        (" 1\n", "1"),
    ],
)
def test_every_form_of_a_decimal(text: str, value: str) -> None:
    assert read(cii(price=text)).lines[0].price == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "+",
        "1e3",
        "1,5",
        "1 000",
        "0x10",
        "NaN",
        "INF",
        "--1",
        "\u0661",
        "\u00a01",
        "9" * 16,
        "1" * 41,
    ],
)
def test_what_is_no_decimal(text: str) -> None:
    with pytest.raises(UnreadableError, match="ChargeAmount"):
        read(cii(price=text))


def test_a_comment_does_not_cut_a_value_and_an_element_is_none() -> None:
    assert read(cii(number="E-<!-- of 2025 -->1")).number == "E-1"
    with pytest.raises(UnreadableError, match="ExchangedDocument/ID is missing"):
        read(cii(number="E-<b/>1"))


@pytest.mark.parametrize("day", ["2025-09-01", "2025-09-01Z", "2025-09-01+02:00"])
def test_every_form_of_a_date(day: str) -> None:
    assert read(UBL.replace("2025-09-01", day).encode()).date == "2025-09-01"


@pytest.mark.parametrize("day", ["2025-09-31", "2025-W36-1", "1.9.2025", "2025-9-1", "250901"])
def test_what_is_no_date(day: str) -> None:
    with pytest.raises(UnreadableError, match="IssueDate is no date"):
        read(UBL.replace("2025-09-01", day).encode())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'<!DOCTYPE x [<!ENTITY a "b">]>' + UBL.encode(), "document type"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + UBL.encode(), "document type"),
        (b'<!DOCTYPE x PUBLIC "-//A//B//EN" "http://example.org/x.dtd">' + UBL.encode(), "document type"),
        (LAUGHS + b"]><a>&a9;</a>", "entity amplification"),
        (b"<a>" * 100_000, "neither"),
        (b"<a>" * 300 + b"</a>" * 300, "neither"),
        (b"<a" + b" b='c'" * 2 + b"/>", "neither"),
        (UBL.encode("utf-16"), "UTF-8"),
        (b"<Invoice/>", "not an invoice"),
        (UBL.replace("schema:xsd:Invoice-2", "schema:xsd:Order-2").encode(), "not an invoice"),
        (b" " * 10 * 1024 * 1024 + UBL.encode(), "larger than 10 MB"),
        (b"", "neither"),
    ],
    ids=range(12),
)
def test_hostile_xml(content: bytes, reason: str) -> None:
    started = time.process_time()
    with pytest.raises(UnreadableError, match=reason):
        read(content)
    assert time.process_time() - started < 10


@pytest.mark.parametrize("listed", ["tree", "levels", "AF"])
@pytest.mark.parametrize("name", ["factur-x.xml", "Factur-X.XML", "ZUGFeRD-invoice.xml", "xrechnung.xml"])
def test_the_attachment_is_read_and_not_the_first_stream(listed: str, name: str) -> None:
    pdf = factur_x(cii(), decoy=cii(number="DECOY"), listed=listed, name=name)
    assert read(pdf).number == "E-1"
    assert read(b"\n\n" + pdf).number == "E-1"


@pytest.mark.parametrize(
    ("listed", "name"), [("nowhere", "factur-x.xml"), ("tree", "order-x.xml"), ("AF", "a.xml")]
)
def test_what_is_not_attached_as_an_invoice_is_none(listed: str, name: str) -> None:
    with pytest.raises(UnreadableError, match="carries no electronic invoice"):
        read(factur_x(cii(), decoy=cii(), listed=listed, name=name))


def two_invoices(first: bytes, second: bytes) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_attachment("factur-x.xml", first)
    writer.add_attachment("ZUGFeRD-invoice.xml", second)
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def test_a_hybrid_file_has_the_older_format_too_and_two_invoices_are_ambiguous() -> None:
    old = b'<r:CrossIndustryDocument xmlns:r="urn:ferd:CrossIndustryDocument:invoice:1p0"/>'
    assert read(two_invoices(cii(), old)).number == "E-1"
    assert read(two_invoices(cii(), cii())).number == "E-1"
    with pytest.raises(UnreadableError, match=r"ZUGFeRD 1\.0"):
        read(two_invoices(old, old))
    with pytest.raises(AmbiguousError, match=r"`ZUGFeRD-invoice.xml` and `factur-x.xml`"):
        read(two_invoices(cii(), cii(number="E-2")))


@pytest.mark.parametrize(
    "pdf",
    [
        NOTHING_BUT_STREAMS,
        NOTHING_BUT_OBJECTS,
        NOTHING_BUT_TRAILERS,
        b"%PDF-1.4\n%%EOF\n",
        factur_x(cii())[:900],
        lambda: factur_x(b" " * 11 * 1024 * 1024),
        lambda: factur_x(b" " * 200 * 1024 * 1024),
        factur_x(zlib.compress(cii())),
    ],
    ids=range(8),
)
def test_hostile_pdf(pdf: bytes | Callable[[], bytes], capfd: pytest.CaptureFixture[str]) -> None:
    content = pdf() if callable(pdf) else pdf
    started = time.process_time()
    with pytest.raises(UnreadableError):
        read(content)
    assert time.process_time() - started < 10
    assert capfd.readouterr() == ("", "")


def test_a_tree_that_contains_itself_ends() -> None:
    pdf = factur_x(cii(), listed="levels")
    # The innermost `Kids` leads to the tree around it.
    kids = [index for index in range(len(pdf)) if pdf.startswith(b"/Kids [", index)]
    number = pdf[kids[0] + 7 :].split()[0]
    inner = pdf.rindex(b"/Kids [")
    looped = pdf[: inner + 7] + number + pdf[inner + 7 + len(number) :]
    started = time.process_time()
    with pytest.raises(UnreadableError, match="nothing is embedded"):
        read(looped)
    assert time.process_time() - started < 10


def test_all_that_is_wrong_is_said_with_its_line() -> None:
    broken = cii(price="cheap", tax="", number="", percent="x").replace(b"20250901", b"20250931")
    with pytest.raises(UnreadableError) as raised:
        read(broken)
    reasons = raised.value.reasons
    assert len(reasons) == 4, reasons
    line = broken[: broken.index(b"<ram:ChargeAmount>")].count(b"\n") + 1
    place = "SpecifiedLineTradeAgreement/NetPriceProductTradePrice/ChargeAmount"
    assert f"line {line}: {place} is no number that can be read: `cheap`" in reasons


def test_a_plain_definition_does_not_load_the_libraries(tmp_path: Path) -> None:
    write(tmp_path, invoice=YAML_TEXT)
    code = "import sys; from pennyform.cli import main; main(['validate']); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert not {"lxml", "pypdf", "pikepdf"} & set(done.stdout.split())
