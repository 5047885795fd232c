"""Totals that the author states, against those that the lines come to."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.money.model import Totals
from pennyform.invoices.money.totals import Product, UnknownProductError, totals

_OTHER = {"line": "document", "document": "line"}


def check_expectations(resolved: ResolvedInvoice, product: Product, rounding: str) -> Iterator[Finding]:
    """Each amount under ``expect`` that is not what the invoice comes to.

    Args:
        resolved: the invoice.
        product: gives the fields of a declared product.
        rounding: the rounding model of the repository.
    """
    expected = resolved.invoice.expect
    if not expected:
        return
    try:
        found = totals(resolved.invoice.body, rounding=rounding, product=product)
        other = totals(resolved.invoice.body, rounding=_OTHER[rounding], product=product)
    except UnknownProductError as unknown:
        yield resolved.document.finding(
            "expectation-open",
            f"the expected totals cannot be checked here: {unknown}",
            ("expect",),
            key=True,
            severity=Severity.NOTE,
            detail="They are checked when planning, when the account has been asked.",
        )
        return
    for name, stated in expected.items():
        if stated != _amount(found, name):
            yield resolved.document.finding(
                "unexpected-total",
                f"`{name}` comes to {_amount(found, name):f}, not to {stated:f}",
                ("expect", name),
                detail=_explained(found),
                fix=_rounded_otherwise(rounding) if stated == _amount(other, name) else "",
            )


def _amount(found: Totals, name: str) -> Decimal:
    amounts = {
        "currency_amount_before_tax": found.before_tax,
        "currency_tax": found.tax,
        "currency_amount": found.amount,
    }
    return amounts[name]


def _explained(found: Totals) -> str:
    parts = [f"{one.vat_rate} {one.tax:f} on {one.base:f}" for one in found.vat]
    return f"{found.before_tax:f} before tax and {found.tax:f} of tax: {', '.join(parts)}."


def _rounded_otherwise(rounding: str) -> str:
    return f"with `rounding: {_OTHER[rounding]}` in pennyform.yaml it would be that amount"
