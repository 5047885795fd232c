"""Desired against remote: field by field, and to the cent.

Decimals are compared as decimals: the API writes "34.0" where a definition says "34.00". A discount that is
null, "", "0" or "0.0" is none. What the server owns (status, payments, numbers, dates of creation) is never
looked at; what a definition leaves out and the API fills in by rules of its own is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import Any

from pennyform.engine.account.state import RemoteInvoice, Row
from pennyform.engine.planning.resolve import Resolved
from pennyform.results.values import InvoiceTotals, LineTotals

Normal = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not as it should be. ``pointer`` is a JSON Pointer into the definition's body."""

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


# --- values ---------------------------------------------------------------------------------------


def _text(value: Any) -> Any:
    return "" if value is None else value


def _decimal(value: Any) -> Any:
    """Numbers by value; anything else stays as it is, and so differs from every number."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return _text(value)


def _written(value: Any, *, money: bool) -> Any:
    """A number of the API as a definition would write it: "34.0" is "34.00" as money, "34" as a quantity."""
    number = _decimal(value)
    if not isinstance(number, Decimal) or not number.is_finite():
        return value
    whole, _, decimals = f"{number:f}".partition(".")
    decimals = decimals.rstrip("0").ljust(2 if money else 0, "0")
    return f"{whole}.{decimals}" if decimals else whole


def _as_defined(name: str, value: Any) -> Any:
    """A field of an invoice or a line as a definition would write it."""
    return _written(value, money=name != "quantity") if LINE.get(name) is _decimal else value


def _discount(value: Any) -> Any:
    """None, or type and value."""
    if not value or value.get("value") in (None, ""):
        return None
    amount = _decimal(value["value"])
    return (value["type"], amount) if amount else None


def _whole(value: Any) -> Any:
    return value


def _sorted(value: Any) -> Any:
    return sorted(value or ())


_REFERENCES = {"customer_id": "customer", "customer_invoice_template_id": "customer_invoice_template"}

# Fields of an invoice that can be read back, and how they are made comparable.
HEADER: Mapping[str, Normal] = {
    "date": _text,
    "deadline": _text,
    "customer_id": _whole,
    "customer_invoice_template_id": _whole,
    "currency": _text,
    "language": _text,
    "label": _text,
    "discount": _discount,
    "special_mention": _text,
    "pdf_invoice_subject": _text,
    "pdf_invoice_free_text": _text,
    "pdf_description": _text,
    "transaction_reference": _whole,
    "external_reference": _text,
}

# What only a definition of an imported invoice says.
_STATED: Mapping[str, Normal] = {"invoice_number": _text}

LINE: Mapping[str, Normal] = {
    "product_id": _whole,
    "label": _text,
    "description": _text,
    "quantity": _decimal,
    "unit": _text,
    "raw_currency_unit_price": _decimal,
    "vat_rate": _text,
    "discount": _discount,
    "substance": _text,
    "section_rank": _whole,
    "imputation_dates": _whole,
}

SECTION: Mapping[str, Normal] = {"rank": _whole, "title": _text, "description": _text}

# What a definition means that leaves these out. Everything else that is left out is the API's to choose.
HEADER_DEFAULTS = {"currency": "EUR", "discount": None}
LINE_DEFAULTS = {"discount": None, "section_rank": None, "product_id": None}
SECTION_DEFAULTS = {"title": None, "description": None}

AMOUNTS = ("currency_amount_before_tax", "currency_tax", "currency_amount")

_ONLY_FINALIZED = {"transaction_reference", "imputation_dates"}
# What the API makes up when it is null.
_GENERATED = {"label"}
_NEVER_SHOWN = "ledger_account_id"
# Shown, but as Pennylane puts the code of an electronic invoice.
_CONVERTED = "unit"


# --- invoices -------------------------------------------------------------------------------------


def diff_invoice(resolved: Resolved, there: RemoteInvoice) -> Comparison:
    """Compare what an invoice should be with what it is.

    Args:
        resolved: the definition, with ids, auto-filled lines and totals.
        there: the invoice read back.

    Returns:
        Every difference, in the order of the document.
    """
    content = [*_header(resolved, there), *_sections(resolved, there), *_lines(resolved, there)]
    # Amounts of different content are different for that reason; they say nothing of their own.
    amounts = () if content else tuple(_amounts(resolved, there))
    return Comparison(tuple(content), amounts, tuple(unverifiable(resolved)))


def unverifiable(resolved: Resolved) -> Iterator[str]:
    """Pointers to values of a definition that no answer of the API shows."""
    for index, (stated, line) in enumerate(zip(resolved.body["invoice_lines"], resolved.lines, strict=True)):
        if _NEVER_SHOWN in line:
            yield f"/invoice_lines/{index}/{_NEVER_SHOWN}"
        if _CONVERTED in stated and _CONVERTED not in line:
            yield f"/invoice_lines/{index}/{_CONVERTED}"


def concerns_lines(differences: Iterable[Difference]) -> bool:
    """Whether reading the lines once more, in the order of the document, could show something else."""
    return any(difference.pointer.startswith("/invoice_lines/") for difference in differences)


def header_differences(resolved: Resolved, there: RemoteInvoice) -> list[Difference]:
    """The differences outside lines and sections."""
    return list(_header(resolved, there))


def line_differences(want: Row, have: Row, *, draft: bool, pointer: str = "") -> list[Difference]:
    """The differences between a line as it should be and a line as the API shows it."""
    have = {**have, "product_id": _id(have.get("product"))}
    return list(
        _fields({**LINE_DEFAULTS, **_free_line_defaults(want), **want}, have, LINE, pointer, draft=draft)
    )


def _header(resolved: Resolved, there: RemoteInvoice) -> Iterator[Difference]:
    have = {**there.header, **{name: _id(there.header.get(link)) for name, link in _REFERENCES.items()}}
    fields = {**HEADER, **_STATED} if "invoice_number" in resolved.body else HEADER
    yield from _fields({**HEADER_DEFAULTS, **resolved.body}, have, fields, "", draft=there.draft)


def _lines(resolved: Resolved, there: RemoteInvoice) -> Iterator[Difference]:
    for index, (want, have) in enumerate(zip_longest(resolved.lines, there.lines)):
        pointer = f"/invoice_lines/{index}"
        if want is None or have is None:
            yield Difference(pointer, want, None if have is None else shown_line(have))
        else:
            yield from line_differences(want, have, draft=there.draft, pointer=pointer)


def _sections(resolved: Resolved, there: RemoteInvoice) -> Iterator[Difference]:
    if there.sections is None:
        return
    wanted = sorted(resolved.body.get("invoice_line_sections") or (), key=_rank)
    for index, (want, have) in enumerate(zip_longest(wanted, sorted(there.sections, key=_rank))):
        pointer = f"/invoice_line_sections/{index}"
        if want is None or have is None:
            yield Difference(pointer, want, have and {name: have.get(name) for name in SECTION})
        else:
            yield from _fields({**SECTION_DEFAULTS, **want}, have, SECTION, pointer, draft=there.draft)


def _amounts(resolved: Resolved, there: RemoteInvoice) -> Iterator[Difference]:
    for index, (want, have) in enumerate(zip(resolved.totals.lines, there.lines, strict=True)):
        yield from _cents(want, have, f"/invoice_lines/{index}")
    yield from _cents(resolved.totals, there.header, "")


def _cents(want: InvoiceTotals | LineTotals, have: Row, pointer: str) -> Iterator[Difference]:
    for name in AMOUNTS:
        amount = getattr(want, name)
        if _decimal(amount) != _decimal(have.get(name)):
            yield Difference(f"{pointer}/{name}", amount, _written(have.get(name), money=True))


def _fields(
    want: Row, have: Row, fields: Mapping[str, Normal], pointer: str, *, draft: bool
) -> Iterator[Difference]:
    for name, normal in fields.items():
        if name not in want or (draft and name in _ONLY_FINALIZED):
            continue
        if name in _GENERATED and want[name] is None:
            continue
        if normal(want[name]) != normal(have.get(name)):
            yield Difference(f"{pointer}/{name}", want[name], _as_defined(name, have.get(name)))


def _free_line_defaults(line: Row) -> Row:
    """A line without a product has no description of anybody else's making."""
    return {} if line.get("product_id") is not None else {"description": None}


def shown_header(header: Row) -> dict[str, Any]:
    """The header of an invoice of the API in the words of a definition."""
    words = {**header, **{name: _id(header.get(link)) for name, link in _REFERENCES.items()}}
    return {name: words[name] for name in HEADER if words.get(name) not in (None, "")}


def shown_amounts(header: Row) -> dict[str, Any]:
    """The amounts of an invoice of the API as text with at least two decimals."""
    return {name: _written(header.get(name), money=True) for name in AMOUNTS}


def shown_line(line: Row) -> dict[str, Any]:
    """A line of the API in the words of a definition."""
    words = {**line, "product_id": _id(line.get("product"))}
    kept = {name: words[name] for name in LINE if words.get(name) not in (None, "")}
    return {name: _as_defined(name, value) for name, value in kept.items()}


def _id(link: Any) -> Any:
    return link["id"] if link else None


def _rank(section: Row) -> int:
    return int(section["rank"])


# --- customers and products -------------------------------------------------------------------------

_PRODUCT: Mapping[str, Normal] = {"price_before_tax": _decimal, "ledger_account_id": _whole}
_CUSTOMER: Mapping[str, Normal] = {"emails": _sorted}


def product_differences(body: Row, have: Row) -> list[Difference]:
    """Fields of a declared product that the account's product does not have."""
    return list(_declared(body, {**have, "ledger_account_id": _id(have.get("ledger_account"))}, _PRODUCT))


def customer_differences(body: Row, customer_type: str, have: Row) -> list[Difference]:
    """Fields of a declared customer that the account's customer does not have."""
    visible = {name: value for name, value in body.items() if name != "ledger_account"}
    visible["customer_type"] = customer_type
    return list(_declared(visible, have, _CUSTOMER))


def _declared(want: Row, have: Row, kinds: Mapping[str, Normal], pointer: str = "") -> Iterator[Difference]:
    for name, value in want.items():
        seen = have.get(name)
        if isinstance(value, Mapping):
            yield from _declared(value, seen or {}, kinds, f"{pointer}/{name}")
        else:
            normal = kinds.get(name, _text)
            if normal(value) != normal(seen):
                yield Difference(f"{pointer}/{name}", value, seen)
