"""VAT codes that an invoice can have but probably should not: out of date, or of an assumed effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pennyform.findings import Finding, Severity
from pennyform.invoices.document import Path
from pennyform.invoices.money import Product
from pennyform.invoices.references import Resolved
from pennyform.invoices.vat import Rate, rates


def check_vat_rates(resolved: Resolved, product: Product) -> Iterator[Finding]:
    """A warning for each line whose VAT code is no longer in force, or nobody has reviewed."""
    for index, line in enumerate(resolved.invoice.body["invoice_lines"]):
        own = line.get("vat_rate")
        code = own or _of_product(line, product).get("vat_rate")
        path: Path = ("invoice_lines", index, "vat_rate" if own else "product")
        rate = rates().get(code or "")
        if rate:
            yield from _doubts(resolved, path, rate)


def _of_product(line: Mapping[str, Any], product: Product) -> Mapping[str, Any]:
    return (product(line["product_id"]) if "product_id" in line else None) or {}


def _doubts(resolved: Resolved, path: Path, rate: Rate) -> Iterator[Finding]:
    day = resolved.invoice.body["date"]
    if rate.valid_until and day > rate.valid_until:
        yield resolved.document.finding(
            "vat-rate-outdated",
            f"`{rate.code}` ended on {rate.valid_until}, the invoice is of {day}",
            path,
            severity=Severity.WARNING,
            fix="name the rate in force on the invoice's date",
        )
    if not rate.reviewed:
        yield resolved.document.finding(
            "vat-rate-assumed",
            f"what `{rate.code}` charges on the document is an assumption",
            path,
            severity=Severity.WARNING,
            detail=rate.note,
            fix="compare the tax of the draft with what you expect",
        )
