"""What commands share that make and check documents: streams of invoices, and what is wrong with them.

The documents that were issued are downloaded by the engine, and read by ``documents``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pennyform.extras import require_extra
from pennyform.findings import Finding, closest_name, errors, failure
from pennyform.invoices import Repository, ResolvedInvoice, load
from pennyform.invoices.model import UNSET, InvoiceBody
from pennyform.invoices.schema.rules import with_rule_texts
from pennyform.invoices.schema.schema import FindSchemas

if TYPE_CHECKING:
    from pennyform.documents.issued import Expected
    from pennyform.documents.model import Document
    from pennyform.engine.account.records import RemoteFile
    from pennyform.engine.issued import CheckDocument, CheckedDocument, Issued


def e_invoice_findings(
    paths: Sequence[str | Path],
    find_schemas: FindSchemas | None,
    *,
    environment: str | None = None,
    repository: Repository | None = None,
    references: Collection[str] | None = None,
    files: Mapping[str, str] | None = None,
) -> list[Finding]:
    """What keeps the valid invoices under ``paths`` from being valid electronic invoices.

    The definitions are read twice: what an invoice says of others is known once all are read, and the second
    time each is checked and let go.

    Args:
        paths: files and folders of one repository.
        find_schemas: for a repository that owns its contract.
        environment: whose policies hold.
        repository: the definitions as they were read; they are read when it is left out.
        references: the ``external_reference`` of each invoice to check; all of them when left out.
        files: the digest of each file as it was planned; those of ``repository`` when left out.

    Raises:
        Failure: ``missing-extra``, ``plan-stale`` when files changed meanwhile, and what
            :func:`pennyform.invoices.load` raises.
    """
    from pennyform.documents.build import OtherInvoices
    from pennyform.documents.checking import InvoiceChecks

    if repository is None:
        repository, _ = load(paths, environment=environment, find_schemas=find_schemas)
    names = {invoice.external_reference for invoice in repository.invoices}
    if references is not None:
        names.intersection_update(references)
    with InvoiceChecks(repository, OtherInvoices.of(repository), count=len(names)) as checks:

        def add(resolved: ResolvedInvoice) -> None:
            if resolved.invoice.external_reference in names:
                checks.add(resolved)

        checked, _ = load(paths, add, environment=environment, find_schemas=find_schemas)
    if checked.files != (repository.files if files is None else files):
        raise failure(
            "plan-stale",
            "definitions changed while they were checked as electronic invoices",
            file=str(repository.root),
            fix="run it again",
        )
    return list(with_rule_texts(checks.findings))


class Previewed(NamedTuple):
    """One invoice as its customer gets it: its document, None when there can be none, and the findings.

    ``notes`` say what the preview claims and what it cannot know, in the language of the document.
    """

    reference: str
    document: Document | None
    findings: list[Finding]
    notes: tuple[str, ...]


def invoices_of(
    references: Sequence[str], resolved: list[ResolvedInvoice], noun: str, fix: str
) -> list[ResolvedInvoice]:
    """The invoices of ``references``, in their order; all of them when none is named.

    Args:
        references: what the user named.
        resolved: the invoices that there are.
        noun: what a reference names, for saying that there is no such thing.
        fix: what to do where no reference is alike.

    Raises:
        Failure: ``preview-target``.
    """
    by_reference = {definition.invoice.external_reference: definition for definition in resolved}
    for reference in references:
        if reference not in by_reference:
            near = closest_name(reference, by_reference)
            summary = f"there is no {noun} `{reference[:100]}`"
            raise failure("preview-target", summary, fix=f"write `{near}`" if near else fix)
    return [by_reference[name] for name in dict.fromkeys(references)] if references else resolved


def previews(
    invoices: Iterable[ResolvedInvoice], repository: Repository, language: str | None
) -> Iterator[Previewed]:
    """The documents of ``invoices``, built and checked one after the other."""
    from pennyform.documents.build import OtherInvoices, build
    from pennyform.documents.checking import check_result
    from pennyform.documents.rule_sets import rule_sets
    from pennyform.typesetting import labels

    other_invoices = OtherInvoices.of(repository)
    for resolved in invoices:
        result = build(resolved, repository, other_invoices, language)
        problems = list(check_result(result))
        document = result.document
        notes: tuple[str, ...] = ()
        if document:
            words, count = labels(document.language), len(errors(problems))
            names = ", ".join(rule_sets(is_french=document.scope == "B2B"))
            # What was checked, and nothing beyond it: another platform may have rules of its own.
            outcome = (
                "claim_violations" if count > 1 else "claim_violation" if count else "claim_no_violation"
            )
            checked = words[outcome].format(count=count, rules=names)
            notes = (checked, *(words[name] for name in document.unclaimed))
        yield Previewed(resolved.invoice.external_reference, document, problems, notes)


def document_check(repository: Repository) -> CheckDocument:
    """What compares a document with the definition that it was issued for.

    Raises:
        Failure: ``missing-extra``.
    """
    require_extra("einvoice", "looking at documents")
    # Nothing of this is imported for any other command.
    from pennyform.documents.issued import check_issued
    from pennyform.engine.issued import CheckedDocument
    from pennyform.engine.planning.diff import Difference

    seller = repository.settings.seller
    is_franchise = seller is not None and seller.vat_regime == "franchise"

    def check(issued: Issued, content: bytes, file: RemoteFile) -> CheckedDocument:
        checked = check_issued(content, _expected(issued, file, is_franchise=is_franchise))
        differences = (Difference(row.pointer, row.after, row.before) for row in checked.differences)
        return CheckedDocument(checked.verdict, tuple(differences), tuple(checked.notes))

    return check


def _expected(issued: Issued, file: RemoteFile, *, is_franchise: bool) -> Expected:
    from pennyform.documents.issued import Expected

    desired, resolved, body = issued.desired, issued.resolved, issued.resolved.body
    mention = body.special_mention if isinstance(body, InvoiceBody) else UNSET
    return Expected(
        number=issued.remote.invoice_number,
        is_credit_note=resolved.totals.amount < 0,
        date=body.date,
        deadline=body.deadline,
        totals=resolved.totals,
        lines=resolved.lines,
        discount=body.discount or None,
        mention=str(mention or ""),
        buyer=resolved.customer if issued.is_card_known else None,
        is_franchise=is_franchise,
        has_xml=file.is_factur_x,
        file_sha256=desired.file.sha256 if desired.file else "",
    )
