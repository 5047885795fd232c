"""Imported invoices: amounts that agree with one another, and what a conversion to an e-invoice needs.

The API refuses totals that differ from the lines by more than a cent for each line, and takes a tax that does
not match its rate as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.model import UNSET, ImportedInvoiceBody, ImportedInvoiceLine
from pennyform.invoices.money.amounts import canonical
from pennyform.invoices.money.currency import minor_units
from pennyform.invoices.money.totals import line_before_tax
from pennyform.invoices.money.vat_codes import rates
from pennyform.invoices.yaml.document import Path

_E_INVOICE_NUMBER = re.compile(r"[A-Za-z0-9\-+_/]{1,35}")
_PDF = "application/pdf"
_TOTALS = ("currency_amount_before_tax", "currency_tax", "currency_amount")


def check_import(resolved: ResolvedInvoice) -> Iterator[Finding]:
    """Everything about an imported invoice that the API would refuse, or take although it cannot be right."""
    body = resolved.invoice.body
    if not isinstance(body, ImportedInvoiceBody):
        raise TypeError("only an imported invoice states its amounts")
    unit = Decimal(1).scaleb(-minor_units(body.currency or "EUR"))
    yield from _decimals(resolved, body, unit)
    yield from _header(resolved, body)
    yield from _sums(resolved, body, unit)
    for index, line in enumerate(body.invoice_lines):
        yield from _tax(resolved, index, line, unit)
        yield from _price(resolved, index, line, unit)
    yield from _e_invoice(resolved, body) if body.convert_to_e_invoice else _no_discounts(resolved, body)


def _decimals(resolved: ResolvedInvoice, body: ImportedInvoiceBody, unit: Decimal) -> Iterator[Finding]:
    amounts: list[tuple[Path, Decimal]] = [((name,), getattr(body, name)) for name in _TOTALS]
    for index, line in enumerate(body.invoice_lines):
        names = ("currency_amount", "currency_tax")
        amounts += [(("invoice_lines", index, name), getattr(line, name)) for name in names]
    for path, amount in amounts:
        if amount % unit:
            yield resolved.document.finding(
                "amount-decimals",
                f"`{path[-1]}` has more decimals than the currency: {canonical(amount)}",
                path,
                fix=f'write "{amount.quantize(unit, ROUND_HALF_UP):f}", if that is on the document',
            )


def _header(resolved: ResolvedInvoice, body: ImportedInvoiceBody) -> Iterator[Finding]:
    before, tax, amount = body.currency_amount_before_tax, body.currency_tax, body.currency_amount
    if before + tax != amount:
        yield resolved.document.finding(
            "import-totals",
            f"`currency_amount` is {amount:f}, but {before:f} and {tax:f} of tax come to {before + tax:f}",
            ("currency_amount",),
        )


def _sums(resolved: ResolvedInvoice, body: ImportedInvoiceBody, unit: Decimal) -> Iterator[Finding]:
    lines = body.invoice_lines
    amount = sum((line.currency_amount for line in lines), Decimal(0))
    tax = sum((line.currency_tax for line in lines), Decimal(0))
    for name, total in zip(_TOTALS, (amount - tax, tax, amount), strict=True):
        on_document: Decimal = getattr(body, name)
        if abs(on_document - total) > unit * len(lines):
            yield resolved.document.finding(
                "import-totals",
                f"`{name}` is {on_document:f}, the lines come to {total:f}",
                (name,),
                detail=f"Pennylane takes a difference of at most {unit:f} for each line.",
            )


def _tax(
    resolved: ResolvedInvoice, index: int, line: ImportedInvoiceLine, unit: Decimal
) -> Iterator[Finding]:
    rate, tax = rates()[line.vat_rate], line.currency_tax
    before_tax = line.currency_amount - tax
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


def _price(
    resolved: ResolvedInvoice, index: int, line: ImportedInvoiceLine, unit: Decimal
) -> Iterator[Finding]:
    stated = line.currency_amount - line.currency_tax
    computed = line_before_tax(line, unit)
    if abs(stated - computed) > unit:
        yield resolved.document.finding(
            "import-line-amount",
            f"line {index + 1} comes to {stated:f} before tax, its quantity and price to {computed:f}",
            ("invoice_lines", index, "currency_amount"),
            severity=Severity.WARNING,
        )


def _e_invoice(resolved: ResolvedInvoice, body: ImportedInvoiceBody) -> Iterator[Finding]:
    """What the conversion needs: a PDF, a label on every line, and a number of the form that it takes."""
    invoice, problem = resolved.invoice, "e-invoice"
    if invoice.file and invoice.file.media_type != _PDF:
        yield resolved.document.finding(problem, "only a PDF can be converted to an e-invoice", ("file",))
    number = body.invoice_number
    if number is UNSET or not _E_INVOICE_NUMBER.fullmatch(number):
        yield resolved.document.finding(
            problem,
            "an e-invoice has a number of at most 35 letters, digits and - + _ /",
            ("invoice_number",) if number is not UNSET else ("convert_to_e_invoice",),
            fix="" if number is not UNSET else "add `invoice_number`",
        )
    for index, line in enumerate(body.invoice_lines):
        if not line.label:
            path: Path = ("invoice_lines", index)
            yield resolved.document.finding(
                problem, f"line {index + 1} of an e-invoice needs a label", path, fix="add `label`"
            )


def _no_discounts(resolved: ResolvedInvoice, body: ImportedInvoiceBody) -> Iterator[Finding]:
    places: list[Path] = [
        ("invoice_lines", index, "discount") for index, line in enumerate(body.invoice_lines) if line.discount
    ]
    places += [("discount",)] if body.discount else []
    for path in places:
        yield resolved.document.finding(
            "import-discount",
            "an import takes a discount only when it is converted to an e-invoice",
            path,
            key=True,
            fix="delete it: the amounts of the lines are after discount; or add `convert_to_e_invoice: true`",
        )
