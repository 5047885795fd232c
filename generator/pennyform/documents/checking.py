"""Invoices checked as electronic ones: built, written, and held to the rules."""

from __future__ import annotations

from collections.abc import Iterator

from pennyform.documents import ubl
from pennyform.documents.build import OtherInvoices, Result, build
from pennyform.documents.parties import buyer_party, scope
from pennyform.documents.places import Places
from pennyform.documents.rule_sets import check, rule_sets, rule_sets_of_file
from pennyform.documents.violations import findings, findings_of_file
from pennyform.findings import Finding
from pennyform.invoices import Repository, ResolvedInvoice
from pennyform.invoices.sources.attachments import LARGEST
from pennyform.invoices.sources.factur_x import invoice_xml
from pennyform.safe_files import read_inside


def check_invoice(
    resolved: ResolvedInvoice, repository: Repository, other_invoices: OtherInvoices
) -> Iterator[Finding]:
    """What keeps an invoice from being a valid electronic one; see :func:`pennyform.documents.build.build`.

    Raises:
        Failure: ``missing-extra``.
    """
    if resolved.invoice.e_invoice_lines:
        yield from _check_file(resolved, repository)
    else:
        yield from check_result(build(resolved, repository, other_invoices))


def _check_file(resolved: ResolvedInvoice, repository: Repository) -> Iterator[Finding]:
    """What keeps the file of an imported electronic invoice from being valid; its definition is."""
    file, root = resolved.invoice.file, repository.root
    if file is None:
        return
    xml, syntax = invoice_xml(read_inside(root, root / file.path, LARGEST))
    customer = repository.customer(resolved.invoice.body.customer_id)
    is_french = customer is not None and scope(buyer_party(customer)) == "B2B"
    violations = check(xml, syntax, rule_sets_of_file(xml, syntax, is_french=is_french))
    yield from findings_of_file(violations, Places(resolved, repository))


def check_result(result: Result) -> Iterator[Finding]:
    """What is wrong with one document: what has no mapping, and the rules that it breaks.

    UBL and CII say the same, and UBL is checked in half the time; that both are valid is shown by the tests.
    """
    yield from result.findings
    if result.document:
        is_french = result.document.scope == "B2B"
        violations = check(ubl.write(result.document), "ubl", rule_sets(is_french=is_french))
        yield from findings(violations, result.document, result.places)
