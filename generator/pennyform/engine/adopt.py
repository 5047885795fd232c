"""What the account has already, in the words of definitions, so that a plan of them has nothing to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.records import RemoteCustomer, RemoteInvoice, RemoteLine, RemoteProduct
from pennyform.engine.planning.post_finalize_tasks import CATEGORIES
from pennyform.invoices.desired.json_bodies import to_json, write_field
from pennyform.invoices.desired.resolve import WITHOUT_PREFIX, prefixed
from pennyform.invoices.model import UNSET, Address, Discount, Repository
from pennyform.invoices.money.scalars import canonical, plain_number
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
_PRODUCT = (
    "label",
    "price_before_tax",
    "unit",
    "vat_rate",
    "currency",
    "description",
    "reference",
    "substance",
)
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
    account: AccountClient,
    *,
    dates: tuple[str, str | None] | None,
    references: Iterable[str],
    prefix: str = "",
) -> tuple[AccountExcerpt, list[str]]:
    """Read invoices exactly, with their customers and products.

    Args:
        account: whose invoices are read.
        dates: the first and the last day (ISO dates) whose invoices are meant, None for no last day; None
            for no invoices by date.
        references: the ``external_reference`` of further ones, with or without ``prefix``.
        prefix: of the repository; the empty text for none.

    Returns:
        What there is, and a sentence on each reference that no invoice has.

    Raises:
        OutcomeError: the account could not be read.
    """
    listed = {row.id: row for page in account.invoices_dated(*dates) for row in page} if dates else {}
    missing = []
    for reference in references:
        forms = dict.fromkeys([reference, prefixed(reference, prefix)])
        rows = next(filter(None, map(account.invoices_with, forms)), [])
        listed |= {row.id: row for row in rows}
        if not rows:
            quoted = " or ".join(f"`{form}`" for form in forms)
            missing.append(f"no invoice of the account has the external_reference {quoted}")
    invoices = []
    for _, listing in sorted(listed.items()):
        invoice = account.exactly(listing)
        if any(line.section_rank is not None for line in invoice.lines):
            invoice = account.with_sections(invoice)
        # A draft has no categories: they are set once it is final.
        invoices.append(invoice if invoice.draft else account.with_lists(invoice, [CATEGORIES]))
    lines = [line for invoice in invoices for line in invoice.lines]
    credited = [invoice.credited_invoice_id for invoice in invoices if invoice.credited_invoice_id]
    excerpt = AccountExcerpt(
        tuple(invoices),
        account.customers_by_id(invoice.customer_id for invoice in invoices if invoice.customer_id),
        account.products_by_id(line.product_id for line in lines if line.product_id),
        {row.id: row.external_reference for row in account.invoices_by_id(credited).values()},
    )
    return excerpt, missing


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
        if not reference:
            skipped.append(
                f"invoice {invoice.id} ({invoice.invoice_number or 'a draft'}) has no external_reference: "
                "give it one by the API (PUT /customer_invoices), then adopt it"
            )
        elif reference not in defined:
            adopting.append(invoice)
            value = _invoice(invoice, excerpt, prefix)
            adopted.append(AdoptedDefinition(_path("invoices", reference), "invoice", value))
    customers = {invoice.customer_id for invoice in adopting}
    products = {line.product_id for invoice in adopting for line in invoice.lines}
    declared = [
        *_customers({id_: row for id_, row in excerpt.customers.items() if id_ in customers}, repository),
        *_products({id_: row for id_, row in excerpt.products.items() if id_ in products}, repository),
    ]
    return [*declared, *adopted], skipped


def adopt_declared(
    account: AccountClient, repository: Repository, kinds: Sequence[str], references: Sequence[str]
) -> tuple[list[AdoptedDefinition], list[str], list[str]]:
    """Definitions for customers and products of the account that are not declared yet.

    Args:
        account: whose records are read.
        repository: what is declared.
        kinds: ``customer``, ``product`` or both.
        references: the ``external_reference`` of those meant; none for all of them.

    Returns:
        The definitions, a sentence on each reference that no record has, and one on each record that has no
        reference.

    Raises:
        OutcomeError: the account could not be read.
    """
    customers: Mapping[int, RemoteCustomer] = {}
    products: Mapping[int, RemoteProduct] = {}
    if "customer" in kinds:
        matches = account.customers(references)
        customers = {row.id: row for row in matches.values()} if references else account.all_customers()
    if "product" in kinds:
        known = account.products(references)
        products = {row.id: row for row in known.values()} if references else account.all_products()
    records: list[RemoteCustomer | RemoteProduct] = [*customers.values(), *products.values()]
    names = {record.body.external_reference for record in records}
    what = " or ".join(kinds)
    missing = [
        f"no {what} of the account has the external_reference `{reference}`"
        for reference in references
        if reference not in names
    ]
    skipped = []
    for record in records:
        if not record.body.external_reference:
            kind = "customer" if isinstance(record, RemoteCustomer) else "product"
            skipped.append(
                f"{kind} {record.id} has no external_reference: give it one in Pennylane or by the API "
                "(PUT), then adopt it; until then definitions name it by its id, as in "
                f"`{kind}: {{id: {record.id}}}`"
            )
    adopted = [*_customers(customers, repository), *_products(products, repository)]
    return _with_own_paths(adopted), missing, skipped


def _with_own_paths(adopted: Sequence[AdoptedDefinition]) -> list[AdoptedDefinition]:
    """``adopted``, each in a file of its own also where capitals or special characters make no difference."""
    taken: set[str] = set()
    result = []
    for definition in adopted:
        path, number = definition.path, 1
        while path.casefold() in taken:
            number += 1
            path = f"{definition.path.removesuffix('.yaml')}-{number}.yaml"
        taken.add(path.casefold())
        result.append(replace(definition, path=path))
    return result


def _customers(
    customers: Mapping[int, RemoteCustomer], repository: Repository
) -> Iterator[AdoptedDefinition]:
    for _, customer in sorted(customers.items()):
        reference = customer.body.external_reference
        if reference and reference not in repository.customers:
            # The API puts the name of a person together by itself.
            names = _CUSTOMER if customer.customer_type == "company" else _CUSTOMER[1:]
            head = {"external_reference": reference, "customer_type": customer.customer_type}
            value = {**head, **_fields(customer.body, names)}
            yield AdoptedDefinition(_path("customers", reference), "customer", value)


def _products(products: Mapping[int, RemoteProduct], repository: Repository) -> Iterator[AdoptedDefinition]:
    for _, product in sorted(products.items()):
        reference = product.body.external_reference
        if reference and reference not in repository.products:
            value = {"external_reference": reference, **_fields(product.body, _PRODUCT)}
            account = product.body.ledger_account_id
            if isinstance(account, int):
                value["ledger_account"] = {"id": account}
            yield AdoptedDefinition(_path("products", reference), "product", value)


def _invoice(invoice: RemoteInvoice, excerpt: AccountExcerpt, prefix: str) -> dict[str, Any]:
    value: dict[str, Any] = {"external_reference": invoice.external_reference}
    if not invoice.external_reference.startswith(prefix):
        value[WITHOUT_PREFIX] = True
    credited = invoice.credited_invoice_id
    if credited:
        reference = excerpt.credited.get(credited)
        # The prefix would make another reference of it.
        is_named = reference and reference.startswith(prefix)
        value["credit_note_of"] = reference if is_named else {"id": credited}
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
