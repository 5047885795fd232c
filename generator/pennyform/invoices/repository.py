"""An invoice repository: all its files, read, checked and resolved in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pennyform import data
from pennyform.findings import Finding, errors, tidy
from pennyform.invoices import desired
from pennyform.invoices.discover import Source, Sources, discover
from pennyform.invoices.document import Document
from pennyform.invoices.meaning import check_any, check_invoice
from pennyform.invoices.model import Repository, Settings
from pennyform.invoices.parameters import Template, check_template, template
from pennyform.invoices.read import read_file
from pennyform.invoices.references import Resolved, check_amounts, check_references, duplicates, references
from pennyform.invoices.schema import check, definition_schema
from pennyform.invoices.taxation import check_vat_rates
from pennyform.invoices.template import resolve

DEFAULT_ENVIRONMENT = "production"
DEFAULT_ROUNDING = "line"

_KINDS = ("invoice", "customer", "product", "invoice-template")

# Fields that tell what a file declares when neither its folder nor the file itself says so.
_TELLING = {
    "invoice_lines": "invoice",
    "customer": "invoice",
    "template": "invoice",
    "billing_address": "customer",
    "price_before_tax": "product",
    "parameters": "invoice-template",
}


def load(paths: Sequence[str | Path]) -> tuple[Repository, list[Finding]]:
    """Read the definitions under ``paths``, and the customers, products and templates declared beside them.

    Args:
        paths: files and folders of one invoice repository; the working directory when empty.

    Returns:
        The repository, with only those definitions that have no error, and every finding in all files.

    Raises:
        Failure: a path does not exist, the paths belong to several repositories, or the emitted schemas are
            missing.
    """
    loading = _Loading(discover(paths))
    repository = loading.run()
    return repository, tidy(loading.findings)


@dataclass(slots=True)
class _Loading:
    """One run of :func:`load`: what has been read, and what was wrong with it."""

    sources: Sources
    findings: list[Finding] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    unsound: set[str] = field(default_factory=set)
    templates: dict[str, Template | None] = field(default_factory=dict)

    def run(self) -> Repository:
        settings = self._settings()
        documents: dict[str, list[Document]] = {kind: [] for kind in _KINDS}
        for source in (*self.sources.beside, *self.sources.given):
            document = self._read(source)
            if document:
                documents[_kind(source, document)].append(document)
        for document in documents["invoice-template"]:
            self._template(document)
        resolved = [one for one in map(self._invoice, documents["invoice"]) if one]
        repository = Repository(
            root=settings.root,
            settings=settings,
            invoices=tuple(one.invoice for one in resolved),
            customers=self._declared("customer", documents["customer"], desired.customer),
            products=self._declared("product", documents["product"], desired.product),
            files=self.files,
        )
        self._check_together(documents, resolved, repository)
        return repository

    def _settings(self) -> Settings:
        root = self.sources.root
        stated: dict[str, Any] = {}
        document = self._read(self.sources.settings) if self.sources.settings else None
        if document and self._is_valid("pennyform", document):
            stated = document.value
        return Settings(
            root=root,
            environment=stated.get("environment", DEFAULT_ENVIRONMENT),
            rounding=stated.get("rounding", DEFAULT_ROUNDING),
            sandbox_database=root / ".pennyform" / "sandbox.db",
        )

    def _read(self, source: Source) -> Document | None:
        document, digest, findings = read_file(source.path, source.name)
        self.findings += findings
        if errors(findings):
            self.unsound.add(source.name)
        if digest:
            self.files[_within(source.path, self.sources.root)] = digest
        return document

    def _is_valid(self, kind: str, document: Document) -> bool:
        schema = definition_schema(kind)
        meaning = check_invoice if kind == "invoice" else check_any
        found = [*check(kind, document), *meaning(document, schema)]
        self.findings += [_for_definition(finding, document) for finding in found]
        return not errors(found) and document.file not in self.unsound

    def _declared(self, kind: str, documents: list[Document], declare: Any) -> dict[str, Any]:
        valid = [declare(document) for document in documents if self._is_valid(kind, document)]
        return {one.external_reference: one for one in valid}

    def _template(self, document: Document) -> Template | None:
        one = template(document)
        if one.name in self.templates:
            self.findings.append(_second_template(document, one.name))
        found = check_template(one) if self._is_valid("invoice-template", document) else None
        self.findings += found or []
        # A template with errors is known, but nothing can be made from it: its own findings say why.
        self.templates[one.name] = one if found == [] else None
        return self.templates[one.name]

    def _invoice(self, document: Document) -> Resolved | None:
        if not self._is_valid("invoice", document):
            return None
        if "template" in document.value:
            whole = self._from_template(document)
            if whole is None or not self._is_valid("invoice", whole):
                return None
            document = whole
        return Resolved(document, desired.invoice(document))

    def _from_template(self, document: Document) -> Document | None:
        name = document.value["template"]
        if name not in self.templates and not self._built_in(name):
            self.findings.append(_unknown_template(document, name, sorted(self.templates)))
        one = self.templates.get(name)
        if one is None:
            return None
        whole, found = resolve(document, one, definition_schema("invoice"))
        self.findings += found
        return whole

    def _built_in(self, name: str) -> Template | None:
        """A template that comes with pennyform, read when it is first named."""
        path = data.templates() / "invoices" / f"{Path(name).name}.yaml"
        if not path.is_file():
            return None
        document, _, findings = read_file(path, f"built-in/{path.name}")
        self.findings += findings
        return self._template(document) if document else None

    def _check_together(
        self, documents: dict[str, list[Document]], resolved: list[Resolved], repository: Repository
    ) -> None:
        for kind in ("invoice", "customer", "product"):
            self.findings += duplicates(documents[kind], kind)
        declared = {kind: references(documents[kind]) for kind in ("customer", "product")}
        for one in resolved:
            self.findings += check_references(one, repository, declared)
            self.findings += check_amounts(one, repository)
            self.findings += check_vat_rates(one, repository)


def _for_definition(finding: Finding, document: Document) -> Finding:
    """A place inside a template does not say which definition made the value wrong: the detail does."""
    if finding.file == document.file:
        return finding
    detail = f"{finding.detail} In the invoice of {document.file}."
    return replace(finding, detail=detail.strip())


def _within(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _kind(source: Source, document: Document) -> str:
    """What a file declares: it says so itself, or its folder does, or else its fields do."""
    value = document.value if isinstance(document.value, dict) else {}
    stated = value.get("kind")
    if stated in _KINDS:
        return str(stated)
    if source.kind:
        return source.kind
    return next((kind for field_, kind in _TELLING.items() if field_ in value), "invoice")


def _second_template(document: Document, name: str) -> Finding:
    return document.finding(
        "duplicate-template",
        f"another template is called `{name}`",
        detail="A template is called like its file, whichever folder that is in.",
        fix="rename one of the files",
    )


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
