"""Lines of text as a PDF: A4 pages in a fixed-width font, so that columns stay columns."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

COLUMNS = 90
_ROWS = 62
_WIDTH, _HEIGHT = 595, 842  # A4, in points
_LEFT, _TOP = 54, 60
_SIZE, _LEADING = 9, 11.8
# The built-in fonts of PDF readers show these characters; anything else becomes a question mark.
_ENCODING = "cp1252"
_FONTS = {False: ("F1", "/Courier"), True: ("F2", "/Courier-Bold")}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of at most ``COLUMNS`` characters."""

    text: str
    bold: bool = False


def pdf(title: str, rows: Sequence[Row]) -> bytes:
    """Lay out rows on as many pages as they need. The same rows give the same bytes."""
    # Imported here: only downloads need it, and it would slow every start.
    import pydyf  # type: ignore[import-untyped]

    document = pydyf.PDF()
    document.info["Title"] = pydyf.String(title)
    fonts = pydyf.Dictionary()
    for name, base in _FONTS.values():
        font = {"Type": "/Font", "Subtype": "/Type1", "BaseFont": base, "Encoding": "/WinAnsiEncoding"}
        font_object = pydyf.Dictionary(font)
        document.add_object(font_object)
        fonts[name] = font_object.reference
    for start in range(0, len(rows) or 1, _ROWS):
        _add_page(document, fonts, rows[start : start + _ROWS])
    output = io.BytesIO()
    # An identifier would be random.
    document.write(output, identifier=False)
    return output.getvalue()


def _add_page(document: Any, fonts: Any, rows: Sequence[Row]) -> None:
    import pydyf

    content = pydyf.Stream(compress=True)
    content.begin_text()
    for index, row in enumerate(rows):
        content.set_font_size(_FONTS[row.bold][0], _SIZE)
        content.set_text_matrix(1, 0, 0, 1, _LEFT, _HEIGHT - _TOP - _LEADING * index)
        # As hexadecimal digits no character has a meaning of its own.
        content.stream.append(f"<{row.text.encode(_ENCODING, 'replace').hex()}> Tj".encode())
    content.end_text()
    document.add_object(content)
    page = {
        "Type": "/Page",
        "Parent": document.pages.reference,
        "MediaBox": pydyf.Array([0, 0, _WIDTH, _HEIGHT]),
        "Contents": content.reference,
        "Resources": pydyf.Dictionary({"Font": fonts}),
    }
    document.add_page(pydyf.Dictionary(page))
