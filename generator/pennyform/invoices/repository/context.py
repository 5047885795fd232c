"""What every invoice definition depends on: settings, templates, declared customers and products.

Read once for a run, however many invoices there are, and never changed by one of them.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from pathlib import Path
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
    Repository,
    Settings,
)
from pennyform.invoices.model.budget import OverBudgetError
from pennyform.invoices.repository.expansion import expand, is_valid, place_of, with_subject
from pennyform.invoices.repository.settings import load_settings
from pennyform.invoices.schema.schema import DefinitionSchemas, FindSchemas, definition_schemas
from pennyform.invoices.sources.discover import Sources
from pennyform.invoices.sources.source_file import FileReader, Source, kind_of
from pennyform.invoices.yaml.document import Document

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

    def leave_out(self, names: Collection[tuple[str, str]]) -> None:
        """Forget what is among ``names``, kinds and references."""
        self.customers = [
            entry for entry in self.customers if ("customer", entry.customer.external_reference) not in names
        ]
        self.products = [
            product for product in self.products if ("product", product.external_reference) not in names
        ]
        self.claims = [claim for claim in self.claims if (claim.kind, claim.reference) not in names]


def declare(
    document: Document, kind: str, context: RepositoryContext, root: Path, *, is_well_formed: bool
) -> Declarations:
    """What ``document`` declares: one customer or product, or one for each row of its data file.

    Args:
        document: what the file says.
        kind: ``customer`` or ``product``.
        context: what reads its data files, and the schemas.
        root: the folder of the repository that the file belongs to, which its data files lie in.
        is_well_formed: whether the file had no errors as YAML.
    """
    schemas = context.schemas
    expansion = expand(document, kind, schemas, root, context.reader, is_well_formed=is_well_formed)
    home = context.settings.root
    files = {path_below(home, root / name): sha256 for name, sha256 in expansion.files.items()}
    declared = Declarations(expansion.findings, files)
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


def path_below(root: Path, path: Path) -> str:
    """A path as hashes of a repository name it: from ``root`` on, with ``/``, also where it lies above."""
    return Path(os.path.relpath(path, root)).as_posix()


_SHARED_KINDS = ("customer", "product", "invoice-template")


class RepositoryContext:
    """Settings, templates, customers and products of a repository, and the findings about all this.

    ``schemas`` say what its definitions may say, by the contract that it owns or by pennyform's own.
    ``declared`` are the references of all customers and products, by kind, those with mistakes included.
    ``today`` is the day of the check, None where nothing depends on it;
    ``invoices`` are files that could not be told from the others before they were parsed. ``files`` are the
    data files that customers and products draw on, by path below the root, with the SHA-256 of each.
    ``elsewhere`` are the invoices' files that the run was not asked for, None until they are looked for.
    ``own`` are the kinds and references of what is declared in the repository itself, not inherited.
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
        self.own: set[tuple[str, str]] = set()
        self.invoices: list[Source] = []
        self.files: dict[str, str] = {}
        self.elsewhere: list[Source] | None = None

    @cached_property
    def template_set(self) -> TemplateSet:
        """The templates of the repository, and those that come with pennyform."""
        from pennyform.invoices.templates.template_set import TemplateSet

        return TemplateSet()

    def add(self, declarations: Declarations, *, inherited: bool = False) -> None:
        """Add what one file declares, and what was found wrong with it.

        Of what is ``inherited``, only what the repository does not declare itself.
        """
        if inherited:
            declarations.leave_out(self.own)
        else:
            for claim in declarations.claims:
                self.own.add((claim.kind, claim.reference))
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
    environment: str | None = None,
) -> RepositoryContext:
    """Read what invoices depend on.

    Args:
        sources: says where the repository begins and what its settings file is.
        candidates: the files that may declare a customer, a product or a template.
        reader: reads the files.
        find_schemas: for a repository that owns its contract; pennyform's own holds when left out.
        environment: whose policies hold; the one that the settings say when left out.

    Raises:
        Failure: the schemas have not been emitted, or see ``FindSchemas``.
    """
    findings: list[Finding] = []
    settings = load_settings(sources, reader, findings, find_schemas, environment)
    context = RepositoryContext(settings, definition_schemas(settings.schemas), reader, findings)
    customers: list[DeclaredCustomer] = []
    templates: list[tuple[Document, bool]] = []
    for source in (*candidates, *sources.inherited):
        inherited = source.root != sources.root
        reader.budget.begin()
        try:
            file = reader.read(source)
            kind = kind_of(source, file.document) if file.document else source.kind
            if kind not in _SHARED_KINDS:
                # Invoices of the root are its own matter: see check_root.
                context.invoices += [] if inherited else [source]
                continue
            if inherited and kind == "invoice-template" and _is_replaced(source, templates):
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
            well_formed = file.is_well_formed
            declared = declare(file.document, kind, context, source.root, is_well_formed=well_formed)
        except OverBudgetError as error:
            findings += error.findings
            break
        context.add(declared, inherited=inherited)
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


def _is_replaced(source: Source, templates: Iterable[tuple[Document, bool]]) -> bool:
    """Whether the repository has a template of this inherited one's name."""
    return any(Path(document.file).stem == source.path.stem for document, _ in templates)
