"""Between the typed bodies of definitions and the JSON of the API, and the digest of that JSON.

This is the only place where money becomes text, with the decimals that it came with, while a quantity stays a
number, as the contract has them in requests. (In answers a quantity is text, too.)
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

from pennyform.invoices.model import (
    UNSET,
    Address,
    Body,
    DesiredInvoice,
    Discount,
    ImportedInvoiceBody,
    ImportedInvoiceLine,
    ImputationDates,
    InvoiceBody,
    InvoiceLine,
    InvoiceSection,
    JsonObject,
    Key,
    LineBody,
    Options,
    TransactionReference,
)
from pennyform.invoices.money.scalars import canonical
from pennyform.invoices.money.totals import FROM_PRODUCT

R = TypeVar("R", bound=tuple[Any, ...])
Identify = Callable[[Key], object]

# What a draft may not carry by the contract, in the header and on a line: it is set right after finalizing.
AFTER_FINALIZE = ("transaction_reference",)
AFTER_FINALIZE_ON_LINES = ("imputation_dates",)

_DECIMALS = frozenset(
    {
        "quantity",
        "raw_currency_unit_price",
        "price_before_tax",
        "value",
        "currency_amount_before_tax",
        "currency_tax",
        "currency_amount",
        "amount",
        "tax",
    }
)
_DATES = frozenset({"date", "deadline", "start_date", "end_date"})
_RECORDS: Mapping[str, type[tuple[Any, ...]]] = {
    "discount": Discount,
    "imputation_dates": ImputationDates,
    "transaction_reference": TransactionReference,
    "billing_address": Address,
    "delivery_address": Address,
}
_LISTS = frozenset({"invoice_lines", "invoice_line_sections"})
_TYPED = _DECIMALS | _DATES | _RECORDS.keys() | _LISTS
# Many definitions say the same: each amount is kept once.
_decimal = lru_cache(4096)(Decimal)


def from_json(record: type[R], value: Mapping[str, Any]) -> R:
    """The body that ``value``, a valid request of the contract, stands for.

    Args:
        record: which body: one of ``pennyform.invoices.model``.
        value: JSON; amounts are text or decimals, and a :class:`Key` may stand for an id.
    """
    # The last field is `extra`, which takes what the contract has gained since.
    names: tuple[str, ...] = record._fields[:-1]  # type: ignore[attr-defined]
    known = [read_field(record, name, value[name]) if name in value else UNSET for name in names]
    extra = {name: member for name, member in value.items() if name not in names}
    # By position: by name, a record of many fields takes twice as long to make.
    return record._make((*known, extra or record._field_defaults["extra"]))  # type: ignore[attr-defined,no-any-return]


def read_field(record: type[tuple[Any, ...]], name: str, value: Any) -> object:
    """The field ``name`` of ``record`` that ``value``, JSON as in :func:`from_json`, stands for."""
    # Most fields are text or keys, and stay what they are.
    line: type[Any] = ImportedInvoiceLine if record is ImportedInvoiceBody else InvoiceLine
    match value if name in _TYPED else None:
        case str() | int() | Decimal() if name in _DECIMALS:
            return _decimal(str(value))
        case str() if name in _DATES:
            return dt.date.fromisoformat(value)
        case dict() if name in _RECORDS:
            return from_json(_RECORDS[name], value)
        case list() if name == "invoice_lines":
            return tuple(from_json(line, item) for item in value)
        case list() if name == "invoice_line_sections":
            return tuple(from_json(InvoiceSection, item) for item in value)
    return tuple(value) if isinstance(value, list) else value


def to_json(record: Any, identify: Identify | None = None) -> JsonObject:
    """A body ready for JSON, in the order of its fields.

    Args:
        record: one of the bodies of ``pennyform.invoices.model``, or a part of one.
        identify: gives the id for a natural key, or a placeholder; without it, the keys stay.

    Returns:
        Money as text, days as ISO 8601 text, quantities as :class:`~decimal.Decimal`.
    """
    names: tuple[str, ...] = record._fields
    known = {
        name: write_field(name, value, identify)
        for name, value in zip(names[:-1], record, strict=False)
        if value is not UNSET
    }
    return {**known, **record.extra}


def write_field(name: str, value: Any, identify: Identify | None = None) -> Any:
    """The field ``name`` of a body as JSON; see :func:`to_json`."""
    match value:
        case Key() if identify is not None:
            return int(value.value) if value.field == "id" else identify(value)
        case Decimal():
            return value if name == "quantity" else f"{value:f}"
        case dt.date():
            return value.isoformat()
        case tuple() if hasattr(value, "_fields"):
            return to_json(value, identify)
        case tuple():
            return [write_field(name, item, identify) for item in value]
    return value


def filled_line(line: LineBody) -> JsonObject:
    """A line of a definition as JSON; what its product may have filled in comes first."""
    definition = to_json(line)
    first = FROM_PRODUCT if line.product_id else ()
    return {**{name: definition[name] for name in first if name in definition}, **definition}


def draft_part(body: InvoiceBody) -> InvoiceBody:
    """What of ``body`` the draft may carry."""
    lines = tuple(line._replace(imputation_dates=UNSET) for line in body.invoice_lines)
    return body._replace(invoice_lines=lines, transaction_reference=UNSET)


def after_finalize(body: Body) -> dict[str, Any]:
    """What of ``body`` is set once it is final: header fields by name, those of lines by name and index.

    An import takes all of it at once.
    """
    if isinstance(body, ImportedInvoiceBody):
        return {}
    later: dict[str, Any] = {}
    for name in AFTER_FINALIZE_ON_LINES:
        values = {index: getattr(line, name) for index, line in enumerate(body.invoice_lines)}
        by_index = {index: write_field(name, value) for index, value in values.items() if value is not UNSET}
        later |= {name: by_index} if by_index else {}
    for name in AFTER_FINALIZE:
        value = getattr(body, name)
        later |= {} if value is UNSET else {name: write_field(name, value)}
    return later


def first_request(body: Body, identify: Identify | None = None) -> JsonObject:
    """The fields of ``body`` that the request carries which creates or imports the invoice."""
    return to_json(body if isinstance(body, ImportedInvoiceBody) else draft_part(body), identify)


def request_body(invoice: DesiredInvoice, identify: Identify) -> JsonObject:
    """The body that creates ``invoice`` as a draft, or imports it.

    Args:
        invoice: what is wanted.
        identify: gives the id for a natural key, or a placeholder. Not asked for a key that is an id.

    Returns:
        A mapping ready for JSON: ids in place, ``draft: true``, quantities as :class:`~decimal.Decimal`. The
        file of an import has a placeholder (``{"upload": …}``), as it only gets an id by being uploaded.
    """
    body = first_request(invoice.body, identify)
    if invoice.file and invoice.e_invoice_lines:
        options = e_invoice_options(body, invoice.e_invoice_lines)
        return {"file": {"upload": invoice.file._asdict()}, "invoice_options": options}
    if invoice.file:
        return {"file_attachment_id": {"upload": invoice.file._asdict()}, **body}
    # By the contract, a body without `draft` is issued at once, with a legal number, and for good.
    return {**body, "draft": True}


def e_invoice_options(body: Mapping[str, Any], line_ids: Sequence[str]) -> JsonObject:
    """What the import of an electronic invoice is told besides its file.

    Args:
        body: what the definition states, as JSON, with ids in place.
        line_ids: the file's own names for its lines, in order.
    """
    # The contract takes nothing but the booking of a line here: its amounts are those of the file.
    lines = []
    for line_id, line in zip(line_ids, body["invoice_lines"], strict=True):
        booking = {name: line[name] for name in ("product_id", "ledger_account_id") if name in line}
        lines += [{"e_invoice_line_id": line_id, **booking}] if booking else []
    return {"customer_id": body["customer_id"], **({"invoice_lines": lines} if lines else {})}


def digest(invoice: DesiredInvoice) -> str:
    """The SHA-256 of operation, body, options, files and everything else that ``invoice`` asks for.

    Where a definition is written, and how it is laid out, is not in it. What an invoice does not use adds
    nothing: a new option leaves the digests of all others alone.
    """
    defaults = Options()._asdict()
    options = {name: value for name, value in invoice.options._asdict().items() if value != defaults[name]}
    later = after_finalize(invoice.body)
    content = {
        "operation": invoice.operation,
        "body": first_request(invoice.body),
        "finalize": invoice.options.finalize,
        **{name: value for name, value in options.items() if name != "finalize"},
        **({"file": invoice.file.sha256} if invoice.file else {}),
        **({"credit_note_of": invoice.credit_note_of} if invoice.credit_note_of else {}),
        **(
            {"deductions": [(of.deposit, of.label) for of in invoice.deductions]}
            if invoice.deductions
            else {}
        ),
        **({"credit": invoice.credit} if invoice.credit is not None else {}),
        **({"after_finalize": later} if later else {}),
        **({"expect": invoice.expect} if invoice.expect else {}),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain)
    import hashlib  # loads OpenSSL, which checking alone does not need

    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> Any:
    if isinstance(value, Key):
        return value.to_json()
    if isinstance(value, Decimal):
        # 2, 2.0 and 2.00 are one quantity.
        return canonical(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")
