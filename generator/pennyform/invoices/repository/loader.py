"""An invoice repository: all its files, read, checked and resolved in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pennyform.findings import Failure, Finding, errors, tidy
from pennyform.invoices.checks.references import ResolvedInvoice, duplicates, outside_companies
from pennyform.invoices.desired.json_bodies import digest
from pennyform.invoices.model import DesiredInvoice, Repository, Settings
from pennyform.invoices.repository.context import RepositoryContext, load_context, path_below
from pennyform.invoices.repository.definition import Related, check_files
from pennyform.invoices.repository.settings import load_settings
from pennyform.invoices.schema.rules import with_rule_texts
from pennyform.invoices.schema.schema import FindSchemas
from pennyform.invoices.sources.discover import Sources, discover
from pennyform.invoices.sources.source_file import FileReader, Source, is_surely_an_invoice
from pennyform.invoices.yaml.document import YamlMapping


def load(
    paths: Sequence[str | Path],
    on_invoice: Callable[[ResolvedInvoice], None] | None = None,
    *,
    environment: str | None = None,
    find_schemas: FindSchemas | None = None,
) -> tuple[Repository, list[Finding]]:
    """Read the definitions under ``paths``, and the customers, products and templates declared beside them.

    Args:
        paths: files and folders of one invoice repository; the working directory when empty.
        on_invoice: is called with each invoice and what it was made from, which is not kept.
        environment: whose policies hold; the one that the settings say when left out.
        find_schemas: for a repository that owns its contract; pennyform's own holds when left out.

    Returns:
        The repository, with only those definitions that have no error, and every finding in all files.

    Raises:
        Failure: a path does not exist, the paths belong to several repositories, or the schemas are missing.
    """
    reader = FileReader(hash_contents=True)
    sources = discover(paths, reader)
    unsure, sure = partition(sources.requested, reader)
    context = load_context(sources, (*sources.shared, *unsure), reader, find_schemas, environment)
    invoices: list[DesiredInvoice] = []
    files = dict(context.files)
    findings, related = [*sources.rejected, *context.findings], Related(context.claims)
    for result in check_files([*context.invoices, *sure], context):
        for resolved in result.invoices:
            invoices.append(resolved.invoice)
            if on_invoice and not resolved.invoice.draws_on_others:
                on_invoice(resolved)
        findings += result.findings
        related.add(result)
        files.update(result.files)
    completed, problems = look_at_all(related, sources, context)
    if on_invoice:
        for resolved in completed.values():
            on_invoice(resolved)
    invoices = [
        completed[invoice.external_reference].invoice if invoice.draws_on_others else invoice
        for invoice in invoices
        if not invoice.draws_on_others or invoice.external_reference in completed
    ]
    invoices = [invoice._replace(digest=digest(invoice)) for invoice in invoices]
    for path, sha256 in reader.sha256.items():
        files[path_below(sources.root, path)] = sha256
    findings += problems
    repository = context.repository(invoices, files)._replace(
        requested=requested_references(context, sources)
    )
    return repository, tidy(with_rule_texts(findings)) if findings else []


def look_at_all(
    related: Related, sources: Sources, context: RepositoryContext
) -> tuple[dict[str, ResolvedInvoice], list[Finding]]:
    """Look at all definitions together: references, circles, credit notes, deposits.

    Returns:
        The valid ones of ``related.linked``, completed, by reference; and every finding.
    """
    claims = related.claims
    findings = list(duplicates(claims))
    if context.settings.companies:
        findings += [outside_companies(claim) for claim in claims if claim.kind == "invoice"]
    of_rows = [claim for claim in claims if claim.kind == "invoice" and claim.is_of_row]
    if of_rows:
        from pennyform.invoices.repository.shared_rows import check_shared_rows

        findings += check_shared_rows(of_rows, related.links)
    completed: dict[str, ResolvedInvoice] = {}
    mirrored = [other for other in related.linked if other.resolved.invoice.credit is not None]
    if mirrored or related.notes:
        from pennyform.invoices.repository.credited import check_credit_notes, complete_credits

    if mirrored:
        mirrors = complete_credits(mirrored, related, sources, context)
        findings += mirrors.findings
        completed = mirrors.completed
    if related.notes:
        findings += check_credit_notes(related.notes, claims, sources, context)
    loops: list[Finding] = []
    if related.links:
        from pennyform.invoices.deductions.links import circles, misspelled

        loops = list(circles(related.links))
        names = (claim.reference for claim in claims if claim.kind == "invoice")
        findings += [*loops, *misspelled(related.links, names)]
    # What goes round in circles has no beginning to complete it from.
    if len(mirrored) < len(related.linked) and not loops:
        from pennyform.invoices.repository.balances import BalanceCompleter

        completer = BalanceCompleter(related, sources, context, completed)
        completed = completed | completer.complete()
        findings += completer.findings
    return completed, findings


def requested_references(context: RepositoryContext, sources: Sources) -> frozenset[tuple[str, str]]:
    """The kinds and references of the customers and products that the requested files declare."""
    names = sources.requested_shared.union(source.name for source in sources.requested)
    places = [("customer", name, declared.place) for name, declared in context.customers.items()]
    places += [("product", name, declared.place) for name, declared in context.products.items()]
    return frozenset((kind, name) for kind, name, place in places if place.file in names)


def own_settings(folder: Path, find_schemas: FindSchemas | None) -> Settings:
    """The settings that hold in ``folder``, without reading any definition.

    Raises:
        Failure: something is wrong with them.
    """
    reader = FileReader()
    findings: list[Finding] = []
    settings = load_settings(discover([folder], reader), reader, findings, find_schemas)
    if errors(findings):
        raise Failure(findings)
    return settings


def own_templates(folder: Path, find_schemas: FindSchemas | None) -> tuple[Settings, dict[str, YamlMapping]]:
    """The settings of the repository in ``folder``, and the content of each usable template, by name."""
    reader = FileReader()
    sources = discover([folder], reader)
    context = load_context(sources, sources.shared, reader, find_schemas)
    templates = {name: context.template_set.find(name) for name in context.template_set.user_templates()}
    return context.settings, {
        name: template.document.value for name, template in templates.items() if template
    }


def partition(requested: Sequence[Source], reader: FileReader) -> tuple[list[Source], list[Source]]:
    """Of ``requested``, the files that may declare something else than an invoice, and those that cannot."""
    unsure: list[Source] = []
    sure: list[Source] = []
    for source in requested:
        content, _ = reader.content(source)
        (sure if is_surely_an_invoice(source, content) else unsure).append(source)
    return unsure, sure
