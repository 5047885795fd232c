"""Invoices that no definition asks for any more, as a table: what plans and verifications say of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pennyform.report.shared.formatting import count
from pennyform.report.shared.layout import Layout, unbroken
from pennyform.results.orphans import OrphanedInvoice, OrphanReport
from pennyform.text import one_line

# Lists for terminals and comments end here, those of pages later; JSON has them all.
MOST_SHOWN = 20
_MOST_ON_PAGES = 1000


class OrphanTable(NamedTuple):
    """What is shown: of each invoice its reference, state, date, total, and what becomes of it."""

    title: str
    rows: list[tuple[str, str, str, str, str]]
    closing: str


def table(report: OrphanReport, most: int = _MOST_ON_PAGES) -> OrphanTable:
    """The first ``most`` orphans, and a sentence on what is not shown or was not looked for."""
    closing = []
    if len(report.invoices) > most:
        closing.append(f"… and {count(len(report.invoices) - most, 'invoice')} more; JSON names all.")
    if report.invoices and report.searched == "newest":
        closing.append("Beyond the journal, only the newest invoices of the account were looked through.")
    return OrphanTable(
        "Invoices of this repository that no definition asks for any more",
        [_row(orphan) for orphan in report.invoices[:most]],
        " ".join(closing),
    )


def text_lines(report: OrphanReport, layout: Layout) -> Iterator[str]:
    """The same for a terminal, with an empty line at its end."""
    first_rows = table(report, MOST_SHOWN)
    yield from layout.wrap(first_rows.title)
    rows = [(unbroken(reference), *cells) for reference, *cells in first_rows.rows]
    for lines in layout.table(rows, "^<<.w", "  "):
        yield from lines
    if first_rows.closing:
        yield from layout.wrap(first_rows.closing, "  ")
    yield ""


def _row(orphan: OrphanedInvoice) -> tuple[str, str, str, str, str]:
    status = "draft" if orphan.draft else one_line(orphan.invoice_number) or "final"
    total = f"{orphan.currency_amount} {orphan.currency}".strip()
    return one_line(orphan.external_reference), status, orphan.date or "", total, _outlook(orphan)


def _outlook(orphan: OrphanedInvoice) -> str:
    if orphan.prunable:
        return "--prune would delete it"
    if orphan.draft:
        return "stays: delete it in Pennylane, or define it again"
    return "stays: only a credit note undoes it"
