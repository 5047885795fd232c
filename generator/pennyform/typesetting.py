"""The one layout of documents as PDF: a PDF/A-3b that people read, with XML in it that programs read.

``preview`` and the sandbox share the layout (``templates/documents/invoice.typ``) and its labels, ``preview``
and the page of a plan that of a page (``body.html`` beside it); nothing of what stands in it: each brings the
texts of a document, from data and arithmetic of its own.

Typst lays texts out and attaches the XML; what the metadata of Factur-X say is added behind it. Nothing
depends on the machine: the time is the date of the document, and the fonts are those of Typst's wheel, unless
none of them has a character.
"""

from __future__ import annotations

import datetime as dt
import io
import json
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from typing import Any

from pennyform import data
from pennyform.extras import missing_packages
from pennyform.text import visible_line

# The metadata of Factur-X 1.0 (annex 5.2), with the description of its names that PDF/A-3 wants.
_NAMES = ("DocumentFileName", "DocumentType", "Version", "ConformanceLevel")
_PROPERTY = (
    '<rdf:li rdf:parseType="Resource"><pdfaProperty:name>{0}</pdfaProperty:name>'
    "<pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external</pdfaProperty:category>"
    "<pdfaProperty:description>{0}</pdfaProperty:description></rdf:li>"
)
_METADATA = (
    '<rdf:Description rdf:about="" xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#">'
    "<fx:DocumentType>INVOICE</fx:DocumentType><fx:DocumentFileName>factur-x.xml</fx:DocumentFileName>"
    "<fx:Version>1.0</fx:Version><fx:ConformanceLevel>EN 16931</fx:ConformanceLevel></rdf:Description>"
    '<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"'
    ' xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"'
    ' xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"><pdfaExtension:schemas><rdf:Bag>'
    '<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>'
    "<pdfaSchema:namespaceURI>urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#</pdfaSchema:namespaceURI>"
    "<pdfaSchema:prefix>fx</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>"
    + "".join(map(_PROPERTY.format, _NAMES))
    + "</rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"
)


@dataclass(frozen=True, slots=True)
class Fact:
    """A value and what it is called."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Block:
    """The address of a party, line by line, under a heading; ``facts`` are its numbers."""

    heading: str
    lines: tuple[str, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``details`` stand below the label.

    ``code`` and ``is_changed`` are for who reviews a plan: the VAT code, and whether the account has the line
    otherwise, or not at all. The PDF and a preview show neither.
    """

    label: str
    details: tuple[str, ...]
    quantity: str
    unit: str
    price: str
    vat: str
    amount: str
    code: str = ""
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Lines under the heading of a section, or under none; ``total`` is empty without a section."""

    title: str
    description: str
    rows: tuple[Row, ...]
    total: str


@dataclass(frozen=True, slots=True)
class Content:
    """A whole document. ``name`` is what it is called after its title: its number, or what stands for it.

    ``words`` are the labels of its language, ``claims`` what it says of itself. The fields are those that the
    layout reads, all of them text.
    """

    language: str
    title: str
    name: str
    words: dict[str, str]
    facts: tuple[Fact, ...]
    seller: Block
    buyer: Block
    delivery: Block | None
    subject: str
    introduction: str
    groups: tuple[Group, ...]
    taxes: tuple[tuple[str, str, str, str], ...]
    sums: tuple[Fact, ...]
    due: Fact
    payment: tuple[Fact, ...]
    mentions: tuple[str, ...]
    claims: tuple[str, ...]


class NoFontError(ValueError):
    """A character has no font, as the message says."""


def is_installed() -> bool:
    """Whether the packages are installed that documents are laid out with."""
    return not missing_packages("einvoice", ("babel", "pikepdf", "typst"))


def labels(language: str) -> dict[str, str]:
    """What stands on a document besides its data, in a language of ISO 639-1."""
    words: dict[str, str] = _labels()[language]
    return words


def language_of(name: str | None) -> str:
    """The language of a document, in ISO 639-1, for a name such as ``de_DE``; French where nothing is said.

    English stands in for a language that has no labels.
    """
    language = (name or "fr_FR")[:2]
    return language if language in _labels() else "en"


@cache
def _labels() -> dict[str, Any]:
    import yaml

    text = (data.templates() / "documents" / "labels.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    table: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506 - both are safe loaders
    return table


def pdf(content: Content, xml: str, date: dt.date) -> bytes:
    """A document as PDF, the same bytes for the same content.

    Args:
        content: what stands on it.
        xml: the electronic invoice to attach; "" for none.
        date: of the document.

    Raises:
        NoFontError: no font has a character of it.
    """
    typst, problem = import_module("typst"), ""
    # The fonts of the machine only for characters that Typst's own do not have.
    for is_portable in (True, False):
        try:
            made = typst.compile(
                _template(),
                format="pdf",
                ignore_system_fonts=is_portable,
                sys_inputs={"content": _json(content), "xml": xml},
                pdf_standards=["a-3b"],
                timestamp=dt.datetime.combine(date, dt.time(), dt.UTC),
            )
            return _with_metadata(bytes(made)) if xml else bytes(made)
        except typst.TypstError as error:
            problem = str(error)
    raise NoFontError(problem.removeprefix("PDF/A-3b error: "))


def png(content: Content, ppi: float = 96) -> list[bytes]:
    """The pages of the PDF as pictures, for looking at them."""
    made = import_module("typst").compile(
        _template(),
        format="png",
        ppi=ppi,
        ignore_system_fonts=True,
        sys_inputs={"content": _json(content), "xml": ""},
    )
    return list(made) if isinstance(made, list) else [made]


def _json(content: Content) -> str:
    return json.dumps(_visible(asdict(content)), ensure_ascii=False)


@cache
def _template() -> bytes:
    return (data.templates() / "documents" / "invoice.typ").read_bytes()


def _visible(value: Any) -> Any:
    """``value`` with characters that are hidden made visible, as on every other page."""
    if isinstance(value, str):
        return "\n".join(map(visible_line, value.split("\n")))
    if isinstance(value, dict):
        return {name: _visible(member) for name, member in value.items()}
    return [_visible(member) for member in value] if isinstance(value, list | tuple) else value


def _with_metadata(pdf: bytes) -> bytes:
    """The PDF with what Factur-X adds to its metadata."""
    from pikepdf import Pdf

    with Pdf.open(io.BytesIO(pdf)) as opened:
        metadata = opened.Root.Metadata
        text = metadata.read_bytes().decode()
        metadata.write(text.replace("</rdf:RDF>", f"{_METADATA}</rdf:RDF>", 1).encode())
        out = io.BytesIO()
        # Its id follows from its content, not from the time.
        opened.save(out, deterministic_id=True, linearize=False)
    return out.getvalue()
