"""What every invoice definition may lean on: settings, templates, declared customers and products.

Read once for a run, however many invoices there are, and never changed by one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from pennyform.findings import Finding, errors
from pennyform.invoices.checks.references import ReferenceClaim, claims
from pennyform.invoices.checks.semantics import check_any, check_invoice
from pennyform.invoices.desired import resolve
from pennyform.invoices.model import (
    DesiredCustomer,
    DesiredInvoice,
    DesiredProduct,
    Repository,
    Settings,
)
from pennyform.invoices.schema.schema import definition_schema
from pennyform.invoices.schema.validator import schema_errors
from pennyform.invoices.sources.discover import Source, Sources
from pennyform.invoices.sources.kinds import kind_of
from pennyform.invoices.sources.settings import settings
from pennyform.invoices.sources.source_file import Witness, reading
from pennyform.invoices.templates.library import Library
from pennyform.invoices.yaml.document import Document


class Surroundings:
    """What invoices lean on, and the findings about all this.

    ``declared`` are the references of all customers and products, by kind, those with mistakes included.
    ``invoices`` are files that could not be told from the others before they were read.
    """

    def __init__(self, settings: Settings, findings: list[Finding]) -> None:
        self.settings = settings
        self.findings = findings
        self.customers: dict[str, DesiredCustomer] = {}
        self.products: dict[str, DesiredProduct] = {}
        self.library = Library()
        self.claims: list[ReferenceClaim] = []
        self.declared: dict[str, set[str]] = {"customer": set(), "product": set()}
        self.invoices: list[Source] = []

    def repository(
        self, invoices: Iterable[DesiredInvoice] = (), files: Mapping[str, str] = MappingProxyType({})
    ) -> Repository:
        """The repository of these settings, customers and products, with the given invoices and hashes."""
        root = self.settings.root
        return Repository(root, self.settings, tuple(invoices), self.customers, self.products, files)


def surroundings(sources: Sources, candidates: Iterable[Source], witness: Witness) -> Surroundings:
    """Read what invoices lean on.

    Args:
        sources: says where the repository begins and what its settings file is.
        candidates: the files that may declare a customer, a product or a template.
        witness: is shown each file that was read.
    """
    findings: list[Finding] = []
    around = Surroundings(_settings(sources, findings, witness), findings)
    for source in candidates:
        read = reading(source)
        kind = kind_of(source, read.document) if read.document else source.kind
        if kind not in _ADD:
            around.invoices.append(source)
            continue
        witness(read)
        around.findings += read.findings
        if read.document:
            _ADD[kind](around, read.document, is_sound=read.is_sound)
    for name in around.library.own():
        around.library.find(name)
    around.library.check_expressions(sources.asked.union(source.name for source in sources.given))
    around.findings += around.library.findings
    return around


def is_valid(kind: str, document: Document, findings: list[Finding], *, is_sound: bool) -> bool:
    """Whether ``document`` is a definition of ``kind``; adds to ``findings`` why not.

    Args:
        kind: which schema holds.
        document: what the file says.
        findings: where to report.
        is_sound: whether the file had no errors as YAML; one with errors is checked but never valid.
    """
    schema = definition_schema(kind)
    meaning = check_invoice if kind.startswith("definitions/") else check_any
    found = [*schema_errors(kind, document), *meaning(document, schema)]
    findings += found
    return is_sound and not errors(found)


def _settings(sources: Sources, findings: list[Finding], witness: Witness) -> Settings:
    stated: dict[str, Any] = {}
    if sources.settings:
        read = reading(sources.settings)
        witness(read)
        findings += read.findings
        if read.document and is_valid("pennyform", read.document, findings, is_sound=read.is_sound):
            stated = read.document.value
    return settings(sources.root, stated)


def _add_customer(around: Surroundings, document: Document, *, is_sound: bool) -> None:
    _declare(around, "customer", document)
    if is_valid("customer", document, around.findings, is_sound=is_sound):
        customer = resolve.customer(document)
        around.customers[customer.external_reference] = customer


def _add_product(around: Surroundings, document: Document, *, is_sound: bool) -> None:
    _declare(around, "product", document)
    if is_valid("product", document, around.findings, is_sound=is_sound):
        product = resolve.product(document)
        around.products[product.external_reference] = product


def _declare(around: Surroundings, kind: str, document: Document) -> None:
    """A reference counts as declared whatever else is wrong: one mistake is one finding."""
    stated = claims(kind, document)
    around.claims += stated
    around.declared[kind].update(one.reference for one in stated)


def _add_template(around: Surroundings, document: Document, *, is_sound: bool) -> None:
    usable = is_valid("invoice-template", document, around.findings, is_sound=is_sound)
    around.library.add(document, is_valid=usable)


_ADD: dict[str, Callable[..., None]] = {
    "customer": _add_customer,
    "product": _add_product,
    "invoice-template": _add_template,
}
