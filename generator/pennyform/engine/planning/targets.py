"""A run about a few of the invoices: those that were named, and nothing else."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from pennyform.engine.planning.preflight import PlanRejectedError
from pennyform.findings import Finding, Severity
from pennyform.invoices.model import Repository


def select_invoices(repository: Repository, references: Iterable[str]) -> Repository:
    """The repository with only the invoices named; all of them when none is named.

    Customers and products stay: only those that the invoices left name play a part.

    Args:
        repository: everything that was read.
        references: the ``external_reference`` of each invoice meant.

    Raises:
        PlanRejectedError: no definition has one of these references.
    """
    wanted = set(references)
    if not wanted:
        return repository
    known = sorted(invoice.external_reference for invoice in repository.invoices)
    findings = []
    for reference in sorted(wanted.difference(known)):
        near = difflib.get_close_matches(reference, known, n=1)
        findings.append(
            Finding(
                "target-unknown",
                Severity.ERROR,
                f"no definition has the external_reference {reference!r}",
                detail="Invoices are named by their external_reference, with the prefix of the repository.",
                fix=f"did you mean {near[0]!r}?" if near else "name one of the definitions that were read",
            )
        )
    if findings:
        raise PlanRejectedError(findings)
    invoices = tuple(invoice for invoice in repository.invoices if invoice.external_reference in wanted)
    return repository._replace(invoices=invoices)
