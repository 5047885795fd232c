"""One invoice definition: valid, resolved, checked against what it depends on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pennyform.findings import Finding, errors
from pennyform.invoices.checks.amounts import check_absolute_discount, check_expectations, check_policies
from pennyform.invoices.checks.dates import check_dates
from pennyform.invoices.checks.references import (
    IMPORTED_FILE,
    IMPORTED_NUMBER,
    ReferenceClaim,
    ResolvedDefinition,
    ResolvedInvoice,
    check_credited,
    check_prefix,
    check_references,
)
from pennyform.invoices.checks.signs import check_signs
from pennyform.invoices.checks.vat import TEXTS, check_vat
from pennyform.invoices.desired import resolve as desired
from pennyform.invoices.desired.resolve import WITHOUT_PREFIX, prefixed, with_prefix
from pennyform.invoices.model import UNSET, DesiredCustomer, ImportedInvoiceBody, Key, Place, Policies
from pennyform.invoices.model.budget import OverBudgetError
from pennyform.invoices.repository.context import RepositoryContext
from pennyform.invoices.repository.expansion import expand, is_valid, place_of, with_subject
from pennyform.invoices.schema.patterns import Check
from pennyform.invoices.sources.source_file import Source, definition_schema_name
from pennyform.invoices.yaml.document import Document

if TYPE_CHECKING:
    from pennyform.invoices.checks.credit_notes import CreditNote
    from pennyform.invoices.deductions.links import Link
    from pennyform.invoices.sources.attachments import AttachmentResult

# What few definitions need is only imported for them: starting is most of the time that checking one file
# takes, and Jinja alone would add a third to it.
_NO_POLICIES = Policies()


class DefinitionResult(NamedTuple):
    """The result of one definition: its invoices (none when it has errors), its references, its findings.

    ``credit_notes`` are left to be compared with what they take back, which may be in other files. ``linked``
    are those of the invoices that take off deposits: their lines, and what is checked of these, are still
    missing. ``links`` say which other invoices they name.
    ``files`` are the files that it draws on or sends, by path below the root, with the SHA-256 of each.
    """

    invoices: tuple[ResolvedInvoice, ...]
    claims: tuple[ReferenceClaim, ...]
    credit_notes: tuple[CreditNote, ...]
    findings: list[Finding]
    files: Mapping[str, str]
    linked: tuple[LinkedDefinition, ...] = ()
    links: tuple[Link, ...] = ()


class LinkedDefinition(NamedTuple):
    """An invoice that takes off deposits, and the definition that it was resolved from."""

    definition: ResolvedDefinition
    resolved: ResolvedInvoice


def check_definition(
    document: Document, context: RepositoryContext, yaml_findings: Sequence[Finding] = ()
) -> DefinitionResult:
    """Check the invoice definition ``document`` and resolve it.

    Args:
        document: what its file says.
        context: what it may depend on.
        yaml_findings: what was wrong with the file as YAML.
    """
    checker = _DefinitionChecker(context, list(yaml_findings), is_well_formed=not errors(yaml_findings))
    definitions = checker.expand(document)
    invoices = [invoice for invoice in map(checker.resolve, definitions) if invoice]
    claims = [claim for definition in definitions for claim in checker.claims(definition)]
    notes: tuple[CreditNote, ...] = ()
    if any(resolved.invoice.credit_note_of for resolved in invoices):
        from pennyform.invoices.checks.credit_notes import credit_notes

        product, rounding = context.repository().product, context.settings.rounding
        notes = tuple(credit_notes(invoices, product, rounding))
    # The number of another invoice only comes from an expression.
    linked = [
        resolved
        for resolved in invoices
        if resolved.invoice.credit_note_of or resolved.invoice.deductions or resolved.origins
    ]
    links: tuple[Link, ...] = ()
    if linked:
        from pennyform.invoices.deductions.links import links_of

        links = tuple(link for resolved in linked for link in links_of(resolved))
    return DefinitionResult(
        tuple(invoices),
        (*claims, *checker.imports),
        notes,
        checker.findings,
        checker.files,
        tuple(checker.linked),
        links,
    )


class Related:
    """What is kept of all definitions of a run for looking at them together.

    ``claims`` are all references; ``links`` say which invoice names which; ``notes`` are the credit notes;
    ``linked`` are the definitions that take off deposits, whose lines are still missing.
    """

    def __init__(self, claims: Iterable[ReferenceClaim] = ()) -> None:
        self.claims = list(claims)
        self.links: list[Link] = []
        self.notes: list[CreditNote] = []
        self.linked: list[LinkedDefinition] = []

    def add(self, result: DefinitionResult) -> None:
        """Keep what ``result`` says about other definitions."""
        self.claims += result.claims
        self.links += result.links
        self.notes += result.credit_notes
        self.linked += result.linked

    def extend(self, other: Related) -> None:
        """Keep what is kept in ``other`` as well."""
        self.claims += other.claims
        self.links += other.links
        self.notes += other.notes
        self.linked += other.linked


def check_files(invoices: Sequence[Source], context: RepositoryContext) -> Iterator[DefinitionResult]:
    """The result of each of the files ``invoices``, in their order; nothing of one is kept for the next.

    When the budget of the run is used up, the last result has the finding that says so.
    """
    budget = context.reader.budget
    for source in invoices:
        if budget.is_used_up:
            return
        try:
            yield _check_file(source, context)
        except OverBudgetError as error:
            yield DefinitionResult((), (), (), error.findings, {})


def _check_file(source: Source, context: RepositoryContext) -> DefinitionResult:
    budget = context.reader.budget
    budget.begin()
    file = context.reader.read(source)
    if file.document is None:
        result = DefinitionResult((), (), (), file.findings, {})
    else:
        result = check_definition(file.document, context, file.findings)
    budget.draw("findings", len(result.findings), lambda: Place(source.name, 1, 1))
    return result


class _DefinitionChecker:
    """Takes one file through all checks, and keeps what is found."""

    def __init__(self, context: RepositoryContext, findings: list[Finding], *, is_well_formed: bool) -> None:
        self.context = context
        self.findings = findings
        self.files: dict[str, str] = {}
        self.imports: list[ReferenceClaim] = []
        self.linked: list[LinkedDefinition] = []
        self.is_well_formed = is_well_formed

    def expand(self, document: Document) -> list[ResolvedDefinition]:
        """The definitions in ``document``: itself, or one for each row that it is for."""
        context = self.context
        expansion = expand(
            document,
            "invoice",
            context.schemas,
            context.settings.root,
            context.reader,
            is_well_formed=self.is_well_formed,
        )
        self.findings += expansion.findings
        self.files.update(expansion.files)
        self.is_well_formed = expansion.is_well_formed
        return expansion.definitions

    def resolve(self, definition: ResolvedDefinition) -> ResolvedInvoice | None:
        """The invoice that ``definition`` asks for; None when it has errors."""
        findings: list[Finding] = []
        resolved = self._resolve(definition, findings)
        if resolved:
            if resolved.invoice.draws_on_others:
                self.linked.append(LinkedDefinition(definition, resolved))
            else:
                findings += check_resolved(resolved, self.context)
            if resolved.invoice.file:
                place, source = resolved.document.place(("file",)), definition.document.file
                self.imports.append(
                    ReferenceClaim(IMPORTED_FILE, resolved.invoice.file.sha256, place, source)
                )
                body = resolved.invoice.body
                if isinstance(body, ImportedInvoiceBody) and body.invoice_number:
                    place = resolved.document.place(("invoice_number",))
                    self.imports.append(ReferenceClaim(IMPORTED_NUMBER, body.invoice_number, place, source))
        self.findings += with_subject(findings, definition, "invoice")
        return None if errors(findings) else resolved

    def claims(self, definition: ResolvedDefinition) -> list[ReferenceClaim]:
        """The reference that ``definition`` states, even when it has other mistakes."""
        value = definition.document.value
        reference = value.get("external_reference") if isinstance(value, dict) else None
        # What could not be evaluated says nothing.
        if not isinstance(reference, str) or definition.document.is_spoiled(("external_reference",)):
            return []
        prefix = self.context.settings.reference_prefix
        full = reference if value.get(WITHOUT_PREFIX) is True else prefixed(reference, prefix)
        return [ReferenceClaim("invoice", full, place_of(definition), definition.document.file)]

    def _resolve(self, definition: ResolvedDefinition, findings: list[Finding]) -> ResolvedInvoice | None:
        document, schema_name = definition.document, definition_schema_name(definition.document.value)
        schemas = self.context.schemas
        pattern, is_well_formed = definition.pattern, self.is_well_formed
        if not is_valid(
            schema_name, document, schemas, findings, is_well_formed=is_well_formed, pattern=pattern
        ):
            if schema_name == "definitions/invoice" and isinstance(document.value, dict):
                # What the template finds wrong with the values is reported with the other mistakes.
                name = document.value.get("template")
                template = self.context.template_set.find(name) if isinstance(name, str) else None
                if template:
                    from pennyform.invoices.templates.apply import resolve_values

                    from_text = definition.row is not None
                    findings += resolve_values(document, template, definition.origins, from_text=from_text)[1]
            return None
        complete: ResolvedDefinition | None = definition
        if "template" in document.value:
            complete = self._apply_template(definition, findings)
        if complete is None:
            return None
        pattern = complete.pattern
        # After the template: an expression may have given the reference.
        prefix = self.context.settings.reference_prefix
        findings += check_prefix(complete.document, prefix)
        document = with_prefix(complete.document, prefix)
        attachments: AttachmentResult = {}
        if "file" in document.value or (document.value.get("options") or {}).get("appendices"):
            from pennyform.invoices.sources.attachments import find_attachments

            attachments, problems = find_attachments(document, self.context.settings.root)
            findings += problems
            if problems:
                return None
            self.files.update({file.path: file.sha256 for file in attachments.values()})
            pattern = None
        schema = schemas.schema(definition_schema_name(document.value))
        invoice = desired.invoice(document, schema, attachments, pattern)
        if definition.row:
            invoice = invoice._replace(place=place_of(definition))
        if document.value.get("e_invoice"):
            from pennyform.invoices.checks.e_invoices import as_e_invoice

            invoice, problems = as_e_invoice(invoice, document, self.context.settings.root)
            findings += problems
        return ResolvedInvoice(document, invoice, complete.origins, pattern)

    def _apply_template(
        self, definition: ResolvedDefinition, findings: list[Finding]
    ) -> ResolvedDefinition | None:
        template_set, schemas = self.context.template_set, self.context.schemas
        schema_name = "definitions/invoice"
        template = template_set.template(definition.document, ("template",), findings)
        if template is None:
            return None
        from pennyform.invoices.templates.apply import apply_template

        named = definition.document.value.get("customer")
        customer = self.context.customers.get(named) if isinstance(named, str) else None
        complete, problems = apply_template(
            definition,
            template,
            schemas.schema(schema_name),
            self.context.reader.budget,
            self.context.settings,
            customer.body.billing_language if customer else UNSET,
        )
        # A broken expression of the template is one finding, however many invoices use it.
        findings += [finding for finding in problems if finding.place not in template_set.reported]
        if complete is None:
            return None
        # Once more by the schema: what expressions gave may be of the wrong form.
        valid = is_valid(
            schema_name,
            complete.document,
            schemas,
            findings,
            is_well_formed=self.is_well_formed,
            pattern=complete.pattern,
        )
        return complete if valid else None


def check_resolved(resolved: ResolvedInvoice, context: RepositoryContext) -> list[Finding]:
    """Everything that is wrong, or probably not meant, about one invoice once it is resolved.

    Args:
        resolved: the invoice.
        context: the settings, and the customers and products declared beside it.
    """
    key = resolved.invoice.body.customer_id
    customer = None
    if isinstance(key, Key) and key.field == "external_reference":
        customer = context.customers.get(str(key.value))
    if resolved.pattern:
        return resolved.pattern.findings(_CHECKS, resolved.document.value, resolved, context, customer)
    return [finding for check in _CHECKS for finding in check.run(resolved, context, customer)]


_Customer = DesiredCustomer | None


def _credited(resolved: ResolvedInvoice, *_: object) -> Iterable[Finding]:
    return check_credited(resolved) if resolved.invoice.credit_note_of else ()


def _references(resolved: ResolvedInvoice, context: RepositoryContext, _: _Customer) -> Iterable[Finding]:
    return check_references(resolved, context.repository().product, context.declared)


def _signs(resolved: ResolvedInvoice, context: RepositoryContext, _: _Customer) -> Iterator[Finding]:
    product = context.repository().product
    problems = list(check_absolute_discount(resolved, product)) if resolved.invoice.body.discount else []
    yield from problems
    yield from check_signs(resolved, product, context.settings.rounding, with_discount=not problems)


def _vat(resolved: ResolvedInvoice, context: RepositoryContext, customer: _Customer) -> Iterable[Finding]:
    return check_vat(resolved, context.repository().product, customer)


def _dates(resolved: ResolvedInvoice, context: RepositoryContext, _: _Customer) -> Iterable[Finding]:
    return check_dates(resolved, context.settings.policies, context.today)


def _rest(resolved: ResolvedInvoice, context: RepositoryContext, customer: _Customer) -> Iterator[Finding]:
    """What few invoices ask for."""
    settings, product = context.settings, context.repository().product
    if resolved.invoice.options.send_by_email or resolved.invoice.options.send_to_pa:
        from pennyform.invoices.checks.delivery import check_delivery

        yield from check_delivery(resolved, customer)
    if resolved.invoice.file:
        from pennyform.invoices.checks.imports import check_import

        yield from check_import(resolved, settings.policies.import_tolerance)
    if resolved.invoice.expect:
        yield from check_expectations(resolved, product, settings.rounding)


def _policies(resolved: ResolvedInvoice, context: RepositoryContext, _: _Customer) -> Iterable[Finding]:
    settings = context.settings
    if settings.policies == _NO_POLICIES:
        return ()
    return check_policies(resolved, settings.policies, context.repository().product, settings.rounding)


_CHECKS = (
    Check(_credited, frozenset(("external_reference", "credit_note_of"))),
    Check(_references, frozenset(("customer", "product", "currency"))),
    Check(
        _signs,
        frozenset(("quantity", "raw_currency_unit_price", "discount", "product", "vat_rate", "currency")),
    ),
    Check(
        _vat,
        frozenset(("vat_rate", "product", "customer", "date", "options")),
        frozenset((*TEXTS, "description")),
    ),
    Check(_rest, None),
    Check(_dates, frozenset(("date", "deadline"))),
    Check(_policies, None),
)
