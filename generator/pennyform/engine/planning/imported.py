"""Invoices that were issued elsewhere: their amounts are stated by their definitions, not computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pennyform.invoices.money.vat_codes import rates
from pennyform.results.values import InvoiceTotals, LineTotals, VatTotals


def stated_totals(body: Mapping[str, Any]) -> InvoiceTotals:
    """The totals of an imported invoice as its definition states them.

    Args:
        body: the request, with canonical amounts. A line states its amount with tax and its tax.
    """
    lines = tuple(_line(line) for line in body["invoice_lines"])
    return InvoiceTotals(
        currency=body.get("currency", "EUR"),
        currency_amount_before_tax=body["currency_amount_before_tax"],
        currency_tax=body["currency_tax"],
        currency_amount=body["currency_amount"],
        vat=_by_code(lines),
        lines=lines,
    )


def _line(line: Mapping[str, Any]) -> LineTotals:
    amount, tax = Decimal(line["currency_amount"]), Decimal(line["currency_tax"])
    return LineTotals(
        label=line.get("label") or "",
        quantity=format(Decimal(str(line["quantity"])), "f"),
        unit=line["unit"],
        raw_currency_unit_price=line["raw_currency_unit_price"],
        vat_rate=line["vat_rate"],
        currency_amount_before_tax=format(amount - tax, "f"),
        currency_tax=line["currency_tax"],
        currency_amount=line["currency_amount"],
    )


def _by_code(lines: Sequence[LineTotals]) -> tuple[VatTotals, ...]:
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for line in lines:
        base, tax = sums.get(line.vat_rate, (Decimal(0), Decimal(0)))
        more = Decimal(line.currency_amount_before_tax), Decimal(line.currency_tax)
        sums[line.vat_rate] = (base + more[0], tax + more[1])
    return tuple(
        VatTotals(code, _percent(code), format(base, "f"), format(tax, "f"))
        for code, (base, tax) in sums.items()
    )


def _percent(code: str) -> str:
    text = f"{rates()[code].charged:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
