"""Invoices checked as electronic ones: built, written, and held to the rules."""

from __future__ import annotations

from collections.abc import Iterator

from pennyform.documents import ubl
from pennyform.documents.build import OtherInvoices, Result, build
from pennyform.documents.rule_sets import check, rule_sets
from pennyform.documents.violations import findings
from pennyform.findings import Finding
from pennyform.invoices import Repository, ResolvedInvoice


def check_invoice(
    resolved: ResolvedInvoice, repository: Repository, other_invoices: OtherInvoices
) -> Iterator[Finding]:
    """What keeps an invoice from being a valid electronic one; see :func:`pennyform.documents.build.build`.

    Raises:
        Failure: ``missing-extra``.
    """
    yield from check_result(build(resolved, repository, other_invoices))


def check_result(result: Result) -> Iterator[Finding]:
    """What is wrong with one document: what has no mapping, and the rules that it breaks.

    UBL and CII say the same, and UBL is checked in half the time; that both are valid is shown by the tests.
    """
    yield from result.findings
    if result.document:
        is_french = result.document.scope == "B2B"
        violations = check(ubl.write(result.document), "ubl", rule_sets(is_french=is_french))
        yield from findings(violations, result.document, result.places)
