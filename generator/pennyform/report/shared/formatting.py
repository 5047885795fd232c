"""Values of plans and verifications in words and columns: what all their renderings share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from pennyform.results.plan import Addressee
from pennyform.results.values import FieldDifference, LineContent, LineTotals, Record
from pennyform.text import one_line

T = TypeVar("T")

IS_ASKED = ("is ", "asked for ")
"""What stands before the two values of a difference that stays."""

# What tells most about an invoice comes first; all else follows in the order of the contract.
_HEADER_ORDER = ("customer_id", "date", "deadline", "currency", "discount", "label", "language")
_TASKS = {
    "link_credit_note": "link it to the invoice it credits",
    "set_categories": "set its categories",
    "add_appendix": "attach",
    "match_transaction": "match the transaction",
    "mark_as_paid": "mark it as paid",
    "send_to_pa": "send it to the platform for e-invoices",
    "send_by_email": "mail it",
}


def clean(data: T) -> T:
    """A copy of a result, every text in it on one line (:func:`one_line`), so that a terminal may show it."""
    cleaned: Any = data
    if type(cleaned) is str:
        cleaned = one_line(cleaned)
    elif isinstance(data, Record):
        fields = data.__struct_fields__
        cleaned = type(data)(**{name: clean(getattr(data, name)) for name in fields})
    elif isinstance(data, Mapping):
        cleaned = {name: clean(member) for name, member in data.items()}
    elif isinstance(data, list | tuple):
        cleaned = type(data)(map(clean, data))
    result: T = cleaned
    return result


def format_value(value: object) -> str:
    """One value in a few words: a natural key by its value, a line by its label, nothing as ``none``."""
    if value in (None, "", [], {}):
        return "none"
    if isinstance(value, Mapping):
        return _format_object(value)
    if isinstance(value, list):
        return ", ".join(map(format_value, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return one_line(str(value))


def _format_object(value: Mapping[str, object]) -> str:
    match value:
        case {"lookup": {"kind": _, **keys}}:
            text = str(next(iter(keys.values())))
        case {"type": kind, "value": amount}:
            is_zero = not amount or Decimal(str(amount)) == 0
            text = "none" if is_zero else f"{amount}{' %' if kind == 'relative' else ''}"
        case {"label": label, "quantity": quantity}:
            text = f"{one_line(str(label))} ({quantity} x {value.get('raw_currency_unit_price')})"
        # A line may leave its label to its product, which only the account knows.
        case {"quantity": quantity}:
            text = f"{quantity} of a product"
        case {"address": street, "postal_code": code, "city": city, **more}:
            text = one_line(", ".join(map(str, filter(None, (street, f"{code} {city}", *more.values())))))
        case {"start_date": start, "end_date": end}:
            text = f"{start} to {end}"
        case _:
            text = ", ".join(f"{name} {format_value(member)}" for name, member in value.items())
    return text


def format_difference(difference: FieldDifference) -> str:
    """One value that is not as it was asked for: ``draft: is yes, asked for no``."""
    name, before, after = difference_cells(difference)
    return f"{name}: {IS_ASKED[0]}{before}, {IS_ASKED[1]}{after}"


def difference_cells(difference: FieldDifference) -> tuple[str, str, str]:
    """The same for columns: the field, what is there, and what is asked for."""
    before, after = format_value(difference.before), format_value(difference.after)
    return format_pointer(difference.pointer), before, after


def format_pointer(pointer: str) -> str:
    """A JSON Pointer as people say it: ``/invoice_lines/1/quantity`` is ``line 2 quantity``."""
    match pointer.split("/")[1:]:
        case ["invoice_lines", index, *rest]:
            return " ".join([f"line {int(index) + 1}", *rest])
        case ["document", *rest] if rest:
            return f"document {format_pointer('/' + '/'.join(rest))}"
        case ["invoice_line_sections", index, *rest]:
            return " ".join([f"section {int(index) + 1}", *rest])
        case rest:
            return " ".join(rest)


def header_fields(body: Mapping[str, object]) -> list[tuple[str, str]]:
    """The fields of a body outside its lines and sections, the telling ones first."""
    names = [name for name in _HEADER_ORDER if name in body]
    names += [name for name in body if name not in names]
    skipped = {"invoice_lines", "invoice_line_sections", "external_reference"}
    fields = [(name, format_value(body[name])) for name in names if name not in skipped]
    sections = body.get("invoice_line_sections")
    if not isinstance(sections, list) or not sections:
        return fields
    titles = [section.get("title") or "untitled" for section in sections]
    return [*fields, ("sections", format_value(titles))]


def format_card(card: Addressee) -> str:
    """A customer's card in one line."""
    return ", ".join(card_parts(card))


def card_parts(card: Addressee) -> list[str]:
    """What a customer's card says: name, address, numbers, and where mail goes."""
    texts = [card.name, card.recipient, format_value(card.billing_address) if card.billing_address else ""]
    texts += [
        f"{name} {value}" for name, value in (("reg_no", card.reg_no), ("VAT", card.vat_number)) if value
    ]
    texts += [f"mail to {', '.join(card.emails)}"] if card.emails else []
    if card.delivery_address:
        texts.append(f"delivered to {format_value(card.delivery_address)}")
    return [one_line(text) for text in texts if text]


def line_cells(content: LineContent, totals: LineTotals) -> list[str]:
    """One line with its amount: label, quantity and unit, price, discount, VAT code, amount before tax."""
    discount = content.get("discount")
    return [
        format_value(totals.label),
        f"{totals.quantity} {totals.unit}" if totals.unit else totals.quantity,
        f"x {totals.raw_currency_unit_price}",
        f"- {format_value(discount)}" if discount else "",
        totals.vat_rate,
        totals.currency_amount_before_tax,
    ]


def format_task(step: str) -> str:
    """A task after the content in words: ``attach hours.pdf``; empty for a step of the content."""
    kind, _, name = step.partition(" ")
    return f"{_TASKS[kind]} {one_line(name)}".rstrip() if kind in _TASKS else ""


def count(number: int, noun: str) -> str:
    """``1 invoice``, ``2 invoices``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def companies_text(number: int) -> str:
    """``1 company``, ``2 companies``."""
    return f"{number} {'company' if number == 1 else 'companies'}"


# GitHub refuses comments of more than 65,536 characters.
LARGEST = 60_000


def fitting(rows: Iterable[str], room: int) -> list[str]:
    """The first of ``rows`` that fit into ``room`` characters with their line feeds; no others are made."""
    fitted: list[str] = []
    for row in rows:
        room -= len(row) + 1
        if room < 0:
            break
        fitted.append(row)
    return fitted
