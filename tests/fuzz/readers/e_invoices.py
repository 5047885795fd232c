"""Electronic invoices: XML, and PDFs that carry it."""

from __future__ import annotations

from contextlib import suppress

from pennyform.invoices.sources import factur_x
from pennyform.invoices.sources.e_invoice_errors import AmbiguousError, UnreadableError
from pennyform.sandbox.documents import e_invoices as of_the_sandbox


def read_e_invoice(content: bytes) -> None:
    """An electronic invoice, by the tool and by the sandbox."""
    with suppress(UnreadableError, AmbiguousError):
        factur_x.read(content)
    with suppress(of_the_sandbox.UnreadableError):
        of_the_sandbox.read_e_invoice(content)


def read_pdf(content: bytes) -> None:
    """A PDF that may carry one."""
    read_e_invoice(b"%PDF-1.7\n" + content)
