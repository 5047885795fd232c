"""The invoice inside a Factur-X, ZUGFeRD or XRechnung PDF: an embedded file with a name of its own.

Only what the PDF itself lists as embedded counts: the name tree ``EmbeddedFiles`` and the associated files
``AF`` of the catalogue (ISO 32000-2, 7.7.4 and 14.13). Other streams that look like one are not it.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pennyform.invoices.sources.e_invoice_errors import NoInvoiceError, UnreadableError
from pennyform.invoices.sources.metered import TooMuchWorkError, metered

if TYPE_CHECKING:
    from pypdf import PdfReader
    from pypdf.generic import PdfObject

# Factur-X 1.0 and ZUGFeRD 2.1 and later; ZUGFeRD 1 and 2.0; the XRechnung profile. Programs vary the case.
INVOICE_NAMES = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml")
LARGEST_XML = 10 * 1024 * 1024  # bytes, after decompression
LARGEST_PART = 4 * 1024 * 1024  # bytes of any other stream, after decompression
MOST_FILES = 1_000
# Units of work (see `metered`): so many for any PDF, and one more for each so many bytes of it.
WORK = 1_000_000
# Text is drawn glyph by glyph, and an invoice says what matters on its first pages.
TEXT_WORK = 20_000_000
MOST_PAGES = 20
_BYTES_OF_WORK = 4
_DEEPEST_TREE = 32


def embedded_invoices(pdf: bytes) -> dict[bytes, str]:
    """The XML of each invoice that ``pdf`` carries, and its name; more than one only where they differ.

    Raises:
        NoInvoiceError: it carries none.
        UnreadableError: it cannot be read.
    """
    with _reading(pdf) as reader:
        files = list(_embedded_files(reader.root_object))
        invoices = {_content(file): name for name, file in files if name.casefold() in INVOICE_NAMES}
    if not invoices:
        names = ", ".join(sorted({f"`{name[:100]}`" for name, _ in files[:10]}))
        raise NoInvoiceError(
            f"the PDF carries no electronic invoice: {names or 'nothing'} is embedded in it, "
            f"and an invoice is called {', '.join(f'`{name}`' for name in INVOICE_NAMES)}"
        )
    return invoices


def pdf_text(pdf: bytes) -> str:
    """The text of the first pages of ``pdf``, in the order in which it is drawn; "" where it has none.

    Raises:
        UnreadableError: it cannot be read.
    """
    with _reading(pdf, TEXT_WORK) as reader:
        pages = reader.pages[:MOST_PAGES]
        return "\n".join(page.extract_text() for page in pages)


@contextmanager
def _reading(pdf: bytes, work: int = WORK) -> Iterator[PdfReader]:
    """A reader of ``pdf``, so long as its work is in proportion.

    Raises:
        UnreadableError: it is encrypted, broken, or takes too much work.
    """
    from pypdf import PdfReader, apply_configuration  # as long to load as all of validate for one definition

    # pypdf writes what it repairs to this log, and Python shows it where nobody listens.
    logging.getLogger("pypdf").addHandler(logging.NullHandler())
    parts = apply_configuration(
        zlib_maximum_output_length=LARGEST_PART, lzw_maximum_output_length=LARGEST_PART
    )
    try:
        with parts, metered(work + len(pdf) // _BYTES_OF_WORK):
            # Few objects are tried where the cross-reference table is broken: each try reads the whole file.
            reader = PdfReader(_File(pdf), root_object_recovery_limit=100)
            if reader.is_encrypted:
                raise UnreadableError("the PDF is encrypted")
            yield reader
    except TooMuchWorkError as error:
        raise UnreadableError("reading the PDF takes more work than its size can ask for") from error
    except UnreadableError:
        raise
    except Exception as error:  # what a broken PDF makes pypdf raise is of no one family
        raise UnreadableError("the PDF cannot be read") from error


class _File(io.BytesIO):
    """The PDF; what is read of it counts as work, because this is a call that returns it."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size)


def _embedded_files(catalogue: PdfObject) -> Iterator[tuple[str, PdfObject]]:
    """Each embedded file of the document: its name and its specification."""
    from pypdf.generic import TextStringObject

    names = _get(catalogue, "/Names")
    specifications = [*_tree_values(_get(names, "/EmbeddedFiles")), *_items(_get(catalogue, "/AF"))]
    for specification in specifications[:MOST_FILES]:
        # UF is the name in Unicode, F the older one.
        name = _get(specification, "/UF") or _get(specification, "/F")
        if _get(specification, "/EF") is not None and isinstance(name, TextStringObject):
            yield name.replace("\\", "/").rpartition("/")[2].strip(), specification


def _tree_values(root: PdfObject | None) -> Iterator[PdfObject]:
    """The values of a name tree. pypdf's own list of attachments leaves out what is below a second level."""
    level = [root] if root is not None else []
    for _ in range(_DEEPEST_TREE):
        for node in level:
            # Names and values take turns.
            yield from _items(_get(node, "/Names"))[1::2]
        level = [kid for node in level for kid in _items(_get(node, "/Kids"))][:MOST_FILES]


def _content(specification: PdfObject) -> bytes:
    from pypdf import apply_configuration
    from pypdf.errors import LimitReachedError
    from pypdf.generic import StreamObject

    embedded = _get(specification, "/EF")
    stream = _get(embedded, "/UF") or _get(embedded, "/F")
    if not isinstance(stream, StreamObject):
        raise UnreadableError("the embedded file of the PDF has no content")
    try:
        with apply_configuration(zlib_maximum_output_length=LARGEST_XML + 1):
            content = bytes(stream.get_data())
    except LimitReachedError as error:
        raise UnreadableError("its XML is larger than 10 MB") from error
    if len(content) > LARGEST_XML:
        raise UnreadableError("its XML is larger than 10 MB")
    return content


def _get(container: PdfObject | None, key: str) -> PdfObject | None:
    from pypdf.generic import DictionaryObject, NullObject

    value = container.get(key) if isinstance(container, DictionaryObject) else None
    value = value.get_object() if value is not None else None
    return None if isinstance(value, NullObject) else value


def _items(array: PdfObject | None) -> list[PdfObject]:
    from pypdf.generic import ArrayObject

    if not isinstance(array, ArrayObject):
        return []
    return [item for item in (entry.get_object() for entry in array[: 2 * MOST_FILES]) if item is not None]
