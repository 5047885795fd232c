"""What a plan changes, added up by VAT code, by customer and by month: the figures behind its charts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from pennyform.report.shared.formatting import value
from pennyform.report.shared.number_format import Extent, axis, month, months_between

Data = Mapping[str, Any]

# A bar is this long, a column this high, in the units of its drawing.
BAR, COLUMN = 400, 150
_MOST_CUSTOMERS = 10
# Longer than this, months without invoices are left out.
_MOST_MONTHS = 36


class Bar(NamedTuple):
    """One row of a chart. ``note`` says more about what is added up."""

    label: str
    note: str
    amount: Decimal
    extent: Extent


class Vat(NamedTuple):
    """What one VAT code comes to: before tax, and tax; the bar is the amount before tax."""

    code: str
    percent: str
    base: Decimal
    tax: Decimal
    extent: Extent


class Column(NamedTuple):
    """One month; ``extent`` is measured upwards from the lowest point of the chart."""

    label: str
    amount: Decimal
    extent: Extent


class Charts(NamedTuple):
    """The charts of one currency. ``zero`` is the height of the line that the columns stand on."""

    money: Data
    vat: tuple[Vat, ...]
    customers: tuple[Bar, ...]
    months: tuple[Column, ...]
    zero: Decimal


def charts(plan: Data) -> Iterator[Charts]:
    """The charts of each currency in which a plan changes something, from the plan's data."""
    for money in plan["money"]["changing"]:
        changes = [change for change in plan["changes"] if _counts(change, money["currency"])]
        yield Charts(money, tuple(_vat(money["vat"])), tuple(_customers(changes)), *_columns(changes))


def _counts(change: Data, currency: str) -> bool:
    """Whether the amounts of ``change`` are among those that the plan adds up as changing."""
    idle = change["action"] in {"no_op", "conflict", "unsettled"}
    return bool(change["totals"]) and not idle and change["totals"]["currency"] == currency


def _vat(rows: Sequence[Data]) -> Iterator[Vat]:
    bars = axis([Decimal(row["base"]) for row in rows], BAR).bars
    for row, bar in zip(rows, bars, strict=True):
        yield Vat(row["vat_rate"], row["percent"], Decimal(row["base"]), Decimal(row["tax"]), bar)


def _customers(changes: Iterable[Data]) -> Iterator[Bar]:
    """The customers with the largest amounts, tax included, and the rest of them as one."""
    sums: dict[str, list[Decimal]] = {}
    for change in changes:
        sums.setdefault(addressee(change), []).append(Decimal(change["totals"]["currency_amount"]))
    ranked = sorted(sums.items(), key=lambda item: (-sum(item[1]), item[0]))
    if len(ranked) > _MOST_CUSTOMERS + 1:
        others = ranked[_MOST_CUSTOMERS:]
        amounts = [amount for _, some in others for amount in some]
        ranked = [*ranked[:_MOST_CUSTOMERS], (f"{len(others)} others", amounts)]
    bars = axis([sum(amounts, Decimal(0)) for _, amounts in ranked], BAR).bars
    for (name, amounts), bar in zip(ranked, bars, strict=True):
        yield Bar(name, _invoices(len(amounts)), sum(amounts, Decimal(0)), bar)


def _columns(changes: Iterable[Data]) -> tuple[tuple[Column, ...], Decimal]:
    months = list(_months(changes))
    zero, heights = axis([amount for _, amount in months], COLUMN)
    columns = (
        Column(month(name), amount, height) for (name, amount), height in zip(months, heights, strict=True)
    )
    return tuple(columns), zero


def _months(changes: Iterable[Data]) -> Iterator[tuple[str, Decimal]]:
    """The amount of each month, tax included; a month without invoices between two others is zero."""
    sums: dict[str, Decimal] = {}
    for change in changes:
        name = change["after"]["date"][:7]
        sums[name] = sums.get(name, Decimal(0)) + Decimal(change["totals"]["currency_amount"])
    if not sums:
        return
    whole = months_between(min(sums), max(sums))
    for name in whole if len(whole) <= _MOST_MONTHS else sorted(sums):
        yield name, sums.get(name, Decimal(0))


def addressee(change: Data) -> str:
    """Who an invoice is for: the customer's name, or what its definition calls it."""
    customer = change["customer"]
    if customer and customer["name"]:
        return value(customer["name"])
    return f"customer {value(change['after']['customer_id'])}"


def _invoices(number: int) -> str:
    return f"{number} invoice{'' if number == 1 else 's'}"
