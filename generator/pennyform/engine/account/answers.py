"""The emitted client's answers as the engine's records."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, TypeVar, cast

import msgspec
from pennylane_company import convert, models, to_builtins

from pennyform.engine.account.errors import UnreadableError
from pennyform.engine.account.records import (
    RemoteCategory,
    RemoteCustomer,
    RemoteInvoice,
    RemoteLine,
    RemoteProduct,
    RemoteTransaction,
)
from pennyform.invoices.model import (
    UNSET,
    Address,
    CustomerBody,
    Discount,
    ImputationDates,
    InvoiceSection,
    ProductBody,
    TransactionReference,
)

T = TypeVar("T")
R = TypeVar("R", Address, ImputationDates, TransactionReference)

# Shown and settable by an import, but computed by Pennylane otherwise: in euros, whatever the currency.
_IN_EUROS = frozenset({"amount", "tax"})
# Of a number before the point, and behind it. The API stores amounts of at most 15 digits.
_MOST_DIGITS = 30
# Lists of an invoice with requests of their own; the invoice itself only says where.
_READ_APART = frozenset({"invoice_lines", "invoice_line_sections"})


class _Tolerant:
    """An answer whose promised fields are ``UNSET`` where it lacks them, for what can do without."""

    __slots__ = ("_answer",)

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._answer, name, msgspec.UNSET)


def _tolerant(answer: T) -> T:
    """``answer``, which may lack what the contract promises: the contract changes every week."""
    tolerant: Any = _Tolerant(answer)
    return cast("T", tolerant)


def invoice(answer: models.CustomerInvoice, lines: tuple[RemoteLine, ...] = ()) -> RemoteInvoice:
    """An invoice of a list, with the lines that came with it."""
    known = _tolerant(answer)
    reference = known.transaction_reference
    return RemoteInvoice(
        id=answer.id,
        # `status` says something else for the draft of a credit note (seen on real accounts).
        draft=answer.draft,
        external_reference=known.external_reference or "",
        invoice_number=known.invoice_number or "",
        date=known.date or None,
        deadline=known.deadline or None,
        customer_id=_link(known.customer),
        customer_invoice_template_id=_link(known.customer_invoice_template),
        currency=_known(known.currency),
        language=_known(known.language),
        label=_known(known.label),
        discount=_discount(known.discount),
        special_mention=_known(known.special_mention),
        pdf_invoice_subject=_known(known.pdf_invoice_subject),
        pdf_invoice_free_text=_known(known.pdf_invoice_free_text),
        pdf_description=_known(known.pdf_description),
        transaction_reference=_record(TransactionReference, reference) if reference else None,
        currency_amount_before_tax=_known(known.currency_amount_before_tax),
        currency_tax=_known(known.currency_tax),
        currency_amount=_known(known.currency_amount),
        paid=bool(known.paid),
        remaining_amount_with_tax=_known(known.remaining_amount_with_tax),
        e_invoicing_status=_known(_tolerant(known.e_invoicing).status) if known.e_invoicing else None,
        e_invoicing_reason=_known(_tolerant(known.e_invoicing).reason) if known.e_invoicing else None,
        credited_invoice_id=_link(known.credited_invoice),
        lines=lines,
        extra=_extra(answer, RemoteInvoice, _invoice_fields()),
    )


def line(answer: models.CustomerInvoiceLine) -> RemoteLine:
    """A line of an invoice."""
    known = _tolerant(answer)
    dates = known.imputation_dates
    return RemoteLine(
        id=answer.id,
        product_id=_link(known.product),
        label=_known(known.label),
        description=_known(known.description),
        quantity=_known(known.quantity),
        unit=_known(known.unit),
        raw_currency_unit_price=_known(known.raw_currency_unit_price),
        vat_rate=_known(known.vat_rate),
        discount=_discount(known.discount),
        substance=_known(known.substance),
        section_rank=_known(known.section_rank),
        imputation_dates=_record(ImputationDates, dates) if dates else None,
        currency_amount_before_tax=_known(known.currency_amount_before_tax),
        currency_tax=_known(known.currency_tax),
        currency_amount=_known(known.currency_amount),
        extra=_extra(answer, RemoteLine, _line_fields()),
    )


def section(answer: models.InvoiceLineSectionRecord) -> InvoiceSection:
    """A section of an invoice."""
    known = _tolerant(answer)
    extra = _extra(answer, InvoiceSection, frozenset(models.InvoiceLineSection.__struct_fields__))
    return InvoiceSection(answer.rank, _known(known.title), _known(known.description), extra)


def category(answer: models.CategoryShare | models.Category) -> RemoteCategory:
    """A category, with its share where it is one of an invoice."""
    known = _tolerant(answer)
    return RemoteCategory(
        id=answer.id,
        label=answer.label,
        analytical_code=_known(known.analytical_code),
        group_id=_link(known.category_group),
        weight=_bounded(getattr(answer, "weight", None) or Decimal(0)),
    )


def transaction(answer: models.Transaction) -> RemoteTransaction:
    """A bank transaction."""
    known = _tolerant(answer)
    return RemoteTransaction(answer.id, _known(known.label), _bounded(answer.currency_amount))


def customer(answer: Any) -> RemoteCustomer:
    """A customer, of a company or an individual; one of another kind is read as what it resembles."""
    if isinstance(answer, Mapping):
        is_person = "last_name" in answer
        kind = models.IndividualCustomerRecord if is_person else models.CompanyCustomerRecord
        answer = convert({name: answer[name] for name in kind.__struct_fields__ if name in answer}, kind)
    # The contract has a type for companies and one for individuals: each lacks fields of the other.
    fields = {
        name: value
        for name in CustomerBody._fields
        if name != "ledger_account" and (value := getattr(answer, name, msgspec.UNSET)) is not msgspec.UNSET
    }
    for name in ("billing_address", "delivery_address"):
        if fields.get(name):
            fields[name] = _record(Address, fields[name])
    if fields.get("emails") is not None:
        fields["emails"] = tuple(fields["emails"])
    extra = _extra(answer, CustomerBody, _customer_fields())
    return RemoteCustomer(
        answer.id,
        answer.customer_type,
        CustomerBody(**fields, extra=extra),
        _link(getattr(answer, "ledger_account", None)),
    )


def product(answer: models.Product) -> RemoteProduct:
    """A product."""
    known = _tolerant(answer)
    names = (name for name in ProductBody._fields if name not in ("ledger_account_id", "extra"))
    fields: dict[str, Any] = {name: _set(getattr(known, name)) for name in names}
    account = _link(known.ledger_account)
    extra = _extra(answer, ProductBody, frozenset(models.ProductCreate.__struct_fields__))
    return RemoteProduct(answer.id, ProductBody(**fields, ledger_account_id=account, extra=extra))


# --- parts of answers -------------------------------------------------------------------------------------


def _bounded(number: Decimal) -> Decimal:
    """``number``, which is finite and no longer than any amount of money.

    Raises:
        UnreadableError: it is not. Written out, ``1e99999999`` takes 100 MB, and no sum can be made with NaN.
    """
    if number and (
        not number.is_finite() or number.adjusted() >= _MOST_DIGITS or _decimals(number) > _MOST_DIGITS
    ):
        raise UnreadableError(f"an answer has the number {number}, which is out of range"[:200])
    return number


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


@lru_cache(4096)
def _decimal(text: str) -> Decimal:
    return _bounded(Decimal(text))


def _known(value: T) -> T | None:
    """``value``, or None where the answer lacks it.

    The lines of an account repeat: each text and each amount is kept once, which halves the memory that
    planning 10,000 invoices takes (measured: 241 MiB, 129 MiB so).
    """
    shared: Any = value
    if isinstance(shared, str):
        shared = sys.intern(shared)
    elif type(shared) is Decimal:
        # By its text: decimals that are equal are not always written alike.
        shared = _decimal(str(shared))
    return None if value is msgspec.UNSET else shared


def _set(value: T) -> T | Any:
    if isinstance(value, Decimal):
        _bounded(value)
    return UNSET if value is msgspec.UNSET else value


def _link(linked: models.LinkedRecord | models.RecordId | None) -> int | None:
    return linked.id if linked else None


@lru_cache(1024)
def _discount_of(type_: str, value: str | None) -> Discount:
    # Nearly every line of an account has the same one: none.
    return Discount(type_, None if value is None else _decimal(value))


def _discount(
    answer: models.CustomerInvoiceDiscount | models.CustomerInvoiceLineDiscount | None,
) -> Discount | None:
    if not answer:
        return None
    known = _tolerant(answer)
    value = _known(known.value)
    return _discount_of(known.type or "", None if value is None else str(value))


def _record(record: type[R], answer: Any) -> R:
    names = record._fields[:-1]
    fields: dict[str, Any] = {name: _set(getattr(answer, name, UNSET)) for name in names}
    extra = {name: value for name, value in to_builtins(answer).items() if name not in names}
    return record(**fields, extra=extra)


def _extra(answer: msgspec.Struct, record: Any, settable: frozenset[str]) -> Mapping[str, Any]:
    """The fields of ``answer`` that a request can set and ``record`` has no place for, as JSON.

    None with the contract that this version was made for. A field that a newer one adds can be stated in a
    definition; here it comes back, to be compared.
    """
    unknown = _unknown(type(answer), record, settable)
    if not unknown:
        return _NOTHING
    values = ((name, getattr(answer, name, msgspec.UNSET)) for name in unknown)
    return {name: to_builtins(value) for name, value in values if value is not msgspec.UNSET}


_NOTHING: Mapping[str, Any] = {}


@cache
def _unknown(answer: type[msgspec.Struct], record: Any, settable: frozenset[str]) -> tuple[str, ...]:
    known = set(getattr(record, "_fields", ())) | set(getattr(record, "__slots__", ())) | _IN_EUROS
    return tuple(name for name in answer.__struct_fields__ if name in settable and name not in known)


@cache
def _invoice_fields() -> frozenset[str]:
    requests = (
        models.DraftCustomerInvoiceCreate,
        models.FinalizedCustomerInvoiceCreate,
        models.CustomerInvoiceImport,
    )
    return frozenset(name for request in requests for name in request.__struct_fields__) - _READ_APART


@cache
def _line_fields() -> frozenset[str]:
    requests = (
        models.DraftInvoiceLineWithProduct,
        models.DraftInvoiceLineWithoutProduct,
        models.FinalizedInvoiceLineWithProduct,
        models.FinalizedInvoiceLineWithoutProduct,
        models.CustomerInvoiceImportInvoiceLine,
    )
    return frozenset(name for request in requests for name in request.__struct_fields__)


@cache
def _customer_fields() -> frozenset[str]:
    requests = (models.CompanyCustomerCreate, models.IndividualCustomerCreate)
    return frozenset(name for request in requests for name in request.__struct_fields__)


def updatable_fields(kind: str) -> frozenset[str]:
    """The fields that an update of a ``company``, an ``individual`` or a ``product`` takes (contract)."""
    update: dict[str, type[msgspec.Struct]] = {
        "company": models.CompanyCustomerUpdate,
        "individual": models.IndividualCustomerUpdate,
        "product": models.ProductUpdate,
    }
    return frozenset(update[kind].__struct_fields__)


def field_of(answer: Any, name: str) -> Any:
    """A field of a record, also of one that the client has no type for; ``UNSET`` where it lacks it."""
    return (
        answer.get(name, msgspec.UNSET)
        if isinstance(answer, Mapping)
        else getattr(answer, name, msgspec.UNSET)
    )
