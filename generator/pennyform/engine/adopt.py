"""What the account has already, in the words of definitions, so that a plan of them has nothing to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.records import RemoteCustomer, RemoteInvoice, RemoteLine, RemoteProduct
from pennyform.engine.planning.post_finalize_tasks import CATEGORIES
from pennyform.invoices.desired.json_bodies import to_json, write_field
from pennyform.invoices.model import UNSET, Address, Discount, Repository
from pennyform.invoices.money.amounts import canonical, plain_number
from pennyform.text import file_name

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


@dataclass(frozen=True, slots=True)
class AdoptedDefinition:
    """One definition to write. ``path`` is within the repository; ``kind`` names its schema."""

    path: str
    kind: str
    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AccountExcerpt:
    """Invoices of the account and what they name; ``credited`` are references of credited invoices by id."""

    invoices: tuple[RemoteInvoice, ...]
    customers: Mapping[int, RemoteCustomer]
    products: Mapping[int, RemoteProduct]
    credited: Mapping[int, str]


def read_excerpt(
    account: AccountClient, *, dates: tuple[str, str] | None, references: Iterable[str]
) -> AccountExcerpt:
    """Read invoices exactly, with their customers and products.

    Args:
        account: whose invoices are read.
        dates: the first and the last day (ISO dates) whose invoices are meant; None for none.
        references: the ``external_reference`` of further ones.

    Raises:
        OutcomeError: the account could not be read.
    """
    listed = {row.id: row for page in account.invoices_dated(*dates) for row in page} if dates else {}
    for reference in references:
        listed |= {row.id: row for row in account.invoices_with(reference)}
    invoices = []
    for _, listing in sorted(listed.items()):
        invoice = account.exactly(listing)
        if any(line.section_rank is not None for line in invoice.lines):
            invoice = account.with_sections(invoice)
        # A draft has no categories: they are set once it is final.
        invoices.append(invoice if invoice.draft else account.with_lists(invoice, [CATEGORIES]))
    lines = [line for invoice in invoices for line in invoice.lines]
    credited = [invoice.credited_invoice_id for invoice in invoices if invoice.credited_invoice_id]
    return AccountExcerpt(
        tuple(invoices),
        account.customers_by_id(invoice.customer_id for invoice in invoices if invoice.customer_id),
        account.products_by_id(line.product_id for line in lines if line.product_id),
        {row.id: row.external_reference for row in account.invoices_by_id(credited).values()},
    )


def adopt(excerpt: AccountExcerpt, repository: Repository) -> tuple[list[AdoptedDefinition], list[str]]:
    """Definitions for everything found that has none yet.

    Returns:
        The definitions, and a sentence on each invoice that cannot be put into words.
    """
    defined = {invoice.external_reference for invoice in repository.invoices}
    prefix = repository.settings.reference_prefix
    adopted, skipped, adopting = [], [], []
    for invoice in excerpt.invoices:
        reference = invoice.external_reference
        if not reference or not reference.startswith(prefix):
            skipped.append(
                f"invoice {invoice.id} has the reference {reference!r}, which does not begin {prefix!r}"
            )
        elif reference not in defined:
            adopting.append(invoice)
            adopted.append(
                AdoptedDefinition(_path("invoices", reference), "invoice", _invoice(invoice, excerpt))
            )
    return [*_prerequisites(adopting, excerpt, repository), *adopted], skipped


def _prerequisites(
    adopting: Sequence[RemoteInvoice], excerpt: AccountExcerpt, repository: Repository
) -> Iterator[AdoptedDefinition]:
    customers = {invoice.customer_id for invoice in adopting}
    products = {line.product_id for invoice in adopting for line in invoice.lines}
    for id_, customer in sorted(excerpt.customers.items()):
        reference = customer.body.external_reference
        if id_ in customers and reference and reference not in repository.customers:
            # The API puts the name of a person together by itself.
            names = _CUSTOMER if customer.customer_type == "company" else _CUSTOMER[1:]
            head = {"external_reference": reference, "customer_type": customer.customer_type}
            yield AdoptedDefinition(
                _path("customers", reference), "customer", {**head, **_fields(customer.body, names)}
            )
    for id_, product in sorted(excerpt.products.items()):
        reference = product.body.external_reference
        if id_ in products and reference and reference not in repository.products:
            value = {"external_reference": reference, **_fields(product.body, _PRODUCT)}
            yield AdoptedDefinition(_path("products", reference), "product", value)


def _invoice(invoice: RemoteInvoice, excerpt: AccountExcerpt) -> dict[str, Any]:
    value: dict[str, Any] = {"external_reference": invoice.external_reference}
    credited = invoice.credited_invoice_id
    if credited:
        value["credit_note_of"] = excerpt.credited.get(credited) or {"id": credited}
    value["customer"] = _named(invoice.customer_id or 0, excerpt.customers)
    value |= _fields(invoice, _HEADER)
    if invoice.sections:
        ranked = sorted(invoice.sections, key=lambda section: section.rank)
        value["invoice_line_sections"] = [_fields(section, _SECTION) for section in ranked]
    value["invoice_lines"] = [_line(line, excerpt) for line in invoice.lines]
    if invoice.transaction_reference:
        value["transaction_reference"] = to_json(invoice.transaction_reference)
    # What is final stays final by the definition, too: else each plan would warn about it.
    if not invoice.draft:
        shares = [{"id": share.id, "weight": str(share.weight)} for share in invoice.categories or ()]
        value["options"] = {"finalize": True, **({"categories": shares} if shares else {})}
    return value


def _line(line: RemoteLine, excerpt: AccountExcerpt) -> dict[str, Any]:
    fields = _fields(line, _LINE)
    fields["quantity"] = Decimal(plain_number(line.quantity or Decimal(0)))
    if not line.product_id:
        return fields
    # Text that a product would fill in is said even where it is empty.
    return {"product": _named(line.product_id, excerpt.products), **fields, "unit": line.unit or ""}


def _named(id_: int, records: Mapping[int, RemoteCustomer] | Mapping[int, RemoteProduct]) -> Any:
    record = records.get(id_)
    return (record.body.external_reference if record else None) or {"id": id_}


def _fields(record: Any, names: Iterable[str]) -> dict[str, Any]:
    """The fields of ``record`` that say something, as a definition says them."""
    values = ((name, _to_definition(name, getattr(record, name))) for name in names)
    return {name: value for name, value in values if value not in (None, "", [], {})}


def _to_definition(name: str, value: Any) -> Any:
    if value is UNSET:
        return None
    if isinstance(value, Discount):
        return {"type": value.type, "value": canonical(value.value)} if value.value else None
    if isinstance(value, Address):
        return {part: text for part, text in to_json(value).items() if text not in (None, "")}
    if isinstance(value, Decimal) and name != "quantity":
        return canonical(value)
    return write_field(name, value)


def _path(folder: str, reference: str) -> str:
    return f"{folder}/{file_name(reference) or 'unnamed'}.yaml"
