"""PDFs that ask for more work than their size deserves: refused, by the tool and by the sandbox."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import pytest
from pennyform.invoices.sources.e_invoice_errors import UnreadableError
from pennyform.invoices.sources.e_invoice_pdf import embedded_invoices
from pennyform.invoices.sources.metered import TooMuchWorkError, metered
from pennyform.sandbox.documents import e_invoices as of_the_sandbox

from .growth import MOST_GROWTH

_NUMBERS = zlib.compress(b"1 " * 500_000, 9)


def pdf(objects: Sequence[bytes], *, cross_reference: bool = True) -> bytes:
    """A PDF of the objects, numbered from 1; the first is the catalogue."""
    content, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(content) if cross_reference else 0
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    content += b"".join(b"%010d 00000 n \n" % place for place in places) if cross_reference else b""
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return bytes(content + trailer % (len(objects) + 1, start))


def stream(content: bytes, dictionary: bytes = b"") -> bytes:
    """A stream object of the content."""
    return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (dictionary, len(content), content)


def attaching(references: bytes) -> bytes:
    """A catalogue whose associated files are the objects."""
    return b"<< /Type /Catalog /AF [%b] >>" % references


TOO_MUCH: dict[str, bytes] = {
    "objects that are not there": pdf(
        [attaching(b" ".join(b"%d 0 R" % number for number in range(5_000, 9_000))), *([b"(x)"] * 2_000)]
    ),
    "streams of objects, behind a broken table": pdf(
        [attaching(b""), *([stream(_NUMBERS, b"/Type /ObjStm /N 1 /First 5 /Filter /FlateDecode")] * 60)],
        cross_reference=False,
    ),
    "a tree whose nodes share their kids": pdf(
        [
            b"<< /Type /Catalog /Names << /EmbeddedFiles 2 0 R >> >>",
            *(
                b"<< /Kids [%b] /Names [%b] >>"
                % (b" ".join(b"%d 0 R" % (2 + (node + kid) % 300) for kid in range(20)), b"(a) 1 0 R " * 20)
                for node in range(300)
            ),
        ]
    ),
}


@pytest.mark.parametrize("content", TOO_MUCH.values(), ids=TOO_MUCH)
def test_work_out_of_proportion_ends_with_a_reason(content: bytes) -> None:
    with pytest.raises(UnreadableError, match="more work than its size can ask for"):
        embedded_invoices(content)
    assert sys.getprofile() is None


@pytest.mark.parametrize("words", [b"stream\n", b"1 0 obj\nstream\n", b"endobj\n", b"<< ", b"trailer\n<<"])
def test_words_of_a_pdf_take_work_by_their_number(words: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    @contextmanager
    def recording(most: int) -> Iterator[None]:
        with metered(most) as units:
            try:
                yield
            finally:
                counted.append(units())

    monkeypatch.setattr("pennyform.invoices.sources.e_invoice_pdf.metered", recording)
    for number in (10, 2_000, 4_000):
        with pytest.raises(UnreadableError):
            embedded_invoices(b"%PDF-1.7\n" + words * number)
    _, small, large = counted
    assert large / small < MOST_GROWTH


@pytest.mark.parametrize("read", [embedded_invoices, of_the_sandbox.read_e_invoice])
def test_streams_that_unpack_to_gigabytes_are_not_unpacked(read: Callable[[bytes], object]) -> None:
    bomb = stream(zlib.compress(bytes(30_000_000), 9), b"/Type /EmbeddedFile /Filter /FlateDecode")
    file = b"<< /Type /Filespec /F (factur-x.xml) /UF (factur-x.xml) /EF << /F 2 0 R /UF 2 0 R >> >>"
    pages = b"<< /Type /Pages /Kids [] /Count 0 >>"
    content = pdf([attaching(b"3 0 R " * 500).replace(b" >>", b" /Pages 4 0 R >>"), bomb, file, pages])
    with pytest.raises((UnreadableError, of_the_sandbox.UnreadableError)):
        read(content)


def test_no_handler_of_a_library_goes_on_from_the_end_of_a_budget() -> None:
    def stubborn() -> None:
        for _ in range(1_000):
            with suppress(Exception):
                len("x")

    with pytest.raises(TooMuchWorkError), metered(100):
        stubborn()
    assert sys.getprofile() is None
