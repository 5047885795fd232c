"""A verification as a page to look at, to print and to send."""

from __future__ import annotations

from pennyform.report.shared.html import page
from pennyform.report.verification.text import SYMBOLS, remote_status, summary_line, unverifiable, verdict
from pennyform.results.verification import VerificationDocument
from pennyform.text import one_line

_TONES = {"green": "good", "red": "bad"}


def render(verification: VerificationDocument) -> str:
    """The verification as an HTML document that needs nothing else."""
    return page(
        "verification.html",
        verification=verification,
        closing=summary_line(verification),
        rows=[
            (
                f"invoice-{number}",
                invoice,
                one_line(remote_status(invoice)),
                verdict(invoice),
                _TONES[SYMBOLS[invoice.status][1]],
            )
            for number, invoice in enumerate(verification.invoices, start=1)
        ],
        unverifiable=unverifiable(verification.invoices),
    )
