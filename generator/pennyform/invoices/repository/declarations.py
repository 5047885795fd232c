"""Customers and products that are declared beside the invoices: a file → those that it declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pennyform.findings import Finding
from pennyform.invoices.checks.customers import check_customer
from pennyform.invoices.checks.identities import DeclaredCustomer
from pennyform.invoices.checks.references import ReferenceClaim, ResolvedDefinition
from pennyform.invoices.desired import resolve
from pennyform.invoices.model import DesiredProduct
from pennyform.invoices.repository.expansion import expand, is_valid, place_of, with_subject
from pennyform.invoices.sources.source_file import FileReader
from pennyform.invoices.yaml.document import Document


@dataclass(slots=True)
class Declarations:
    """The customers and products of one file that are valid, and the claims of all of them.

    ``files`` are the data files that it draws on, by path below the root, with the SHA-256 of each.
    """

    customers: list[DeclaredCustomer] = field(default_factory=list)
    products: list[DesiredProduct] = field(default_factory=list)
    claims: list[ReferenceClaim] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    files: Mapping[str, str] = field(default_factory=dict)


def declare(
    document: Document, kind: str, root: Path, reader: FileReader, *, is_well_formed: bool
) -> Declarations:
    """What ``document`` declares: one customer or product, or one for each row of its data file.

    Args:
        document: what the file says.
        kind: ``customer`` or ``product``.
        root: the folder of the invoice repository.
        reader: reads data files.
        is_well_formed: whether the file had no errors as YAML.
    """
    expansion = expand(document, kind, root, reader, is_well_formed=is_well_formed)
    declared = Declarations(findings=expansion.findings, files=expansion.files)
    for definition in expansion.definitions:
        # A reference counts as declared whatever else is wrong: one mistake is one finding.
        declared.claims += _claims(definition, kind)
        findings: list[Finding] = []
        resolved, name = definition.document, f"definitions/{kind}"
        valid = is_valid(name, resolved, findings, is_well_formed=expansion.is_well_formed)
        # What could not be evaluated stands there as it is written: no number, no address.
        if kind == "customer" and not resolved.spoiled:
            findings += check_customer(resolved)
        # Also with a card that is wrong: that is said there, not at each invoice of the customer.
        if valid and kind == "customer":
            customer = resolve.customer(resolved)._replace(place=place_of(definition))
            declared.customers.append(DeclaredCustomer(resolved, customer))
        elif valid:
            declared.products.append(resolve.product(resolved)._replace(place=place_of(definition)))
        declared.findings += [with_subject(finding, definition, kind) for finding in findings]
    return declared


def _claims(definition: ResolvedDefinition, kind: str) -> list[ReferenceClaim]:
    """The reference that ``definition`` states, even when it has other mistakes."""
    document = definition.document
    reference = document.value.get("external_reference") if isinstance(document.value, dict) else None
    if not isinstance(reference, str) or document.is_spoiled(("external_reference",)):
        return []
    return [ReferenceClaim(kind, reference, place_of(definition), document.file)]
