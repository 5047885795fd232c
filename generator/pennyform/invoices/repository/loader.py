"""An invoice repository: all its files, read, checked and resolved in one go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pennyform.findings import Finding, tidy
from pennyform.invoices.checks.references import ReferenceClaim, ResolvedInvoice, duplicates
from pennyform.invoices.desired.json_bodies import digest
from pennyform.invoices.model import DesiredInvoice, Repository
from pennyform.invoices.repository.context import RepositoryContext, load_context
from pennyform.invoices.repository.definition import DefinitionResult, check_definition
from pennyform.invoices.schema.rules import with_rule_texts
from pennyform.invoices.sources.discover import Sources, discover
from pennyform.invoices.sources.source_file import FileReader, Source, is_surely_an_invoice
from pennyform.invoices.yaml.document import YamlMapping

if TYPE_CHECKING:
    from pennyform.invoices.checks.credit_notes import CreditNote


def load(
    paths: Sequence[str | Path],
    on_invoice: Callable[[ResolvedInvoice], None] | None = None,
    *,
    environment: str | None = None,
) -> tuple[Repository, list[Finding]]:
    """Read the definitions under ``paths``, and the customers, products and templates declared beside them.

    Args:
        paths: files and folders of one invoice repository; the working directory when empty.
        on_invoice: is called with each invoice and what it was made from, which is not kept.
        environment: whose policies hold; the one that the settings say when left out.

    Returns:
        The repository, with only those definitions that have no error, and every finding in all files.

    Raises:
        Failure: a path does not exist, the paths belong to several repositories, or the emitted schemas are
            missing.
    """
    reader = FileReader(hash_contents=True)
    sources = discover(paths, reader)
    unsure, sure = partition(sources.requested, reader)
    context = load_context(sources, (*sources.shared, *unsure), reader)
    if environment:
        context.settings = context.settings._replace(environment=environment)
    invoices: list[DesiredInvoice] = []
    notes: list[CreditNote] = []
    files: dict[str, str] = {}
    findings, claims = [*sources.rejected, *context.findings], context.claims
    for result in check_files([*context.invoices, *sure], context):
        for resolved in result.invoices:
            invoices.append(resolved.invoice._replace(digest=digest(resolved.invoice)))
            if on_invoice:
                on_invoice(resolved)
        findings += result.findings
        claims += result.claims
        notes += result.credit_notes
        files.update(result.files)
    for path, sha256 in reader.sha256.items():
        is_inside = path.is_relative_to(sources.root)
        files[path.relative_to(sources.root).as_posix() if is_inside else str(path)] = sha256
    findings += [*duplicates(claims), *check_credit_notes(notes, claims, sources, context)]
    return context.repository(invoices, files), tidy(with_rule_texts(findings))


def own_templates(folder: Path) -> dict[str, YamlMapping]:
    """The content of each usable template of the repository in ``folder``, by name."""
    reader = FileReader()
    sources = discover([folder], reader)
    library = load_context(sources, sources.shared, reader).library
    templates = {name: library.find(name) for name in library.user_templates()}
    return {name: template.document.value for name, template in templates.items() if template}


def partition(requested: Sequence[Source], reader: FileReader) -> tuple[list[Source], list[Source]]:
    """Of ``requested``, the files that may declare something else than an invoice, and those that cannot."""
    unsure: list[Source] = []
    sure: list[Source] = []
    for source in requested:
        content, _ = reader.content(source)
        (sure if is_surely_an_invoice(source, content) else unsure).append(source)
    return unsure, sure


def check_files(invoices: Sequence[Source], context: RepositoryContext) -> Iterator[DefinitionResult]:
    """The result of each of the files ``invoices``, in their order; nothing of one is kept for the next."""
    for source in invoices:
        file = context.reader.read(source)
        if file.document is None:
            yield DefinitionResult((), (), (), file.findings, {})
        else:
            yield check_definition(file.document, context, file.findings)


def check_credit_notes(
    notes: Sequence[CreditNote],
    claims: Sequence[ReferenceClaim],
    sources: Sources,
    context: RepositoryContext,
) -> Iterator[Finding]:
    """What keeps credit notes from taking back the invoices that they name, where those are defined here.

    Args:
        notes: of the run, which has kept nothing of the invoices: they are resolved again.
        claims: which file each reference of the run is in.
        sources: of the run; when it was given a part of the repository, the rest is searched too.
        context: what the invoices depend on.
    """
    if not notes:
        return
    from pennyform.invoices.checks.credit_notes import compare, misspelled, terms

    credited = {note.of for note in notes}
    known = [claim for claim in claims if claim.kind == "invoice" and claim.reference in credited]
    files = {claim.source for claim in known}
    # A reference does not say which file it is in; the claims do.
    again = [source for source in sources.requested if source.name in files]
    again += _files_mentioning(credited - {claim.reference for claim in known}, sources, context)
    product, rounding = context.repository().product, context.settings.rounding
    invoices = {
        resolved.invoice.external_reference: terms(resolved.invoice, product, rounding)
        for result in check_files(again, context)
        for resolved in result.invoices
    }
    yield from misspelled(notes, (claim.reference for claim in claims if claim.kind == "invoice"))
    yield from compare(notes, invoices)


def _files_mentioning(
    references: Collection[str], sources: Sources, context: RepositoryContext
) -> Iterator[Source]:
    """Files of the repository beyond those requested that one of ``references`` occurs in."""
    if not references or not sources.settings:
        return
    # A definition may leave the prefix out.
    prefix, known = context.settings.reference_prefix, {source.path for source in sources.requested}
    texts = [reference.removeprefix(prefix).encode() for reference in references]
    for source in discover([sources.root], context.reader).requested:
        content = None if source.path in known else context.reader.content(source)[0]
        if content is not None and any(text in content for text in texts):
            yield source
