"""Desired against remote: field by field, and to the cent.

Numbers are compared as numbers: the API writes "34.0" where a definition says "34.00". Answers always hold a
discount: null, "", "0" and "0.0" all mean none. An empty text is the same as null. What the server owns
(status, payments, numbers, dates of creation) is never looked at; what a definition leaves out and the API
fills in by rules of its own is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import Any

from pennyform.engine.account.records import RemoteInvoice, RemoteLine
from pennyform.engine.planning.resolve import Resolved
from pennyform.invoices.desired.json_bodies import filled_line, to_json, write_field
from pennyform.invoices.model import (
    UNSET,
    Discount,
    ImportedInvoiceBody,
    InvoiceSection,
    JsonObject,
    LineBody,
    lines_of,
    set_fields,
)
from pennyform.invoices.money.scalars import canonical, plain_number


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not as it should be. ``pointer`` is a JSON Pointer into the definition's body.

    Both values are JSON, save for decimals that stand for numbers and natural keys that stand for ids.
    """

    pointer: str
    want: Any
    have: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between a definition and an invoice.

    ``content`` are the fields that somebody sets, ``amounts`` those that the server computes from them;
    ``unverifiable`` are pointers to values that the API takes but never shows.
    """

    content: tuple[Difference, ...]
    amounts: tuple[Difference, ...]
    unverifiable: tuple[str, ...]

    @property
    def all(self) -> tuple[Difference, ...]:
        """Content first, then amounts."""
        return (*self.content, *self.amounts)

    @property
    def equal(self) -> bool:
        """Nothing that can be seen differs."""
        return not self.content and not self.amounts


# Fields of an invoice that can be read back, in the order in which differences are told.
HEADER = (
    "date",
    "deadline",
    "customer_id",
    "customer_invoice_template_id",
    "currency",
    "language",
    "label",
    "discount",
    "special_mention",
    "pdf_invoice_subject",
    "pdf_invoice_free_text",
    "pdf_description",
    "transaction_reference",
    "external_reference",
)
LINE = (
    "product_id",
    "label",
    "description",
    "quantity",
    "unit",
    "raw_currency_unit_price",
    "vat_rate",
    "discount",
    "substance",
    "section_rank",
    "imputation_dates",
)
AMOUNTS = ("currency_amount_before_tax", "currency_tax", "currency_amount")
_SECTION = ("rank", "title", "description")

# What a definition means that leaves these out. Everything else that is left out is the API's to choose.
_HEADER_DEFAULTS = {"currency": "EUR", "discount": None}
_LINE_DEFAULTS = {"discount": None, "section_rank": None, "product_id": None}
# A line without a product has no description of anybody else's making.
_FREE_LINE_DEFAULTS = {**_LINE_DEFAULTS, "description": None}
_SECTION_DEFAULTS = {"title": None, "description": None}

# Not carried by a draft: the API refuses them before the invoice is final.
_ONLY_FINALIZED = {"transaction_reference", "imputation_dates"}


def diff_invoice(resolved: Resolved, remote: RemoteInvoice) -> Comparison:
    """Compare what an invoice should be with what it is.

    Args:
        resolved: the definition, with ids, auto-filled lines and totals.
        remote: the invoice read back.

    Returns:
        Every difference, in the order of the document.
    """
    content = [*header_differences(resolved, remote), *_sections(resolved, remote)]
    for index, (want, have) in enumerate(zip_longest(resolved.lines, remote.lines)):
        pointer = f"/invoice_lines/{index}"
        if want is None or have is None:
            content.append(Difference(pointer, want and filled_line(want), have and line_as_defined(have)))
        else:
            content += line_differences(want, have, draft=remote.draft, pointer=pointer)
    # Amounts of different content are different for that reason; they say nothing of their own.
    amounts = () if content else tuple(_amounts(resolved, remote))
    return Comparison(tuple(content), amounts, tuple(_unverifiable(resolved, remote)))


def header_differences(resolved: Resolved, remote: RemoteInvoice) -> list[Difference]:
    """The differences outside lines and sections."""
    body = resolved.body
    # Only a definition of an imported invoice says its number.
    is_numbered = isinstance(body, ImportedInvoiceBody) and body.invoice_number is not UNSET
    names = (*HEADER, "invoice_number") if is_numbered else HEADER
    return list(_fields(body, remote, names, _HEADER_DEFAULTS, "", draft=remote.draft))


def line_differences(want: LineBody, have: RemoteLine, *, draft: bool, pointer: str = "") -> list[Difference]:
    """The differences between a line as it should be and a line as the API shows it."""
    defaults = _LINE_DEFAULTS if want.product_id else _FREE_LINE_DEFAULTS
    return list(_fields(want, have, LINE, defaults, pointer, draft=draft))


def concerns_lines(differences: Iterable[Difference]) -> bool:
    """Whether reading the lines once more, in the order of the document, could show something else."""
    return any(difference.pointer.startswith("/invoice_lines/") for difference in differences)


def sections_of(resolved: Resolved) -> Sequence[InvoiceSection]:
    """The sections that an invoice should have, by rank."""
    body = resolved.body
    sections = () if isinstance(body, ImportedInvoiceBody) else body.invoice_line_sections or ()
    return sorted(sections, key=lambda section: section.rank)


def _sections(resolved: Resolved, remote: RemoteInvoice) -> Iterator[Difference]:
    if remote.sections is None:
        return
    had = sorted(remote.sections, key=lambda section: section.rank)
    for index, (want, have) in enumerate(zip_longest(sections_of(resolved), had)):
        pointer = f"/invoice_line_sections/{index}"
        if want is None or have is None:
            remote_value = have and {name: as_defined(name, getattr(have, name)) for name in _SECTION}
            yield Difference(pointer, want and to_json(want), remote_value)
        else:
            yield from _fields(want, have, _SECTION, _SECTION_DEFAULTS, pointer, draft=remote.draft)


def _amounts(resolved: Resolved, remote: RemoteInvoice) -> Iterator[Difference]:
    totals = resolved.totals.record()
    pairs: list[tuple[str, Any, RemoteLine | RemoteInvoice]] = [
        (f"/invoice_lines/{index}", want, have)
        for index, (want, have) in enumerate(zip(totals.lines, remote.lines, strict=True))
    ]
    for pointer, want, have in (*pairs, ("", totals, remote)):
        for name in AMOUNTS:
            amount, remote_value = getattr(want, name), getattr(have, name)
            if remote_value is None or Decimal(amount) != remote_value:
                yield Difference(
                    f"{pointer}/{name}", amount, None if remote_value is None else canonical(remote_value)
                )


def _fields(
    want: Any, have: Any, names: Iterable[str], defaults: Mapping[str, Any], pointer: str, *, draft: bool
) -> Iterator[Difference]:
    for name in names:
        value = getattr(want, name, UNSET)
        if value is UNSET:
            value = defaults.get(name, UNSET)
        if value is UNSET or (draft and name in _ONLY_FINALIZED):
            continue
        # The API makes up a label where it is null.
        if name == "label" and value is None:
            continue
        remote = getattr(have, name)
        if not same_value(value, remote):
            yield Difference(f"{pointer}/{name}", write_field(name, value), as_defined(name, remote))
    for name, value in want.extra.items():
        if name in have.extra and not same_json(value, have.extra[name]):
            yield Difference(f"{pointer}/{name}", value, have.extra[name])


def same_value(want: Any, have: Any) -> bool:
    """Whether two values mean the same; of a part with fields, only those that are wanted count."""
    if isinstance(want, Discount) or isinstance(have, Discount):
        return _discount(want) == _discount(have)
    if hasattr(want, "_fields"):
        return have is not None and all(
            same_value(value, getattr(have, name, have.extra.get(name))) for name, value in set_fields(want)
        )
    return bool(_text(want) == _text(have))


def _text(value: Any) -> Any:
    return "" if value is None else value


def same_json(want: object, have: object) -> bool:
    """Whether two values of a field that pennyform knows nothing about are the same, numbers by value."""
    if isinstance(want, Mapping) and isinstance(have, Mapping):
        # What an answer has besides, the API fills in.
        return all(name in have and same_json(value, have[name]) for name, value in want.items())
    if isinstance(want, (list, tuple)) and isinstance(have, (list, tuple)):
        return len(want) == len(have) and all(map(same_json, want, have))
    try:
        return want == have or Decimal(str(want)) == Decimal(str(have))
    except InvalidOperation:
        return False


def _discount(discount: Discount | None) -> tuple[str, Decimal] | None:
    return (discount.type, discount.value) if discount and discount.value else None


def _unverifiable(resolved: Resolved, remote: RemoteInvoice) -> Iterator[str]:
    """Pointers to values of a definition that no answer of the API shows."""
    yield from (f"/{name}" for name in resolved.body.extra if name not in remote.extra)
    for index, (definition, line) in enumerate(zip(lines_of(resolved.body), resolved.lines, strict=True)):
        remote_value = remote.lines[index].extra if index < len(remote.lines) else {}
        yield from (f"/invoice_lines/{index}/{name}" for name in line.extra if name not in remote_value)
        if line.ledger_account_id is not UNSET:
            yield f"/invoice_lines/{index}/ledger_account_id"
        # Shown, but as Pennylane puts the code of an electronic invoice.
        if definition.unit is not UNSET and line.unit is UNSET:
            yield f"/invoice_lines/{index}/unit"


# --- in the words of a definition -------------------------------------------------------------------------


def header_as_defined(remote: RemoteInvoice) -> JsonObject:
    """The header of an invoice of the API in the words of a definition."""
    return _words(remote, HEADER)


def amounts_as_text(remote: RemoteInvoice) -> JsonObject:
    """The amounts of an invoice of the API as text with at least two decimals."""
    amounts = {name: getattr(remote, name) for name in AMOUNTS}
    return {name: None if amount is None else canonical(amount) for name, amount in amounts.items()}


def line_as_defined(line: RemoteLine) -> JsonObject:
    """A line of the API in the words of a definition."""
    return _words(line, LINE)


def _words(record: RemoteInvoice | RemoteLine, names: Iterable[str]) -> JsonObject:
    values = ((name, getattr(record, name)) for name in names)
    return {name: as_defined(name, value) for name, value in values if value not in (None, "")}


def as_defined(name: str, value: Any) -> Any:
    """A value of the account as a definition would write it: a price of "34.0" is "34.00"."""
    if isinstance(value, Discount):
        return {"type": value.type, "value": None if value.value is None else str(value.value)}
    if isinstance(value, Decimal):
        return plain_number(value) if name == "quantity" else canonical(value)
    return None if value is UNSET else write_field(name, value)
