"""References: each names one thing, and what an invoice names is declared.

Also the records that checks work on: a definition resolved, and the invoice made from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pennyform.findings import Finding, Severity, closest_name
from pennyform.invoices.model import (
    UNSET,
    Body,
    DesiredInvoice,
    ImportedInvoiceBody,
    ImportedInvoiceLine,
    InvoiceBody,
    InvoiceLine,
    Key,
    LineBody,
    Place,
    ProductBody,
    lines_of,
)
from pennyform.invoices.money.totals import Product
from pennyform.invoices.yaml.document import Document, Path
from pennyform.text import difference, fold

if TYPE_CHECKING:
    from pennyform.invoices.expressions.evaluate import Origin
    from pennyform.invoices.schema.patterns import Pattern
    from pennyform.invoices.sources.data_file import Row


# The fields of an invoice and of its lines that may be natural keys.
_KEYS: Mapping[type[Body | LineBody], tuple[str, ...]] = {
    record: tuple(name for name in record._fields if name.endswith("_id"))
    for record in (InvoiceBody, ImportedInvoiceBody, InvoiceLine, ImportedInvoiceLine)
}

IMPORTED_FILE = "imported file"
IMPORTED_NUMBER = "imported number"


class ResolvedDefinition(NamedTuple):
    """A definition of one invoice: the document of a file, or what was made of it.

    ``origins`` are the expressions that some of its values come from, by the path of each value; ``row`` is
    the row of a data file that it was made for, None when the file defines a single invoice. ``pattern`` is
    that of the rows, None where it is not known to have one.
    """

    document: Document
    origins: Mapping[Path, Origin]
    row: Row | None = None
    pattern: Pattern | None = None


class ResolvedInvoice(NamedTuple):
    """An invoice and the document it was made from, which knows the places.

    ``origins`` are the expressions that gave values, by the path of each value; ``pattern`` is that of the
    document, None where it is not known to have one.
    """

    document: Document
    invoice: DesiredInvoice
    origins: Mapping[Path, Origin] = MappingProxyType({})
    pattern: Pattern | None = None


class ReferenceClaim(NamedTuple):
    """The claim of a definition to a reference: all that a run keeps of a valid file, hence small.

    ``kind`` is what the reference is of; ``IMPORTED_FILE`` is that of a file's content, whose SHA-256 is the
    reference, and ``IMPORTED_NUMBER`` that of a legal number. ``source`` is the file of the definition, which
    ``place`` need not be in.
    """

    kind: str
    reference: str
    place: Place
    source: str = ""

    @property
    def is_of_row(self) -> bool:
        """Whether it was made from a row of a data file."""
        return bool(self.source) and self.place.file != self.source


def check_prefix(document: Document, prefix: str) -> Iterator[Finding]:
    """A reference that begins with something that looks like the repository's prefix, and is another."""
    reference = document.value.get("external_reference")
    if not prefix or not isinstance(reference, str) or document.value.get("without_prefix") is True:
        return
    start = reference[: len(prefix)]
    if start != prefix and fold(start) == fold(prefix):
        yield document.finding(
            "lookalike-reference",
            f"`{start}` looks like the prefix `{prefix}`, and is not the same",
            ("external_reference",),
            detail=f"The reference would be `{prefix}{reference}`; {difference(start, prefix)}.",
            fix=f"write `{prefix}{reference[len(prefix) :]}`, or add `without_prefix: true`",
        )


def outside_companies(claim: ReferenceClaim) -> Finding:
    """That an invoice of the root of several companies belongs to none of them."""
    file, line, column = claim.place
    summary = f"the invoice {claim.reference} belongs to no company"
    return Finding("company-missing", Severity.ERROR, summary, file=file, line=line, column=column)


def duplicates(claims: Iterable[ReferenceClaim]) -> Iterator[Finding]:
    """Each reference that an earlier definition of the same kind has already, and each file it imports.

    A reference that looks like an earlier one is never another invoice, customer or product.
    """
    first: dict[tuple[str, str], ReferenceClaim] = {}
    for claim in claims:
        is_reference = claim.kind != IMPORTED_FILE
        name = fold(claim.reference) if is_reference else claim.reference
        earlier = first.setdefault((claim.kind, name), claim)
        if earlier is claim:
            continue
        if claim.kind == IMPORTED_FILE:
            yield Finding(
                "duplicate-import",
                Severity.ERROR,
                "another definition imports a file of the same content",
                *claim.place,
                pointer="/file",
                detail=f"It is first named at {earlier.place}. Pennylane refuses a file that it has already.",
            )
        elif claim.kind == IMPORTED_NUMBER:
            yield Finding(
                "duplicate-number",
                Severity.ERROR,
                f"another definition imports the invoice number `{earlier.reference}`",
                *claim.place,
                pointer="/invoice_number",
                detail=f"It is first given at {earlier.place}. What has one number is booked once.",
            )
        elif earlier.reference != claim.reference:
            yield Finding(
                "lookalike-reference",
                Severity.ERROR,
                f"`{claim.reference}` looks like `{earlier.reference}`, which is another {claim.kind}",
                *claim.place,
                pointer="/external_reference",
                detail=f"That is at {earlier.place}; {difference(claim.reference, earlier.reference)}.",
            )
        else:
            yield Finding(
                "duplicate-reference",
                Severity.ERROR,
                f"another {claim.kind} has the reference `{claim.reference}`",
                *claim.place,
                pointer="/external_reference",
                detail=f"It is first given at {earlier.place}. "
                f"A reference identifies one {claim.kind} permanently.",
            )


def check_credited(resolved: ResolvedInvoice) -> Iterator[Finding]:
    """A credit note that takes back itself."""
    credited = resolved.invoice.credit_note_of
    if credited and credited.value == resolved.invoice.external_reference:
        summary = "an invoice cannot be a credit note of itself"
        yield resolved.document.finding("credit-note", summary, ("credit_note_of",))


def check_references(
    resolved: ResolvedInvoice, product: Product, declared: Mapping[str, set[str]]
) -> Iterator[Finding]:
    """Natural keys that nothing declared beside the invoices answers to, and products in another currency.

    Args:
        resolved: the invoice.
        product: gives the fields of a declared product.
        declared: the references of all declared customers and products, by kind.
    """
    body = resolved.invoice.body
    records: list[tuple[Path, Body | LineBody]] = [((), body)]
    records += [(("invoice_lines", index), line) for index, line in enumerate(lines_of(body))]
    # The body calls the field `customer_id` where the definition says `customer`.
    keys = [
        ((*path, name.removesuffix("_id")), key)
        for path, record in records
        for name in _KEYS[type(record)]
        if isinstance(key := getattr(record, name), Key)
    ]
    for path, key in keys:
        known = declared[key.kind] if key.field == "external_reference" else None
        # A repository that declares none of a kind keeps them all in the account.
        if known and key.value not in known:
            yield _undeclared(resolved.document, path, key, sorted(known))
        if key.kind == "product":
            yield from check_currency(resolved, path, product(key))


def _undeclared(document: Document, path: Path, key: Key, known: list[str]) -> Finding:
    """The finding that ``key``, at ``path``, is none of the references ``known``."""
    value = str(key.value)
    alike = next((name for name in known if fold(name) == fold(value)), None)
    if alike is not None:
        return document.finding(
            "lookalike-reference",
            f"`{value}` looks like the {key.kind} `{alike}`, and is not the same",
            path,
            detail=f"In the text, {difference(value, alike)}.",
            fix=f"write `{alike}`",
        )
    close = closest_name(value, known, cutoff=0.75)
    return document.finding(
        f"undeclared-{key.kind}",
        f"no {key.kind} `{value}` is declared here",
        path,
        severity=Severity.WARNING if close else Severity.NOTE,
        detail="It is looked for in the account when planning.",
        fix=f"write `{close}`, if that is meant" if close else f"declare it under `{key.kind}s/`",
    )


def check_currency(resolved: ResolvedInvoice, path: Path, declared: ProductBody | None) -> Iterator[Finding]:
    """A line that takes its price from a product in another currency."""
    if declared is None:
        return
    invoice_currency = resolved.invoice.body.currency or "EUR"
    product_currency = declared.currency or "EUR"
    line = resolved.invoice.body.invoice_lines[int(path[1])]
    if product_currency != invoice_currency and line.raw_currency_unit_price is UNSET:
        yield resolved.document.finding(
            "product-currency",
            f"the product is priced in {product_currency}, the invoice is in {invoice_currency}",
            path,
            severity=Severity.WARNING,
        )
