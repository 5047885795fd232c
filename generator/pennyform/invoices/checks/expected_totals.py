"""Totals that the author states, against those that the lines come to."""

from __future__ import annotations

from collections.abc import Iterator

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.money.totals import Product, UnknownProductError, totals

# Pennylane's two rounding models: tax per line, or tax per VAT code (docs/money.md).
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
    other_rounding = _OTHER[rounding]
    try:
        computed = totals(resolved.invoice.body, rounding=rounding, product=product)
        other = totals(resolved.invoice.body, rounding=other_rounding, product=product)
    except UnknownProductError as error:
        yield resolved.document.finding(
            "expectation-open",
            f"the expected totals cannot be checked here: {error}",
            ("expect",),
            key=True,
            severity=Severity.NOTE,
            detail="They are checked when planning, when the account has been asked.",
        )
        return
    taxes = ", ".join(f"{part.vat_rate} {part.tax:f} on {part.base:f}" for part in computed.vat)
    # What it comes to, and what it would come to under the other rounding model.
    amounts = {
        "currency_amount_before_tax": (computed.before_tax, other.before_tax),
        "currency_tax": (computed.tax, other.tax),
        "currency_amount": (computed.amount, other.amount),
    }
    for name, amount in expected.items():
        computed_amount, other_amount = amounts[name]
        if amount == computed_amount:
            continue
        fix = f"with `rounding: {other_rounding}` in pennyform.yaml it would be that amount"
        yield resolved.document.finding(
            "unexpected-total",
            f"`{name}` comes to {computed_amount:f}, not to {amount:f}",
            ("expect", name),
            detail=f"{computed.before_tax:f} before tax and {computed.tax:f} of tax: {taxes}.",
            fix=fix if amount == other_amount else "",
        )
