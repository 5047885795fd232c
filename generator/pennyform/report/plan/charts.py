"""What a plan changes, added up by VAT code, by customer and by month: the figures behind its charts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pennyform.report.shared.charts import (
    Bar,
    Chart,
    a_year_later,
    bars,
    by_month,
    by_name,
    month_before,
    sum_by_month,
)
from pennyform.report.shared.formatting import format_value
from pennyform.results.plan import IDLE, Action, PlanDocument, PlannedInvoice
from pennyform.results.values import CurrencyTotals, VatTotals


@dataclass(frozen=True, slots=True)
class Charts:
    """The charts of one currency. ``vat`` has a bar for each VAT code, or None where only one would have."""

    money: CurrencyTotals
    vat: tuple[tuple[VatTotals, Bar | None], ...]
    customers: Chart | None
    months: Chart | None


@dataclass(frozen=True, slots=True)
class _Sale:
    """An invoice that the account will have: for whom, its ISO date, its amount, and whether it changes."""

    customer: str
    date: str
    amount: Decimal
    changes: bool


def charts(changes: Sequence[PlannedInvoice], money: Sequence[CurrencyTotals]) -> Iterator[Charts]:
    """The charts of each currency in which something changes.

    Args:
        changes: what becomes of invoices. As a plan adds up what changes, a conflict, say, does not count: it
            has totals that nobody will be asked to pay.
        money: what the changes come to.
    """
    for total in money:
        sales = [
            _Sale(
                addressee(change),
                change.date,
                Decimal(change.totals.currency_amount),
                change.action not in IDLE,
            )
            for change in changes
            if change.action not in {Action.CONFLICT, Action.UNSETTLED}
            if change.totals and change.totals.currency == total.currency
        ]
        bases = [Decimal(row.base) for row in total.vat]
        made = bars(bases) if sum(map(bool, bases)) > 1 else [None] * len(bases)
        vat = tuple(zip(total.vat, made, strict=True))
        changing = [(sale.customer, sale.amount) for sale in sales if sale.changes]
        yield Charts(total, vat, by_name("By customer, tax included", "Customer", changing), _months(sales))


def invoices_of(plan: PlanDocument) -> list[PlannedInvoice]:
    """What becomes of the invoices of a plan."""
    return [change for change in plan.changes if isinstance(change, PlannedInvoice)]


def _months(sales: Sequence[_Sale]) -> Chart | None:
    """The months of what changes, with what the account has in them, and had in the period before.

    A month without invoices between two others is zero.
    """
    dated = [sale for sale in sales if sale.date]
    changing = sum_by_month((sale.date, sale.amount) for sale in dated if sale.changes)
    if not changing:
        return None
    first, last = min(changing), max(changing)
    present = sum_by_month((sale.date, sale.amount) for sale in dated if not sale.changes)
    a_year_before = a_year_later(sum_by_month((sale.date, sale.amount) for sale in dated))
    if first == last and month_before(first) in present:
        # One month alone says nothing: the one before stands beside it.
        first = month_before(first)
    series = {"This plan": changing, "Already there": present, "A year before": a_year_before}
    return by_month("By month of the invoice, tax included", first, last, series)


def addressee(change: PlannedInvoice) -> str:
    """Who an invoice is for: the customer's name, or what its definition calls it."""
    if change.customer and change.customer.name:
        return format_value(change.customer.name)
    return f"customer {format_value(change.after['customer_id'])}" if change.after else ""
