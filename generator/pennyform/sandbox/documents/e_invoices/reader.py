"""From bytes to a document: the XML alone, or the one that a PDF carries (Factur-X)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from xml.etree import ElementTree as Tree

from pennyform.sandbox.documents.e_invoices import cii, ubl
from pennyform.sandbox.documents.e_invoices.document import Document
from pennyform.sandbox.documents.e_invoices.elements import UnreadableError

_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_LARGEST_XML = 10 * 1024 * 1024
_PDF = b"%PDF-"
_MARK = b"CrossIndustryInvoice"
_SYNTAXES = {"CrossIndustryInvoice": cii.read, "Invoice": ubl.read, "CreditNote": ubl.read}


def is_pdf(content: bytes) -> bool:
    """Whether an e-invoice's XML is to be looked for inside a PDF."""
    return content.startswith(_PDF)


def read(content: bytes) -> Document:
    """Read an electronic invoice.

    Args:
        content: of a Factur-X PDF, or of a CII or UBL file.

    Raises:
        UnreadableError: when it is none of these, or lacks something that every invoice has.
    """
    root = _parsed(_embedded(content) if is_pdf(content) else content)
    name = root.tag.rpartition("}")[2]
    if name not in _SYNTAXES:
        raise UnreadableError(f"{name} is no invoice")
    document = _SYNTAXES[name](root)
    if not document.lines:
        raise UnreadableError("It has no lines")
    return document


def _parsed(content: bytes) -> Tree.Element:
    try:
        text = content.decode("utf-8-sig")
        # Without these two nothing can be expanded, and nothing fetched.
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise UnreadableError("A document type is not allowed")
        return Tree.fromstring(text)  # noqa: S314
    except (UnicodeDecodeError, Tree.ParseError) as problem:
        raise UnreadableError("It is neither a PDF nor XML in UTF-8") from problem


def _embedded(pdf: bytes) -> bytes:
    """The e-invoice among the streams of a PDF, which are compressed as a rule."""
    for stream in _streams(pdf):
        if _MARK in stream:
            return stream.strip()
    raise UnreadableError("The PDF carries no e-invoice")


def _streams(pdf: bytes) -> Iterator[bytes]:
    for found in _STREAM.finditer(pdf):
        yield found[1]
        try:
            yield zlib.decompressobj().decompress(found[1], _LARGEST_XML)
        except zlib.error:
            continue
