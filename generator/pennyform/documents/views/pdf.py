"""A document as Factur-X: a PDF that people read, with the CII document in it that programs read."""

from __future__ import annotations

from collections.abc import Sequence

from pennyform import typesetting
from pennyform.documents import cii
from pennyform.documents.model import Document
from pennyform.documents.views.content import content


def render(document: Document, claims: Sequence[str]) -> bytes:
    """The PDF of ``document``, the same bytes for the same document.

    Raises:
        Failure: ``missing-extra``.
        NoFontError: no font has a character of it.
    """
    return typesetting.pdf(content(document, claims), cii.write(document).decode(), document.date)


def png(document: Document, claims: Sequence[str], ppi: float = 96) -> list[bytes]:
    """The pages of the PDF as pictures, for looking at them."""
    return typesetting.png(content(document, claims), ppi)
