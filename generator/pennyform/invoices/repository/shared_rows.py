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
    # By row, one claim for each group. The whole place tells rows apart: JSON may have all on one line.
    readers: dict[Place, dict[str, ReferenceClaim]] = {}
    shared: dict[tuple[str, str, str], list[Place]] = {}
    for claim in claims:
        group = groups.get(claim.reference, claim.reference)
        on_row = readers.setdefault(claim.place, {})
        for other_group, other in on_row.items():
            if other_group != group and other.source != claim.source:
                shared.setdefault((claim.place.file, other.source, claim.source), []).append(claim.place)
                break
        on_row.setdefault(group, claim)
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
            # The smaller group joins the larger one, so that no invoice changes its group often.
            if len(members.get(other, ())) > len(members.get(group, ())):
                group, other = other, group
            joining = members.pop(other, [other])
            members.setdefault(group, [group]).extend(joining)
            groups.update(dict.fromkeys([group, *joining], group))
    return groups
