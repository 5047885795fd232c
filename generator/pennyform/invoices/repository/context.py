"""What every invoice definition depends on: settings, templates, declared customers and products.

Read once for a run, however many invoices there are, and never changed by one of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from pennyform.findings import Finding
from pennyform.invoices.checks.customers import check_customer
from pennyform.invoices.checks.identities import DeclaredCustomer, check_identities
from pennyform.invoices.checks.references import ReferenceClaim, ResolvedDefinition
from pennyform.invoices.desired import resolve
from pennyform.invoices.model import (
    DesiredCustomer,
    DesiredInvoice,
    DesiredProduct,
    Policies,
    Repository,
    Settings,
)
from pennyform.invoices.model.budget import OverBudgetError
from pennyform.invoices.money import scalars
from pennyform.invoices.repository.expansion import expand, is_valid, place_of, with_subject
from pennyform.invoices.schema.schema import (
    DefinitionSchemas,
    FindSchemas,
    definition_schemas,
    owned_contract,
    schemas_in_force,
)
from pennyform.invoices.sources.discover import Sources
from pennyform.invoices.sources.source_file import FileReader, Source, kind_of
from pennyform.invoices.yaml.document import Document, YamlMapping, YamlValue, holds_braces

if TYPE_CHECKING:
    from pennyform.invoices.templates.template_set import TemplateSet


class Declarations:
    """The customers and products of one file that are valid, and the claims of all of them.

    ``files`` are the data files that it draws on, by path below the root, with the SHA-256 of each.
    """

    def __init__(self, findings: list[Finding], files: Mapping[str, str]) -> None:
        self.customers: list[DeclaredCustomer] = []
        self.products: list[DesiredProduct] = []
        self.claims: list[ReferenceClaim] = []
        self.findings = findings
        self.files = files


def declare(
    document: Document, kind: str, context: RepositoryContext, *, is_well_formed: bool
) -> Declarations:
    """What ``document`` declares: one customer or product, or one for each row of its data file.

    Args:
        document: what the file says.
        kind: ``customer`` or ``product``.
        context: where the repository lies, what reads its data files, and the schemas.
        is_well_formed: whether the file had no errors as YAML.
    """
    schemas, root = context.schemas, context.settings.root
    expansion = expand(document, kind, schemas, root, context.reader, is_well_formed=is_well_formed)
    declared = Declarations(expansion.findings, expansion.files)
    for definition in expansion.definitions:
        # A reference counts as declared whatever else is wrong: one mistake is one finding.
        declared.claims += _claims(definition, kind)
        findings: list[Finding] = []
        resolved, name = definition.document, f"definitions/{kind}"
        valid = is_valid(name, resolved, schemas, findings, is_well_formed=expansion.is_well_formed)
        # What could not be evaluated stands there as it is written: no number, no address.
        if kind == "customer" and not resolved.spoiled:
            findings += check_customer(resolved)
        # Also with a card that is wrong: that is said there, not at each invoice of the customer.
        if valid and kind == "customer":
            customer = resolve.customer(resolved, schemas.schema(name))._replace(place=place_of(definition))
            declared.customers.append(DeclaredCustomer(resolved, customer))
        elif valid:
            product = resolve.product(resolved, schemas.schema(name))
            declared.products.append(product._replace(place=place_of(definition)))
        declared.findings += with_subject(findings, definition, kind)
    return declared


def _claims(definition: ResolvedDefinition, kind: str) -> list[ReferenceClaim]:
    """The reference that ``definition`` states, even when it has other mistakes."""
    document = definition.document
    reference = document.value.get("external_reference") if isinstance(document.value, dict) else None
    if not isinstance(reference, str) or document.is_spoiled(("external_reference",)):
        return []
    return [ReferenceClaim(kind, reference, place_of(definition), document.file)]


DEFAULT_ENVIRONMENT = "production"
DEFAULT_ROUNDING = "line"
DEFAULT_DECLARED = "update"
_ENVIRONMENTS = ("sandbox", "production")
_SHARED_KINDS = ("customer", "product", "invoice-template")


class RepositoryContext:
    """Settings, templates, customers and products of a repository, and the findings about all this.

    ``schemas`` say what its definitions may say, by the contract that it owns or by pennyform's own.
    ``declared`` are the references of all customers and products, by kind, those with mistakes included.
    ``today`` is the day of the check, None where nothing depends on it;
    ``invoices`` are files that could not be told from the others before they were parsed. ``files`` are the
    data files that customers and products draw on, by path below the root, with the SHA-256 of each.
    ``elsewhere`` are the invoices' files that the run was not asked for, None until they are looked for.
    """

    def __init__(
        self, settings: Settings, schemas: DefinitionSchemas, reader: FileReader, findings: list[Finding]
    ) -> None:
        self.settings, self.schemas, self.reader, self.findings = settings, schemas, reader, findings
        self.today: dt.date | None = None
        self.customers: dict[str, DesiredCustomer] = {}
        self.products: dict[str, DesiredProduct] = {}
        self.claims: list[ReferenceClaim] = []
        self.declared: dict[str, set[str]] = {"customer": set(), "product": set()}
        self.invoices: list[Source] = []
        self.files: dict[str, str] = {}
        self.elsewhere: list[Source] | None = None

    @cached_property
    def template_set(self) -> TemplateSet:
        """The templates of the repository, and those that come with pennyform."""
        from pennyform.invoices.templates.template_set import TemplateSet

        return TemplateSet()

    def add(self, declarations: Declarations) -> None:
        """Add what one file declares, and what was found wrong with it."""
        self.customers |= {
            entry.customer.external_reference: entry.customer for entry in declarations.customers
        }
        self.products |= {product.external_reference: product for product in declarations.products}
        for claim in declarations.claims:
            self.declared[claim.kind].add(claim.reference)
        self.claims += declarations.claims
        self.findings += declarations.findings
        self.files |= declarations.files

    def repository(
        self, invoices: Iterable[DesiredInvoice] = (), files: Mapping[str, str] = MappingProxyType({})
    ) -> Repository:
        """The repository of these settings, customers and products, with the given invoices and hashes."""
        root = self.settings.root
        return Repository(root, self.settings, tuple(invoices), self.customers, self.products, files)


def load_context(
    sources: Sources,
    candidates: Iterable[Source],
    reader: FileReader,
    find_schemas: FindSchemas | None = None,
) -> RepositoryContext:
    """Read what invoices depend on.

    Args:
        sources: says where the repository begins and what its settings file is.
        candidates: the files that may declare a customer, a product or a template.
        reader: reads the files.
        find_schemas: for a repository that owns its contract; pennyform's own holds when left out.

    Raises:
        Failure: the schemas have not been emitted, or see ``FindSchemas``.
    """
    findings: list[Finding] = []
    settings = _load_settings(sources, reader, findings, find_schemas)
    context = RepositoryContext(settings, definition_schemas(settings.schemas), reader, findings)
    customers: list[DeclaredCustomer] = []
    templates: list[tuple[Document, bool]] = []
    for source in candidates:
        reader.budget.begin()
        try:
            file = reader.read(source)
            kind = kind_of(source, file.document) if file.document else source.kind
            if kind not in _SHARED_KINDS:
                context.invoices.append(source)
                continue
            findings += file.findings
            if file.document is None:
                continue
            if kind == "invoice-template":
                valid = is_valid(
                    kind, file.document, context.schemas, findings, is_well_formed=file.is_well_formed
                )
                templates.append((file.document, valid))
                continue
            declared = declare(file.document, kind, context, is_well_formed=file.is_well_formed)
        except OverBudgetError as error:
            findings += error.findings
            break
        context.add(declared)
        customers += declared.customers
    if len(customers) > 1:
        is_allowed = context.settings.policies.duplicate_customers != "forbid"
        findings += check_identities(customers, warn=is_allowed)
    if templates:
        requested = sources.requested_shared.union(source.name for source in sources.requested)
        findings += _add_templates(context.template_set, templates, requested)
    return context


def _add_templates(
    template_set: TemplateSet, templates: Iterable[tuple[Document, bool]], requested: Collection[str]
) -> list[Finding]:
    """Add the user's templates, each with whether it is valid, to ``template_set``.

    Returns:
        What is wrong with them; with their expressions, only for those in the files ``requested``.
    """
    for document, valid in templates:
        template_set.add(document, is_valid=valid)
    # Also templates that no definition uses are checked; those without a finding are ready for all invoices.
    for name in template_set.user_templates():
        template_set.find(name)
    template_set.check_expressions(requested)
    return template_set.findings


def _load_settings(
    sources: Sources, reader: FileReader, findings: list[Finding], find_schemas: FindSchemas | None
) -> Settings:
    """The settings that ``pennyform.yaml`` states, or the defaults; adds to ``findings``."""
    value: YamlMapping = {}
    file = reader.read(sources.settings) if sources.settings else None
    contract = owned_contract(file.document if file else None, sources.root)
    folder = schemas_in_force(contract, find_schemas)
    if file:
        findings += file.findings
        document, is_well_formed = file.document, file.is_well_formed
        if document and holds_braces(document.value):
            from pennyform.invoices.expressions.literals import literal_expressions

            literals = literal_expressions(document, (), "the settings")
            findings += literals
            is_well_formed = is_well_formed and not literals
        schemas = definition_schemas(folder)
        if document and is_valid("pennyform", document, schemas, findings, is_well_formed=is_well_formed):
            value = document.value
    environments = {}
    for name in _ENVIRONMENTS:
        # The general policies, and over them those of one environment.
        of_environment = value.get("environments", {}).get(name, {}).get("policies", {})
        limits = {**value.get("policies", {}), **of_environment}
        codes = limits.get("vat_rates")
        environments[name] = Policies(
            never_finalize=limits.get("never_finalize", False),
            max_invoices=limits.get("max_invoices"),
            max_amount=_by_currency(limits.get("max_amount", {})),
            max_total=_by_currency(limits.get("max_total", {})),
            import_tolerance=_by_currency(limits.get("import_tolerance", {})),
            vat_rates=tuple(codes) if codes is not None else None,
            company_id=limits.get("company_id"),
            max_days_ahead=limits.get("max_days_ahead"),
            max_days_back=limits.get("max_days_back"),
            max_days_to_pay=limits.get("max_days_to_pay"),
            closed_until=scalars.parse(limits.get("closed_until", "")),
            duplicate_customers=limits.get("duplicate_customers", "forbid"),
            number_order=limits.get("number_order", "by-date"),
            older_dates=limits.get("older_dates", "warn"),
        )
    return Settings(
        root=sources.root,
        environment=value.get("environment", DEFAULT_ENVIRONMENT),
        rounding=value.get("rounding", DEFAULT_ROUNDING),
        sandbox_database=sources.root / ".pennyform" / "sandbox.db",
        reference_prefix=value.get("reference_prefix", ""),
        environments=environments,
        declared=value.get("declared", DEFAULT_DECLARED),
        contract=contract,
        schemas=folder,
    )


def _by_currency(value: YamlValue) -> dict[str, Decimal]:
    """Amounts by currency; a single one is in euros."""
    amounts = value if isinstance(value, dict) else {"EUR": value}
    return {currency: Decimal(amount) for currency, amount in amounts.items()}
