"""One invoice definition: valid, resolved, checked against what it leans on. Pure, given the surroundings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pennyform import data
from pennyform.findings import Finding, errors
from pennyform.invoices import desired
from pennyform.invoices.attachments import attached
from pennyform.invoices.document import Document
from pennyform.invoices.kinds import written_as
from pennyform.invoices.references import Claim, Resolved, check_amounts, check_references, claims
from pennyform.invoices.schema import definition_schema
from pennyform.invoices.surroundings import Surroundings, is_valid
from pennyform.invoices.taxation import check_vat_rates
from pennyform.invoices.template import resolve


class Outcome(NamedTuple):
    """What one definition comes to: its invoices (none when it has errors), its references, its findings."""

    invoices: tuple[Resolved, ...]
    claims: tuple[Claim, ...]
    findings: list[Finding]


def outcome(document: Document, around: Surroundings, found: Sequence[Finding] = ()) -> Outcome:
    """Check the invoice definition ``document`` and resolve it.

    Args:
        document: what its file says.
        around: what it may lean on.
        found: what was wrong with the file as YAML.
    """
    findings = list(found)
    resolved = _resolved(document, around, findings, is_sound=not errors(found))
    product = around.repository().product
    for one in resolved:
        findings += check_references(one, product, around.declared)
        findings += check_amounts(one, product)
        findings += check_vat_rates(one, product)
    return Outcome(resolved, tuple(claims("invoice", document)), findings)


def _resolved(
    document: Document, around: Surroundings, findings: list[Finding], *, is_sound: bool
) -> tuple[Resolved, ...]:
    if not is_valid(written_as(document.value), document, findings, is_sound=is_sound):
        return ()
    if "template" in document.value:
        whole = _from_template(document, around, findings)
        found: list[Finding] = []
        valid = whole is not None and is_valid("definitions/invoice", whole, found, is_sound=is_sound)
        findings += [_for_definition(finding, document) for finding in found]
        if whole is None or not valid:
            return ()
        document = whole
    files, found = attached(document, around.settings.root)
    findings += found
    return () if found else (Resolved(document, desired.invoice(document, files)),)


def _from_template(document: Document, around: Surroundings, findings: list[Finding]) -> Document | None:
    name = document.value["template"]
    one = around.template(name)
    if one is None:
        if name not in around.templates:
            findings.append(_unknown_template(document, name, sorted(around.templates)))
        return None
    whole, found = resolve(document, one, definition_schema("definitions/invoice"))
    findings += found
    return whole


def _for_definition(finding: Finding, document: Document) -> Finding:
    """A place inside a template does not say which definition made the value wrong: the detail does."""
    if finding.file == document.file:
        return finding
    detail = f"{finding.detail} In the invoice of {document.file}."
    return finding._replace(detail=detail.strip())


def _unknown_template(document: Document, name: str, known: Sequence[str]) -> Finding:
    from difflib import get_close_matches

    built_in = [path.stem for path in sorted((data.templates() / "invoices").glob("*.yaml"))]
    names = sorted({*known, *built_in})
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    return document.finding(
        "unknown-template",
        f"there is no template `{name[:60]}`",
        ("template",),
        detail=f"There are: {', '.join(f'`{one}`' for one in names)}." if names else "",
        fix=f"write `{close[0]}`" if close else "add it under `templates/`",
    )
