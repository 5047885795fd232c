"""``pennyform render``: each invoice as the API will get it, with its totals, without the network."""

from __future__ import annotations

from functools import partial

from msgspec import UNSET

from pennyform.cli.contracts import schemas_of
from pennyform.cli.options.definitions import RenderOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.findings import errors
from pennyform.invoices import (
    DesiredInvoice,
    Key,
    Repository,
    ResolvedInvoice,
    UnknownProductError,
    load,
    request_body,
    totals,
)
from pennyform.invoices.desired.json_bodies import after_finalize
from pennyform.invoices.model import with_placeholders
from pennyform.invoices.templates.provenance import find_provenance
from pennyform.report.render import render
from pennyform.results.documents import json_text_with_decimals
from pennyform.results.rendering import (
    CategoryShare,
    LaterSteps,
    Lookup,
    Mail,
    RenderDocument,
    RenderedInvoice,
    UploadedFile,
    ValueOrigin,
)
from pennyform.results.values import FORMAT_VERSION


def run(options: RenderOptions, terminal: Terminal) -> Exit:
    """Print invoices on standard output and findings on standard error; 4 when a definition is invalid."""
    as_json = options.format == "json"
    resolved: list[ResolvedInvoice] = []
    repository, findings = load(
        options.paths,
        resolved.append if as_json or options.provenance else None,
        find_schemas=partial(schemas_of, terminal.environ),
    )
    terminal.print_findings(findings)
    if errors(findings):
        return Exit.FINDINGS
    origins = {
        definition.invoice.external_reference: tuple(find_provenance(definition, repository))
        for definition in resolved
    }
    document = RenderDocument(
        format_version=FORMAT_VERSION,
        rounding=repository.settings.rounding,
        invoices=tuple(
            render_invoice(invoice, repository, origins.get(invoice.external_reference))
            for invoice in repository.invoices
        ),
    )
    terminal.write(json_text_with_decimals(document) if as_json else render(document, terminal.layout()))
    return Exit.OK


def render_invoice(
    invoice: DesiredInvoice, repository: Repository, origins: tuple[ValueOrigin, ...] | None = None
) -> RenderedInvoice:
    """One invoice as the API will get it, its totals, and where its values come from if given."""
    try:
        amounts = totals(invoice.body, rounding=repository.settings.rounding, product=repository.product)
    except UnknownProductError:
        amounts = None  # what the product costs is only known to the account
    return RenderedInvoice(
        external_reference=invoice.external_reference,
        kind=invoice.kind,
        operation=invoice.operation,
        body=with_placeholders(request_body(invoice, lambda key: key.to_json())),
        then=_later_steps(invoice),
        totals=amounts.record() if amounts else None,
        provenance=UNSET if origins is None else origins,
    )


def _later_steps(invoice: DesiredInvoice) -> LaterSteps:
    """What is done once the invoice is there, by name; nothing that is not asked for."""
    options = invoice.options

    def lookup(key: Key) -> Lookup:
        return Lookup(key.to_json()["lookup"])

    return LaterSteps(
        finalize=options.finalize or UNSET,
        after_finalize=with_placeholders(after_finalize(invoice.body)) or UNSET,
        deductions_from_account=tuple(
            lookup(deduction.deposit) for deduction in invoice.deductions if not deduction.lines
        )
        or UNSET,
        link_credit_note=lookup(invoice.credit_note_of) if invoice.credit_note_of else UNSET,
        appendices=tuple(UploadedFile(*file) for file in options.appendices) or UNSET,
        send_to_pa=options.send_to_pa or UNSET,
        mark_as_paid=options.mark_as_paid or UNSET,
        matched_transactions=tuple(map(lookup, options.matched_transactions)) or UNSET,
        categories=UNSET
        if options.categories is None
        else tuple(
            CategoryShare(category.key.to_json()["lookup"], category.weight)
            for category in options.categories
        ),
        send_by_email=Mail(options.send_by_email.recipients) if options.send_by_email else UNSET,
    )
