"""Data files of series: a row that several definitions read makes all their invoices depend on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.references import ReferenceClaim
from pennyform.invoices.deductions.links import Link
from pennyform.invoices.model import Place


def check_shared_rows(claims: Iterable[ReferenceClaim], links: Iterable[Link]) -> Iterator[Finding]:
    """Rows from which two definitions make an invoice each, such as two months of one series.

    A credit note or a balance invoice is made from the row of the invoice that it names: that is no finding.

    Args:
        claims: of the invoices of the run that are made from rows, each with its row as its place.
        links: which of their invoices name one another.

    Returns:
        One warning for each two definitions and data file, at the first row that they share.
    """
    groups = _groups(links)
    readers: dict[tuple[str, int], list[ReferenceClaim]] = {}
    shared: dict[tuple[str, str, str], list[Place]] = {}
    for claim in claims:
        earlier = readers.setdefault((claim.place.file, claim.place.line), [])
        for other in earlier:
            group = groups.get(claim.reference, claim.reference)
            is_linked = group == groups.get(other.reference, other.reference)
            if other.source != claim.source and not is_linked:
                shared.setdefault((claim.place.file, other.source, claim.source), []).append(claim.place)
                break
        earlier.append(claim)
    for (_, other_source, source), places in shared.items():
        rows = "this row makes" if len(places) == 1 else f"{len(places)} rows from here on make"
        yield Finding(
            "shared-data-rows",
            Severity.WARNING,
            f"{rows} invoices of both {other_source} and {source}",
            *min(places),
        )


def _groups(links: Iterable[Link]) -> dict[str, str]:
    """One name for all invoices that name one another, also over others, by reference."""
    members: dict[str, list[str]] = {}
    groups: dict[str, str] = {}
    for link in links:
        group, other = groups.get(link.reference, link.reference), groups.get(link.to, link.to)
        if group != other:
            joined = members.setdefault(group, [group])
            joined += members.pop(other, [other])
            groups.update(dict.fromkeys(joined, group))
    return groups
