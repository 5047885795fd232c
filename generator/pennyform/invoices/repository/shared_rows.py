"""Data files of series: a row that several definitions read makes all their invoices depend on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.references import ReferenceClaim
from pennyform.invoices.model import Place


def check_shared_rows(claims: Iterable[ReferenceClaim]) -> Iterator[Finding]:
    """Rows from which two definitions make an invoice each, such as two months of one series.

    Args:
        claims: of all definitions of the run; those of a series have their row as their place.

    Returns:
        One warning for each two definitions and data file, at the first row that they share.
    """
    readers: dict[tuple[str, int], str] = {}
    shared: dict[tuple[str, str, str], list[Place]] = {}
    for claim in claims:
        if claim.kind != "invoice" or not claim.source or claim.place.file == claim.source:
            continue
        earlier = readers.setdefault((claim.place.file, claim.place.line), claim.source)
        if earlier != claim.source:
            shared.setdefault((claim.place.file, earlier, claim.source), []).append(claim.place)
    for (_, earlier, source), places in shared.items():
        rows = "this row makes" if len(places) == 1 else f"{len(places)} rows from here on make"
        yield Finding(
            "shared-data-rows",
            Severity.WARNING,
            f"{rows} invoices of both {earlier} and {source}",
            *min(places),
        )
