"""What a plan changes, added up by VAT code, by customer and by month: the figures behind its charts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pennyform.report.shared.formatting import count, format_value
from pennyform.report.shared.html import Extent, axis, month, months_between
from pennyform.results.plan import IDLE, PlanDocument, PlannedInvoice
from pennyform.results.values import CurrencyTotals

# A bar is this long, a column this high, in the units of its drawing.
BAR, COLUMN = 400, 150
_MOST_CUSTOMERS = 10
# Longer than this, months without invoices are left out.
_MOST_MONTHS = 36


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a chart. ``note`` says more about what is added up."""

    label: str
    note: str
    amount: Decimal
    extent: Extent


@dataclass(frozen=True, slots=True)
class VatBar:
    """What one VAT code comes to: before tax, and tax; the bar is the amount before tax."""

    code: str
    percent: str
    base: Decimal
    tax: Decimal
    extent: Extent


@dataclass(frozen=True, slots=True)
class Column:
    """One month; ``extent`` is measured upwards from the lowest point of the chart."""

    label: str
    amount: Decimal
    extent: Extent


@dataclass(frozen=True, slots=True)
class Charts:
    """The charts of one currency. ``zero`` is the height of the line that the columns stand on."""

    money: CurrencyTotals
    vat: tuple[VatBar, ...]
    customers: tuple[Bar, ...]
    months: tuple[Column, ...]
    zero: Decimal


@dataclass(frozen=True, slots=True)
class _Sale:
    """An invoice that changes: for whom, in which month (``2025-10``), and its amount, tax included."""

    customer: str
    month: str
    amount: Decimal


def charts(plan: PlanDocument) -> Iterator[Charts]:
    """The charts of each currency in which a plan changes something."""
    for total in plan.money.changing:
        # As the plan adds up what changes: a conflict, say, has totals that nobody will be asked to pay.
        sales = [
            _Sale(addressee(change), change.after["date"][:7], Decimal(change.totals.currency_amount))
            for change in plan.changes
            if isinstance(change, PlannedInvoice) and change.action not in IDLE
            if change.totals and change.after and change.totals.currency == total.currency
        ]
        months, zero = _month_columns(sales)
        bars = axis([Decimal(row.base) for row in total.vat], BAR).bars
        vat = tuple(
            VatBar(row.vat_rate, row.percent, Decimal(row.base), Decimal(row.tax), bar)
            for row, bar in zip(total.vat, bars, strict=True)
        )
        yield Charts(total, vat, tuple(_customer_bars(sales)), months, zero)


def _customer_bars(sales: Iterable[_Sale]) -> Iterator[Bar]:
    """The customers with the largest amounts, tax included, and the rest of them as one."""
    amounts: dict[str, list[Decimal]] = {}
    for sale in sales:
        amounts.setdefault(sale.customer, []).append(sale.amount)
    ranked = sorted(amounts.items(), key=lambda item: (-sum(item[1]), item[0]))
    if len(ranked) > _MOST_CUSTOMERS + 1:
        small = ranked[_MOST_CUSTOMERS:]
        rest = [amount for _, customer_amounts in small for amount in customer_amounts]
        ranked = [*ranked[:_MOST_CUSTOMERS], (f"{len(small)} others", rest)]
    totals = [sum(customer_amounts, Decimal(0)) for _, customer_amounts in ranked]
    for (name, invoices), total, bar in zip(ranked, totals, axis(totals, BAR).bars, strict=True):
        yield Bar(name, count(len(invoices), "invoice"), total, bar)


def _month_columns(sales: Sequence[_Sale]) -> tuple[tuple[Column, ...], Decimal]:
    """The amount of each month, tax included, and where zero lies.

    A month without invoices between two others is zero.
    """
    sums: dict[str, Decimal] = {}
    for sale in sales:
        sums[sale.month] = sums.get(sale.month, Decimal(0)) + sale.amount
    names = months_between(min(sums), max(sums)) if sums else []
    if len(names) > _MOST_MONTHS:
        names = sorted(sums)
    amounts = [sums.get(name, Decimal(0)) for name in names]
    scale = axis(amounts, COLUMN)
    columns = zip(names, amounts, scale.bars, strict=True)
    return tuple(Column(month(name), amount, height) for name, amount, height in columns), scale.zero


def addressee(change: PlannedInvoice) -> str:
    """Who an invoice is for: the customer's name, or what its definition calls it."""
    if change.customer and change.customer.name:
        return format_value(change.customer.name)
    return f"customer {format_value(change.after['customer_id'])}" if change.after else ""
