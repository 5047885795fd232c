"""From bytes to a document: the XML alone, or the one that a PDF carries (Factur-X)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from xml.etree import ElementTree as Tree

from pennyform.sandbox.documents.e_invoices.cii import read_cii
from pennyform.sandbox.documents.e_invoices.document import Document
from pennyform.sandbox.documents.e_invoices.elements import UnreadableError
from pennyform.sandbox.documents.e_invoices.ubl import read_ubl

_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_LARGEST_XML = 10 * 1024 * 1024
_CII_ROOT = b"CrossIndustryInvoice"
_SYNTAXES = {"CrossIndustryInvoice": read_cii, "Invoice": read_ubl, "CreditNote": read_ubl}


def is_pdf(content: bytes) -> bool:
    """Whether an e-invoice's XML is to be looked for inside a PDF."""
    return content.startswith(b"%PDF-")


def read_e_invoice(content: bytes) -> Document:
    """Read an electronic invoice.

    Args:
        content: of a Factur-X PDF, or of a CII or UBL file.

    Raises:
        UnreadableError: when it is none of these, or lacks something that every invoice has.
    """
    xml = content
    if is_pdf(content):
        xml = next((stream.strip() for stream in _pdf_streams(content) if _CII_ROOT in stream), b"")
        if not xml:
            raise UnreadableError("The PDF carries no e-invoice")
    root = _parse_xml(xml)
    name = root.tag.rpartition("}")[2]
    if name not in _SYNTAXES:
        raise UnreadableError(f"{name} is no invoice")
    document = _SYNTAXES[name](root)
    if not document.lines:
        raise UnreadableError("It has no lines")
    return document


def _parse_xml(content: bytes) -> Tree.Element:
    try:
        text = content.decode("utf-8-sig")
        # Without these two nothing can be expanded (billion laughs), and nothing fetched (XXE).
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise UnreadableError("A document type is not allowed")
        return Tree.fromstring(text)  # noqa: S314
    except (UnicodeDecodeError, Tree.ParseError) as problem:
        raise UnreadableError("It is neither a PDF nor XML in UTF-8") from problem


def _pdf_streams(pdf: bytes) -> Iterator[bytes]:
    """Every stream of a PDF, as it stands and, where it is compressed, expanded up to a bound."""
    for match in _STREAM.finditer(pdf):
        yield match[1]
        try:
            yield zlib.decompressobj().decompress(match[1], _LARGEST_XML)
        except zlib.error:
            continue
