"""Imported invoices: amounts that agree with one another, and what a conversion to an e-invoice needs.

The API refuses totals that differ from the lines by more than a cent for each line, and takes a tax that does
not match its rate as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.references import Resolved
from pennyform.invoices.money.currency import minor_units
from pennyform.invoices.money.totals import line_before_tax
from pennyform.invoices.money.vat_codes import rates
from pennyform.invoices.yaml.document import Path

_E_INVOICE_NUMBER = re.compile(r"[A-Za-z0-9\-+_/]{1,35}")
_PDF = "application/pdf"
_TOTALS = ("currency_amount_before_tax", "currency_tax", "currency_amount")


def check_import(resolved: Resolved) -> Iterator[Finding]:
    """Everything about an imported invoice that the API would refuse, or take although it cannot be right."""
    body = resolved.invoice.body
    unit = Decimal(1).scaleb(-minor_units(body.get("currency", "EUR")))
    yield from _decimals(resolved, unit)
    yield from _header(resolved)
    yield from _sums(resolved, unit)
    for index, line in enumerate(body["invoice_lines"]):
        yield from _tax(resolved, index, line, unit)
        yield from _price(resolved, index, line, unit)
    yield from _e_invoice(resolved) if body.get("convert_to_e_invoice") else _no_discounts(resolved)


def _decimals(resolved: Resolved, unit: Decimal) -> Iterator[Finding]:
    body = resolved.invoice.body
    amounts: list[tuple[Path, str]] = [((name,), body[name]) for name in _TOTALS]
    for index, line in enumerate(body["invoice_lines"]):
        names = ("currency_amount", "currency_tax")
        amounts += [(("invoice_lines", index, name), line[name]) for name in names]
    for path, stated in amounts:
        if Decimal(stated) % unit:
            yield resolved.document.finding(
                "amount-decimals",
                f"`{path[-1]}` has more decimals than the currency: {stated}",
                path,
                fix=f'write "{Decimal(stated).quantize(unit, ROUND_HALF_UP):f}", if that is on the document',
            )


def _header(resolved: Resolved) -> Iterator[Finding]:
    before, tax, amount = (Decimal(resolved.invoice.body[name]) for name in _TOTALS)
    if before + tax != amount:
        yield resolved.document.finding(
            "import-totals",
            f"`currency_amount` is {amount:f}, but {before:f} and {tax:f} of tax come to {before + tax:f}",
            ("currency_amount",),
        )


def _sums(resolved: Resolved, unit: Decimal) -> Iterator[Finding]:
    body = resolved.invoice.body
    lines = body["invoice_lines"]
    amount, tax = (
        sum((Decimal(line[name]) for line in lines), Decimal(0))
        for name in ("currency_amount", "currency_tax")
    )
    for name, total in zip(_TOTALS, (amount - tax, tax, amount), strict=True):
        if abs(Decimal(body[name]) - total) > unit * len(lines):
            yield resolved.document.finding(
                "import-totals",
                f"`{name}` is {Decimal(body[name]):f}, the lines come to {total:f}",
                (name,),
                detail=f"Pennylane takes a difference of at most {unit:f} for each line.",
            )


def _tax(resolved: Resolved, index: int, line: Mapping[str, Any], unit: Decimal) -> Iterator[Finding]:
    rate = rates()[line["vat_rate"]]
    tax = Decimal(line["currency_tax"])
    before_tax = Decimal(line["currency_amount"]) - tax
    expected = (before_tax * rate.charged / 100).quantize(unit, ROUND_HALF_UP) + 0
    right = f"{rate.charged.normalize():f} % of {before_tax:f} is {expected:f}"
    if abs(tax - expected) > unit:
        yield resolved.document.finding(
            "import-line-tax",
            f"the tax of line {index + 1} is {tax:f}; {right}",
            ("invoice_lines", index, "currency_tax"),
            severity=Severity.ERROR if rate.reviewed else Severity.WARNING,
            detail="Pennylane would take it as it is, and the tax return with it.",
            fix="correct the amount, or name the rate that stands on the document",
        )


def _price(resolved: Resolved, index: int, line: Mapping[str, Any], unit: Decimal) -> Iterator[Finding]:
    stated = Decimal(line["currency_amount"]) - Decimal(line["currency_tax"])
    computed = line_before_tax(line, unit)
    if abs(stated - computed) > unit:
        yield resolved.document.finding(
            "import-line-amount",
            f"line {index + 1} comes to {stated:f} before tax, its quantity and price to {computed:f}",
            ("invoice_lines", index, "currency_amount"),
            severity=Severity.WARNING,
        )


def _e_invoice(resolved: Resolved) -> Iterator[Finding]:
    """What the conversion needs: a PDF, a label on every line, and a number of the form that it takes."""
    invoice, problem = resolved.invoice, "e-invoice"
    if invoice.file and invoice.file.media_type != _PDF:
        yield resolved.document.finding(problem, "only a PDF can be converted to an e-invoice", ("file",))
    number = invoice.body.get("invoice_number")
    if number is None or not _E_INVOICE_NUMBER.fullmatch(number):
        yield resolved.document.finding(
            problem,
            "an e-invoice has a number of at most 35 letters, digits and - + _ /",
            ("invoice_number",) if number is not None else ("convert_to_e_invoice",),
            fix="" if number is not None else "add `invoice_number`",
        )
    for index, line in enumerate(invoice.body["invoice_lines"]):
        if not line.get("label"):
            path: Path = ("invoice_lines", index)
            yield resolved.document.finding(
                problem, f"line {index + 1} of an e-invoice needs a label", path, fix="add `label`"
            )


def _no_discounts(resolved: Resolved) -> Iterator[Finding]:
    body = resolved.invoice.body
    places: list[Path] = [
        ("invoice_lines", index, "discount")
        for index, line in enumerate(body["invoice_lines"])
        if line.get("discount")
    ]
    places += [("discount",)] if body.get("discount") else []
    for path in places:
        yield resolved.document.finding(
            "import-discount",
            "an import takes a discount only when it is converted to an e-invoice",
            path,
            key=True,
            fix="delete it: the amounts of the lines are after discount; or add `convert_to_e_invoice: true`",
        )
