"""PDFs that are written keep the rules of PDF/A-3b; each rule is seen to notice what breaks it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from pennyform.documents.build import OtherInvoices, build
from pennyform.documents.tables import LANGUAGES
from pennyform.documents.views import pdf
from pennyform.extras import missing_packages
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from .invoices import FILES, read, write
from .pdf_a import violations

pytestmark = pytest.mark.skipif(bool(missing_packages("einvoice")), reason="needs pennyform[einvoice]")

Fault = Callable[[Pdf], None]


def written(folder: Path, language: str = "fr", label: str = "Consulting") -> bytes:
    """The PDF of an invoice."""
    definition = FILES["invoices/first.yaml"].replace("Consulting", label)
    repository, resolved, _ = read(write(folder, {**FILES, "invoices/first.yaml": definition}))
    document = build(resolved[0], repository, OtherInvoices.of(repository), language).document
    assert document
    return pdf.render(document, ["no violation of EN 16931 found"])


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file without a fault."""
    return written(tmp_path_factory.mktemp("valid"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_kept_in_every_language(language: str, tmp_path: Path) -> None:
    assert violations(written(tmp_path, language)) == []


@pytest.mark.parametrize("label", ["Ελληνικά", "Работа", "ﬁnale ½ → ≥ ©", "Zażółć gęślą"])
def test_it_is_kept_with_any_letters(label: str, tmp_path: Path) -> None:
    assert violations(written(tmp_path, label=label)) == []


def font(opened: Pdf) -> Dictionary:
    """The font that a page uses, below the one that says its encoding."""
    return next(
        found
        for found in opened.objects
        if isinstance(found, Dictionary) and str(found.get("/Subtype")).startswith("/CIDFont")
    )


def file(opened: Pdf) -> Dictionary:
    """The file that is embedded."""
    return opened.Root.AF[0]


def put(changed: Object, key: str, value: Object) -> None:
    """Another value of ``key``."""
    changed[key] = value


def remove(changed: Object, *keys: str) -> None:
    """Leave out what there is of ``keys``."""
    for key in keys:
        if key in changed:
            del changed[key]


def metadata(old: str, new: str) -> Fault:
    """Another text in the metadata."""

    def fault(opened: Pdf) -> None:
        text = opened.Root.Metadata.read_bytes()
        assert old.encode() in text
        opened.Root.Metadata = opened.make_indirect(
            Stream(opened, text.replace(old.encode(), new.encode()), Type=Name.Metadata, Subtype=Name.XML)
        )

    return fault


def add(opened: Pdf, **keys: object) -> None:
    """One more object, which the catalog refers to."""
    opened.Root.More = opened.make_indirect(Dictionary(**keys))


def add_stream(opened: Pdf, **keys: object) -> None:
    """One more stream, which the catalog refers to."""
    opened.Root.More = opened.make_indirect(Stream(opened, b"0", **keys))


FAULTS: dict[str, Fault] = {
    "6.5.2: the catalog": lambda opened: put(opened.Root, "/AA", Dictionary()),
    "6.11: the catalog": lambda opened: put(opened.Root, "/Requirements", Dictionary()),
    "6.4: a form": lambda opened: put(opened.Root, "/AcroForm", Dictionary(XFA=Array())),
    "6.2.3: no colour profile": lambda opened: remove(opened.Root, "/OutputIntents"),
    "6.5.2: a page": lambda opened: put(opened.pages[0].obj, "/AA", Dictionary()),
    "6.3: an annotation": lambda opened: add(opened, Type=Name.Annot, Subtype=Name.Movie),
    "6.5.1: the action /JavaScript": lambda opened: add(opened, S=Name.JavaScript),
    "6.1.7.1: a stream is outside": lambda opened: add_stream(opened, FFilter=Name.FlateDecode),
    "6.1.7.2: a stream is compressed": lambda opened: add_stream(opened, Filter=Name.LZWDecode),
    "6.2.8: an image has another": lambda opened: add_stream(opened, Subtype=Name.Image, Alternates=Array()),
    "6.2.8: an image is interpolated": lambda opened: add_stream(
        opened, Subtype=Name.Image, Interpolate=True
    ),
    "6.2.9: a form": lambda opened: add_stream(opened, Subtype=Name.Form, Ref=Dictionary()),
    "6.2.11.4: a font": lambda opened: remove(font(opened).FontDescriptor, "/FontFile2", "/FontFile3"),
    "6.2.11.3: a font": lambda opened: add(
        opened,
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        FontDescriptor=Dictionary(FontFile2=opened.make_stream(b"0")),
    ),
    "6.6.2.1: there is no metadata": lambda opened: remove(opened.Root, "/Metadata"),
    "6.6.4: the metadata": metadata("<pdfaid:part>3<", "<pdfaid:part>2<"),
    "6.6.2.3: the schema": metadata("urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#</", "urn:other#</"),
    "6.6.3: the title": lambda opened: put(opened.trailer, "/Info", Dictionary(Title="Another one")),
    "6.8: a file lacks": lambda opened: remove(file(opened), "/AFRelationship"),
    "6.8: a file belongs": lambda opened: remove(opened.Root, "/AF"),
    "6.8: a file does not say its media type": lambda opened: remove(file(opened).EF.F, "/Subtype"),
    "6.8: a file does not say when": lambda opened: remove(file(opened).EF.F.Params, "/ModDate"),
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_noticed(text: str, valid: bytes) -> None:
    changed = io.BytesIO()
    with Pdf.open(io.BytesIO(valid)) as opened:
        FAULTS[text](opened)
        opened.save(changed, compress_streams=False, fix_metadata_version=False)
    assert text in "\n".join(violations(changed.getvalue()))


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("6.1.2", lambda content: content.replace(b"%PDF-1.7", b"%PDF-2.0", 1)),
        ("6.1.3: something follows", lambda content: content + b"more"),
        ("6.1.3: the trailer", lambda content: content.replace(b"/ID", b"/Id")),
    ],
)
def test_a_fault_of_the_file_is_noticed(text: str, change: Callable[[bytes], bytes], valid: bytes) -> None:
    assert text in "\n".join(violations(change(valid)))
