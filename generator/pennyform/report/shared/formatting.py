"""Values of plans and verifications in words and columns: what all their renderings share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

_HEADER_ORDER = ("customer_id", "date", "deadline", "currency", "discount", "label", "language")


def value(given: Any) -> str:
    """One value in a few words: a natural key by its value, a line by its label, nothing as ``none``."""
    if given in (None, "", [], {}):
        return "none"
    if isinstance(given, Mapping):
        return _object(given)
    if isinstance(given, list):
        return ", ".join(map(value, given))
    if isinstance(given, bool):
        return "yes" if given else "no"
    return plain(str(given))


def plain(text: str) -> str:
    """Text from outside on one line, without the characters that could steer a terminal."""
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in line)


def cleaned(data: Any) -> Any:
    """``data`` with every text in it made :func:`plain`: whoever wrote it, it may be shown on a terminal."""
    if isinstance(data, str):
        return plain(data)
    if isinstance(data, Mapping):
        return {name: cleaned(member) for name, member in data.items()}
    if isinstance(data, list):
        return [cleaned(member) for member in data]
    return data


def difference(row: Mapping[str, Any]) -> str:
    """One value that is not as it was asked for: ``draft: is yes, asked for no``."""
    return f"{pointer(row['pointer'])}: is {value(row['before'])}, asked for {value(row['after'])}"


def _object(given: Mapping[str, Any]) -> str:
    match given:
        case {"lookup": {"kind": _, **keys}}:
            said = str(next(iter(keys.values())))
        case {"type": kind, "value": amount}:
            said = f"{amount}{' %' if kind == 'relative' else ''}" if _is_some(amount) else "none"
        case {"label": label, "quantity": quantity}:
            said = f"{plain(str(label))} ({quantity} x {given.get('raw_currency_unit_price')})"
        case {"quantity": quantity}:
            said = f"{quantity} of a product"
        case {"address": street, "postal_code": code, "city": city, **more}:
            said = plain(", ".join(map(str, filter(None, (street, f"{code} {city}", *more.values())))))
        case {"start_date": start, "end_date": end}:
            said = f"{start} to {end}"
        case _:
            said = ", ".join(f"{name} {value(member)}" for name, member in given.items())
    return said


def _is_some(amount: Any) -> bool:
    return bool(amount) and Decimal(str(amount)) != 0


def pointer(text: str) -> str:
    """A JSON Pointer as people say it: ``/invoice_lines/1/quantity`` is ``line 2 quantity``."""
    match text.split("/")[1:]:
        case ["invoice_lines", index, *rest]:
            return " ".join([f"line {int(index) + 1}", *rest])
        case ["invoice_line_sections", index, *rest]:
            return " ".join([f"section {int(index) + 1}", *rest])
        case rest:
            return " ".join(rest)


def header(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The fields of a body outside its lines and sections, the telling ones first."""
    names = [name for name in _HEADER_ORDER if name in body]
    names += [name for name in body if name not in names]
    skipped = {"invoice_lines", "invoice_line_sections", "external_reference"}
    fields = [(name, value(body[name])) for name in names if name not in skipped]
    titles = [section.get("title") or "untitled" for section in body.get("invoice_line_sections") or ()]
    return [*fields, ("sections", value(titles))] if titles else fields


def line(row: Mapping[str, Any]) -> list[str]:
    """One line with its amount: label, quantity and unit, price, discount, VAT code, amount before tax."""
    unit = f" {row['unit']}" if row.get("unit") else ""
    price = f"x {row['raw_currency_unit_price']}"
    discount = f"- {value(row['discount'])}" if row.get("discount") else ""
    return [
        value(row["label"]),
        f"{row['quantity']}{unit}",
        price,
        discount,
        row["vat_rate"],
        row["currency_amount_before_tax"],
    ]


_TASKS = {
    "link_credit_note": "link it to the invoice it corrects",
    "set_categories": "set its categories",
    "add_appendix": "attach",
    "match_transaction": "match the transaction",
    "mark_as_paid": "mark it as paid",
    "send_to_pa": "send it to the platform for e-invoices",
    "send_by_email": "mail it",
}


def task(step: str) -> str:
    """A task after the content in words: ``attach hours.pdf``; empty for a step of the content."""
    kind, _, name = step.partition(" ")
    return f"{_TASKS[kind]} {plain(name)}".rstrip() if kind in _TASKS else ""


def columns(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Rows as aligned text; empty columns take no space.

    Args:
        rows: cells; each row with the same number of them.
        right: which columns are aligned to the right.
    """
    used = [place for place in range(len(rows[0]) if rows else 0) if any(row[place] for row in rows)]
    widths = {place: max(len(row[place]) for row in rows) for place in used}

    def cell(row: Sequence[str], place: int) -> str:
        return row[place].rjust(widths[place]) if place in right else row[place].ljust(widths[place])

    return ["  ".join(cell(row, place) for place in used).rstrip() for row in rows]


def count(number: int, noun: str) -> str:
    """``1 invoice``, ``2 invoices``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
