"""What the account has already, in the words of definitions, so that a plan of them has nothing to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.state import RemoteInvoice, Row
from pennyform.engine.planning.diff import shown_line
from pennyform.engine.planning.post_finalize_tasks import CATEGORIES
from pennyform.invoices.model import Repository

# Header fields that an author could have written; what the API makes up itself is left to it.
_HEADER = (
    "date",
    "deadline",
    "currency",
    "pdf_invoice_subject",
    "pdf_invoice_free_text",
    "pdf_description",
    "special_mention",
    "discount",
)
_LINE = (
    "label",
    "description",
    "quantity",
    "unit",
    "raw_currency_unit_price",
    "vat_rate",
    "discount",
    "section_rank",
    "imputation_dates",
)
_CUSTOMER = (
    "name",
    "first_name",
    "last_name",
    "reg_no",
    "vat_number",
    "billing_address",
    "delivery_address",
    "phone",
    "emails",
    "recipient",
    "reference",
    "notes",
    "payment_conditions",
    "billing_iban",
    "billing_language",
)
_PRODUCT = ("label", "price_before_tax", "unit", "vat_rate", "currency", "description", "reference")
_SECTION = ("rank", "title", "description")


class Adopted(NamedTuple):
    """One definition to write. ``path`` is within the repository; ``kind`` names its schema."""

    path: str
    kind: str
    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """Invoices of the account and what they name; ``credited`` are references of credited invoices by id."""

    invoices: tuple[RemoteInvoice, ...]
    customers: Mapping[int, Row]
    products: Mapping[int, Row]
    credited: Mapping[int, str]


def find(remote: AccountClient, *, dates: tuple[str, str] | None, references: Iterable[str]) -> Found:
    """Read invoices exactly, with their customers and products.

    Args:
        remote: the account.
        dates: the first and the last day (ISO dates) whose invoices are meant; None for none.
        references: the ``external_reference`` of further ones.

    Raises:
        OutcomeError: the account could not be read.
    """
    seen = {row.id: row for page in remote.invoices_dated(*dates) for row in page} if dates else {}
    for reference in references:
        seen |= {row.id: row for row in remote.invoices_with(reference)}
    invoices = tuple(_whole(remote, seen[id_]) for id_ in sorted(seen))
    customers = {_id(one.header.get("customer")) for one in invoices}
    products = {_id(line.get("product")) for one in invoices for line in one.lines}
    credited = {_id(one.header.get("credited_invoice")) for one in invoices}
    return Found(
        invoices,
        remote.customers_by_id(customers - {0}),
        remote.products_by_id(products - {0}),
        {row.id: row.external_reference for row in remote.invoices_by_id(credited - {0}).values()},
    )


def _whole(remote: AccountClient, row: RemoteInvoice) -> RemoteInvoice:
    row = remote.exactly(row)
    if any(line.get("section_rank") is not None for line in row.lines):
        row = remote.with_sections(row)
    return row if row.draft else remote.with_extras(row, [CATEGORIES])


def adopt(found: Found, repository: Repository) -> tuple[list[Adopted], list[str]]:
    """Definitions for everything found that has none yet.

    Returns:
        The definitions, and a sentence on each invoice that cannot be put into words.
    """
    defined = {invoice.external_reference for invoice in repository.invoices}
    prefix = repository.settings.reference_prefix
    adopted, left, used = [], [], []
    for invoice in found.invoices:
        reference = invoice.external_reference
        if not reference or not reference.startswith(prefix):
            left.append(
                f"invoice {invoice.id} has the reference {reference!r}, which does not begin {prefix!r}"
            )
        elif reference not in defined:
            used.append(invoice)
            adopted.append(Adopted(_path("invoices", reference), "invoice", _invoice(invoice, found)))
    return [*_masters(used, found, repository), *adopted], left


def _masters(used: Sequence[RemoteInvoice], found: Found, repository: Repository) -> Iterator[Adopted]:
    for id_, row in sorted(found.customers.items()):
        named = any(_id(invoice.header.get("customer")) == id_ for invoice in used)
        reference = row.get("external_reference")
        if named and reference and reference not in repository.customers:
            yield Adopted(_path("customers", reference), "customer", _customer(row))
    for id_, row in sorted(found.products.items()):
        named = any(_id(line.get("product")) == id_ for invoice in used for line in invoice.lines)
        reference = row.get("external_reference")
        if named and reference and reference not in repository.products:
            value = {"external_reference": reference, **_some(row, _PRODUCT)}
            value["price_before_tax"] = _money(row["price_before_tax"])
            yield Adopted(_path("products", reference), "product", value)


def _customer(row: Row) -> dict[str, Any]:
    # The API puts the name of a person together by itself.
    names = _CUSTOMER if row["customer_type"] == "company" else _CUSTOMER[1:]
    head = {"external_reference": row["external_reference"], "customer_type": row["customer_type"]}
    return {**head, **_some(row, names)}


def _invoice(invoice: RemoteInvoice, found: Found) -> dict[str, Any]:
    header = invoice.header
    value: dict[str, Any] = {"external_reference": invoice.external_reference}
    credited = _id(header.get("credited_invoice"))
    if credited:
        value["credit_note_of"] = found.credited.get(credited) or {"id": credited}
    value["customer"] = _named(_id(header["customer"]), found.customers)
    value |= _some(header, _HEADER)
    if invoice.sections:
        ranked = sorted(invoice.sections, key=lambda section: int(section["rank"]))
        value["invoice_line_sections"] = [_some(section, _SECTION) for section in ranked]
    value["invoice_lines"] = [_line(line, found) for line in invoice.lines]
    if header.get("transaction_reference"):
        value["transaction_reference"] = header["transaction_reference"]
    if not invoice.draft:
        value["options"] = _options(invoice)
    return value


def _options(invoice: RemoteInvoice) -> dict[str, Any]:
    categories = [
        {"id": row["id"], "weight": str(row["weight"])} for row in invoice.extras.get(CATEGORIES, ())
    ]
    return {"finalize": True, **({"categories": categories} if categories else {})}


def _line(line: Row, found: Found) -> dict[str, Any]:
    words = shown_line(line)
    product = {"product": _named(words["product_id"], found.products)} if "product_id" in words else {}
    stated = _some(words, _LINE)
    stated["quantity"] = Decimal(words["quantity"])
    # Text that a product would fill in is said even where it is empty.
    if product:
        stated["unit"] = line.get("unit") or ""
    return {**product, **stated}


def _named(id_: int, rows: Mapping[int, Row]) -> Any:
    reference = rows.get(id_, {}).get("external_reference")
    return reference or {"id": id_}


def _some(row: Row, names: Iterable[str]) -> dict[str, Any]:
    """The fields of ``row`` that say something."""
    kept = ((name, _said(row.get(name))) for name in names)
    return {name: value for name, value in kept if value not in (None, "", [], {})}


def _said(value: Any) -> Any:
    if isinstance(value, Mapping):
        if "type" in value and "value" in value:
            return {**value, "value": _money(value["value"])} if _is_some(value["value"]) else None
        return {name: member for name, member in value.items() if member not in (None, "")}
    return value


def _is_some(amount: Any) -> bool:
    return amount not in (None, "") and Decimal(str(amount)) != 0


def _money(amount: Any) -> str:
    whole, _, decimals = f"{Decimal(str(amount)):f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def _path(folder: str, reference: str) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]", "_", reference).lstrip(".") or "unnamed"
    return f"{folder}/{name}.yaml"


def _id(link: Any) -> int:
    return int(link["id"]) if link else 0
