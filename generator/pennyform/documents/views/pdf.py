"""A document as Factur-X: a PDF/A-3b that people read, with the CII document in it that programs read.

Typst lays it out and attaches the XML; what the metadata of Factur-X say is added behind it. Nothing depends
on the machine: the time is the date of the invoice, and the fonts are those of Typst's wheel, unless none of
them has a character.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from pennyform import data
from pennyform.documents import cii
from pennyform.documents.extra import needed
from pennyform.documents.model import Document
from pennyform.documents.views.content import content
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


class NoFontError(ValueError):
    """A character has no font, as the message says."""


def render(document: Document, claims: Sequence[str]) -> bytes:
    """The PDF of ``document``, the same bytes for the same document.

    Raises:
        Failure: ``missing-extra``.
        NoFontError: no font has a character of it.
    """
    texts, xml = _texts(document, claims), cii.write(document).decode()
    typst, problem = needed("typst"), ""
    # The fonts of the machine only for characters that Typst's own do not have.
    for is_portable in (True, False):
        try:
            made = typst.compile(
                _template(),
                format="pdf",
                ignore_system_fonts=is_portable,
                sys_inputs={"content": texts, "xml": xml},
                pdf_standards=["a-3b"],
                timestamp=dt.datetime.combine(document.date, dt.time(), dt.UTC),
            )
            return _with_metadata(bytes(made))
        except typst.TypstError as error:
            problem = str(error)
    raise NoFontError(problem.removeprefix("PDF/A-3b error: "))


def png(document: Document, claims: Sequence[str], ppi: float = 96) -> list[bytes]:
    """The pages of the PDF as pictures, for looking at them."""
    made = needed("typst").compile(
        _template(),
        format="png",
        ppi=ppi,
        ignore_system_fonts=True,
        sys_inputs={"content": _texts(document, claims), "xml": ""},
    )
    return list(made) if isinstance(made, list) else [made]


def _texts(document: Document, claims: Sequence[str]) -> str:
    """The content of ``document`` as the layout reads it."""
    return json.dumps(_visible(dataclasses.asdict(content(document, claims))), ensure_ascii=False)


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
