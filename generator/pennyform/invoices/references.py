"""What holds between definitions: references name one thing each, what is named is there, amounts fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from pennyform.findings import Finding, Severity
from pennyform.invoices.document import Document, Path
from pennyform.invoices.model import DesiredInvoice, Key, Repository
from pennyform.invoices.money import UnknownProductError, totals


class Resolved(NamedTuple):
    """An invoice and the document it was made from, which knows the places."""

    document: Document
    invoice: DesiredInvoice


def duplicates(documents: Iterable[Document], what: str) -> Iterator[Finding]:
    """Each ``external_reference`` that an earlier document has already."""
    first: dict[str, Document] = {}
    for document in documents:
        reference = document.value.get("external_reference") if isinstance(document.value, dict) else None
        if not isinstance(reference, str):
            continue
        earlier = first.setdefault(reference, document)
        if earlier is not document:
            path = ("external_reference",)
            yield document.finding(
                "duplicate-reference",
                f"another {what} has the reference `{reference}`",
                path,
                detail=f"It is first given at {earlier.place(path)}. A reference names one {what} for ever.",
                fix="give one of them another reference",
            )


def references(documents: Iterable[Document]) -> set[str]:
    """What ``documents`` declare, those with other mistakes included."""
    stated = (one.value.get("external_reference") for one in documents if isinstance(one.value, dict))
    return {reference for reference in stated if isinstance(reference, str)}


def check_references(
    resolved: Resolved, repository: Repository, declared: Mapping[str, set[str]]
) -> Iterator[Finding]:
    """Natural keys that nothing declared beside the invoices answers to, and products in another currency.

    Args:
        resolved: the invoice.
        repository: knows the declared products.
        declared: the references of all declared customers and products, by kind.
    """
    for path, key in _keys(resolved.invoice.body, ()):
        if key.field == "external_reference" and key.value not in declared[key.kind]:
            yield from _undeclared(resolved.document, path, key, declared[key.kind])
        if key.kind == "product":
            yield from _currency(resolved, path, repository.product(key))


def _keys(value: Any, path: Path) -> Iterator[tuple[Path, Key]]:
    if isinstance(value, Key):
        # The body calls the field `customer_id` where the definition says `customer`.
        yield (*path[:-1], str(path[-1]).removesuffix("_id")), value
    elif isinstance(value, Mapping):
        for name, member in value.items():
            yield from _keys(member, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _keys(item, (*path, index))


def _undeclared(document: Document, path: Path, key: Key, declared: set[str]) -> Iterator[Finding]:
    if not declared:
        return
    from difflib import get_close_matches

    close = get_close_matches(str(key.value), sorted(declared), n=1, cutoff=0.75)
    yield document.finding(
        f"undeclared-{key.kind}",
        f"no {key.kind} `{key.value}` is declared here",
        path,
        severity=Severity.WARNING if close else Severity.NOTE,
        detail="It is looked for in the account when planning.",
        fix=f"write `{close[0]}`, if that is meant" if close else f"declare it under `{key.kind}s/`",
    )


def _currency(resolved: Resolved, path: Path, product: Mapping[str, Any] | None) -> Iterator[Finding]:
    invoiced = resolved.invoice.body.get("currency", "EUR")
    priced = (product or {}).get("currency", "EUR")
    line = resolved.invoice.body["invoice_lines"][path[1]]
    if product and priced != invoiced and line.get("raw_currency_unit_price") is None:
        yield resolved.document.finding(
            "product-currency",
            f"the product is priced in {priced}, the invoice is in {invoiced}",
            path,
            severity=Severity.WARNING,
            detail="The number of its price would be taken as it is.",
            fix="give the line its own `raw_currency_unit_price`",
        )


def check_amounts(resolved: Resolved, repository: Repository) -> Iterator[Finding]:
    """An absolute discount on the invoice that takes off more than there is."""
    body = resolved.invoice.body
    discount = body.get("discount") or {}
    if discount.get("type") != "absolute":
        return
    plain = {name: value for name, value in body.items() if name != "discount"}
    try:
        before_tax = totals(plain, rounding="line", product=repository.product).before_tax
    except UnknownProductError:
        return
    value = Decimal(discount["value"])
    if not min(before_tax, Decimal(0)) <= value <= max(before_tax, Decimal(0)):
        yield resolved.document.finding(
            "discount-bounds",
            f"the discount takes off more than the lines, which come to {before_tax:f}",
            ("discount", "value"),
            fix="write a negative amount, as the lines are negative" if before_tax < 0 < value else "",
        )
