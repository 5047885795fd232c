"""An invoice repository: all its files, read, checked and resolved in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pennyform.findings import Finding, errors, tidy
from pennyform.invoices import desired
from pennyform.invoices.discover import Source, Sources, discover
from pennyform.invoices.document import Document
from pennyform.invoices.model import DesiredCustomer, DesiredInvoice, DesiredProduct, Repository, Settings
from pennyform.invoices.read import read_file
from pennyform.invoices.schema import check

DEFAULT_ENVIRONMENT = "production"
DEFAULT_ROUNDING = "line"


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

    def run(self) -> Repository:
        settings = self._settings()
        documents: dict[str, list[Document]] = {
            "invoice": [],
            "customer": [],
            "product": [],
            "invoice-template": [],
        }
        for source in (*self.sources.beside, *self.sources.given):
            document = self._read(source)
            if document:
                documents[_kind(source, document)].append(document)
        customers = {one.external_reference: one for one in map(self._customer, documents["customer"]) if one}
        products = {one.external_reference: one for one in map(self._product, documents["product"]) if one}
        invoices = tuple(one for one in map(self._invoice, documents["invoice"]) if one)
        return Repository(settings.root, settings, invoices, customers, products, self.files)

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
        if digest:
            self.files[source.name] = digest
        return document

    def _is_valid(self, kind: str, document: Document) -> bool:
        found = check(kind, document)
        self.findings += found
        return not errors(found)

    def _customer(self, document: Document) -> DesiredCustomer | None:
        return desired.customer(document) if self._is_valid("customer", document) else None

    def _product(self, document: Document) -> DesiredProduct | None:
        return desired.product(document) if self._is_valid("product", document) else None

    def _invoice(self, document: Document) -> DesiredInvoice | None:
        return desired.invoice(document) if self._is_valid("invoice", document) else None


def _kind(source: Source, document: Document) -> str:
    """What a file declares: it says so itself, or its folder does, or else its fields do."""
    value = document.value if isinstance(document.value, dict) else {}
    stated = value.get("kind")
    if stated in ("invoice", "customer", "product", "invoice-template"):
        return str(stated)
    if source.kind:
        return source.kind
    if "invoice_lines" in value or "customer" in value or "template" in value:
        return "invoice"
    for telling, kind in (
        ("billing_address", "customer"),
        ("price_before_tax", "product"),
        ("parameters", "invoice-template"),
    ):
        if telling in value:
            return kind
    return "invoice"
