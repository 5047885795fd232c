"""A verification as a page to look at, to print and to send, rendered from its data and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pennyform.report.shared.ansi import Paint
from pennyform.report.shared.formatting import plain
from pennyform.report.shared.html import page
from pennyform.report.verification.text import LOOKS, closing, said, state, unverifiable

Data = Mapping[str, Any]

_TONES = {"green": "good", "red": "bad"}


def render(verification: Data) -> str:
    """The verification as an HTML document that needs nothing else."""
    invoices = verification["invoices"]
    return page(
        "verification.html",
        verification=verification,
        closing=closing(verification, Paint()),
        rows=[
            (f"invoice-{number}", invoice, plain(state(invoice)), said(invoice), _tone(invoice))
            for number, invoice in enumerate(invoices, start=1)
        ],
        unverifiable=unverifiable(invoices),
    )


def _tone(invoice: Data) -> str:
    return _TONES[LOOKS[invoice["status"]][1]]
