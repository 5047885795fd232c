"""The settings of a repository: what its ``pennyform.yaml`` states, and what a company inherits.

The nearest folder wins: what a company states counts more than what its root states, in whichever
environment. Of one folder, what it states for an environment counts more than its general policies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path as FilePath

from pennyform.findings import Finding
from pennyform.invoices.model import Policies, Seller, Settings, TokenSource
from pennyform.invoices.money import scalars
from pennyform.invoices.repository.expansion import is_valid
from pennyform.invoices.schema.schema import (
    DefinitionSchemas,
    FindSchemas,
    definition_schemas,
    owned_contract,
    schemas_in_force,
)
from pennyform.invoices.sources.discover import Sources
from pennyform.invoices.sources.source_file import FileReader, SourceFile
from pennyform.invoices.yaml.document import Document, Path, YamlMapping, YamlValue, holds_braces

DEFAULT_ENVIRONMENT = "production"
DEFAULT_ROUNDING = "line"
DEFAULT_DECLARED = "update"
# What the built-in templates had before they had others: what was issued keeps its texts.
DEFAULT_TEMPLATE_LANGUAGE = "en_GB"
_ENVIRONMENTS = ("sandbox", "production")


def load_settings(
    sources: Sources,
    reader: FileReader,
    findings: list[Finding],
    find_schemas: FindSchemas | None,
    environment: str | None = None,
) -> Settings:
    """The settings that hold in a repository, or the defaults.

    Args:
        sources: says where the repository begins, and which root lists it.
        reader: reads the files.
        findings: where to report what is wrong with the settings.
        find_schemas: for a repository that owns its contract; pennyform's own holds when left out.
        environment: in place of the one that the settings say.
    """
    file = reader.read(sources.settings) if sources.settings else None
    outer = reader.read(sources.outer) if sources.outer else None
    contract = owned_contract(file.document if file else None, sources.root)
    if contract is None and outer:
        contract = owned_contract(outer.document, outer.source.root)
    folder = schemas_in_force(contract, find_schemas)
    schemas = definition_schemas(folder)
    sections = _valid_settings(file, schemas, findings)
    inherited = _valid_settings(outer, schemas, findings)
    value = {**inherited, **sections}
    seller: Seller | None = None
    # Never inherited, like the account: each company issues its own invoices.
    if file and file.document and "seller" in sections:
        from pennyform.invoices.checks.seller import check_seller, seller_of

        seller = seller_of(file.document)
        findings += check_seller(file.document)
    settings = Settings(
        root=sources.root,
        environment=environment or sections.get("environment", DEFAULT_ENVIRONMENT),
        rounding=value.get("rounding", DEFAULT_ROUNDING),
        sandbox_database=sources.root / ".pennyform" / "sandbox.db",
        reference_prefix=value.get("reference_prefix", ""),
        environments={name: _policies((inherited, sections), name) for name in _ENVIRONMENTS},
        declared=value.get("declared", DEFAULT_DECLARED),
        contract=contract,
        schemas=folder,
        company=sources.company,
        companies=tuple(sections.get("companies", ())),
        token=_token_source(sections),
        seller=seller,
        template_language=value.get("template_language", DEFAULT_TEMPLATE_LANGUAGE),
    )
    if file and file.document and sections and (settings.company or settings.companies):
        findings += _check_company(settings, file.document)
    if outer and outer.document and inherited:
        findings += _check_root(outer.document)
    if settings.companies and not settings.company and file and file.document:
        findings += _check_root(file.document)
        findings += _check_companies(file.document, sources.root, reader)
    return settings


def _valid_settings(
    file: SourceFile | None, schemas: DefinitionSchemas, findings: list[Finding]
) -> YamlMapping:
    """What a file of settings states, nothing when it is not valid; adds to ``findings``."""
    if file is None:
        return {}
    findings += file.findings
    document, is_well_formed = file.document, file.is_well_formed
    if document is None:
        return {}
    if holds_braces(document.value):
        from pennyform.invoices.expressions.literals import literal_expressions

        literals = literal_expressions(document, (), "the settings")
        findings += literals
        is_well_formed = is_well_formed and not literals
    if not is_valid("pennyform", document, schemas, findings, is_well_formed=is_well_formed):
        return {}
    value: YamlMapping = document.value
    return value


def _policies(levels: tuple[YamlMapping, YamlMapping], environment: str) -> Policies:
    """The policies of one environment: those of the root, and over them the repository's own."""
    inherited, sections = (
        {
            **level.get("policies", {}),
            **level.get("environments", {}).get(environment, {}).get("policies", {}),
        }
        for level in levels
    )
    limits = {**inherited, **sections}
    codes = limits.get("vat_rates")
    return Policies(
        never_finalize=limits.get("never_finalize", False),
        max_invoices=limits.get("max_invoices"),
        max_amount=_by_currency(limits.get("max_amount", {})),
        max_total=_by_currency(limits.get("max_total", {})),
        import_tolerance=_by_currency(limits.get("import_tolerance", {})),
        vat_rates=tuple(codes) if codes is not None else None,
        # Never inherited: it says which account is meant.
        company_id=sections.get("company_id"),
        max_days_ahead=limits.get("max_days_ahead"),
        max_days_back=limits.get("max_days_back"),
        max_days_to_pay=limits.get("max_days_to_pay"),
        closed_until=scalars.parse(limits.get("closed_until", "")),
        duplicate_customers=limits.get("duplicate_customers", "forbid"),
        number_order=limits.get("number_order", "by-date"),
        older_dates=limits.get("older_dates", "warn"),
        e_invoice=limits.get("e_invoice", "send_to_pa"),
        approval=limits.get("approval", "optional"),
        document=limits.get("document", "optional"),
    )


def _by_currency(value: YamlValue) -> dict[str, Decimal]:
    """Amounts by currency; a single one is in euros."""
    amounts = value if isinstance(value, dict) else {"EUR": value}
    return {currency: Decimal(amount) for currency, amount in amounts.items()}


def _token_source(value: YamlMapping) -> TokenSource | None:
    source: Mapping[str, str] = value.get("token", {})
    return next((TokenSource(kind, name) for kind, name in source.items()), None)


# --- companies ----------------------------------------------------------------------------------------------


def _check_company(settings: Settings, document: Document) -> Iterator[Finding]:
    """Whether a company says which account it is, where a wrong token would reach another one."""
    if settings.company and settings.companies:
        yield document.finding(
            "company-settings",
            "a company has no companies of its own",
            ("companies",),
            key=True,
            fix="list them in the root's settings",
        )
    is_real = settings.environment == "production"
    if settings.company and is_real and settings.policies.company_id is None:
        yield document.finding(
            "company-identity",
            f"nothing says which account the company `{settings.company}` is",
            ("environment",),
        )


def _check_root(document: Document) -> Iterator[Finding]:
    """What the root of several companies says, although it holds for one account alone."""
    places: list[Path] = [("token",), ("policies", "company_id")]
    places += [("environments", name, "policies", "company_id") for name in _ENVIRONMENTS]
    for path in places:
        if path in document.marks:
            summary = f"`{path[-1]}` is about one company, and these settings are those of several"
            fix = "move it into the settings of the company"
            yield document.finding("company-settings", summary, path, key=True, fix=fix)


def _check_companies(document: Document, root: FilePath, reader: FileReader) -> Iterator[Finding]:
    """Whether the folders of all companies can be used, and are those of different accounts."""
    from pennyform.invoices.sources.companies import list_companies, shared_accounts

    companies, findings = list_companies(document, root)
    yield from findings
    folder = FilePath(document.file).parent
    for shared in shared_accounts(companies, reader, lambda file: str(folder / file.relative_to(root))):
        summary = f"`{shared.other}` has the same account"
        yield shared.settings.finding("company-identity", summary, shared.path)
