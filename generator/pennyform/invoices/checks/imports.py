"""Imported invoices: amounts that agree with one another, and what a conversion to an e-invoice needs.

The API refuses totals that differ from the lines by more than a cent for each line, and takes a tax that does
not match its rate as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.model import UNSET, ImportedInvoiceBody, ImportedInvoiceLine
from pennyform.invoices.money.scalars import canonical, minor_units
from pennyform.invoices.money.totals import line_before_tax
from pennyform.invoices.money.vat_codes import rates
from pennyform.invoices.yaml.document import Path

# Of an e-invoice, as docs/definitions.md says; an import that is not converted may have any number.
_E_INVOICE_NUMBER = re.compile(r"[A-Za-z0-9\-+_/]{1,35}")
_PDF = "application/pdf"
_AS_IS = "leave it, if the document says so"
_TOTALS = ("currency_amount_before_tax", "currency_tax", "currency_amount")


def check_import(
    resolved: ResolvedInvoice, tolerances: Mapping[str, Decimal] = MappingProxyType({})
) -> Iterator[Finding]:
    """Everything about an imported invoice that the API would refuse, or take although it cannot be right.

    Args:
        resolved: the invoice.
        tolerances: by currency, how far amounts may be from what they are computed to be; within, they are
            warnings, since nobody can correct what was issued elsewhere.
    """
    body = resolved.invoice.body
    if not isinstance(body, ImportedInvoiceBody):
        raise TypeError("only an imported invoice states its amounts")
    unit = Decimal(1).scaleb(-minor_units(body.currency or "EUR"))
    yield from check_decimals(resolved, body, unit)
    tolerance = tolerances.get(body.currency or "EUR")
    yield from check_totals(resolved, body, unit, tolerance or Decimal(0))
    for index, line in enumerate(body.invoice_lines):
        yield from check_line(resolved, index, line, unit, tolerance)
    if body.convert_to_e_invoice:
        yield from check_conversion(resolved, body)
    elif not resolved.invoice.e_invoice_lines:
        yield from check_no_discounts(resolved, body)


def check_decimals(resolved: ResolvedInvoice, body: ImportedInvoiceBody, unit: Decimal) -> Iterator[Finding]:
    """Amounts with more decimals than the currency has."""
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


def check_totals(
    resolved: ResolvedInvoice, body: ImportedInvoiceBody, unit: Decimal, tolerance: Decimal
) -> Iterator[Finding]:
    """Totals that do not add up, or are not what the lines come to."""
    before, tax, amount = body.currency_amount_before_tax, body.currency_tax, body.currency_amount
    if before + tax != amount:
        is_within = abs(before + tax - amount) <= tolerance
        yield resolved.document.finding(
            "import-totals",
            f"`currency_amount` is {amount:f}, but {before:f} and {tax:f} of tax come to {before + tax:f}",
            ("currency_amount",),
            severity=Severity.WARNING if is_within else Severity.ERROR,
            fix=_AS_IS if is_within else "",
        )
    if resolved.invoice.e_invoice_lines:
        return  # compared with its file, which may have charges outside the lines
    lines = body.invoice_lines
    line_amount = sum((line.currency_amount for line in lines), Decimal(0))
    line_tax = sum((line.currency_tax for line in lines), Decimal(0))
    sums = (line_amount - line_tax, line_tax, line_amount)
    for name, on_document, total in zip(_TOTALS, (before, tax, amount), sums, strict=True):
        if abs(on_document - total) > unit * len(lines):
            yield resolved.document.finding(
                "import-totals",
                f"`{name}` is {on_document:f}, the lines come to {total:f}",
                (name,),
                detail=f"Pennylane takes a difference of at most {unit:f} for each line.",
            )


def check_line(
    resolved: ResolvedInvoice,
    index: int,
    line: ImportedInvoiceLine,
    unit: Decimal,
    tolerance: Decimal | None,
) -> Iterator[Finding]:
    """A tax that is not what the rate makes of the line, and a price that is not what the line comes to."""
    rate, tax = rates()[line.vat_rate], line.currency_tax
    before_tax = line.currency_amount - tax
    # Adding 0 turns -0.00 into 0.00.
    expected = (before_tax * rate.charged / 100).quantize(unit, ROUND_HALF_UP) + 0
    if tolerance is None:
        # Rounding by piece is off by half a cent for each at most; 1 % tells it from another rate.
        tolerance = min(abs(line.quantity) * unit / 2, abs(before_tax) / 100)
    if abs(tax - expected) > unit:
        is_error = rate.reviewed and abs(tax - expected) > tolerance
        computation = f"{rate.charged.normalize():f} % of {before_tax:f} is {expected:f}"
        yield resolved.document.finding(
            "import-line-tax",
            f"the tax of line {index + 1} is {tax:f}; {computation}",
            ("invoice_lines", index, "currency_tax"),
            # While nobody has reviewed a code, what it charges is assumed (templates/schemas/vat_rates.yaml).
            severity=Severity.ERROR if is_error else Severity.WARNING,
            fix="" if is_error else _AS_IS,
        )
    computed = line_before_tax(line, unit)
    # What an electronic invoice adds to a line, and per how many units its price is, only its file says.
    if not resolved.invoice.e_invoice_lines and abs(before_tax - computed) > unit:
        yield resolved.document.finding(
            "import-line-amount",
            f"line {index + 1} comes to {before_tax:f} before tax, its quantity and price to {computed:f}",
            ("invoice_lines", index, "currency_amount"),
            severity=Severity.WARNING,
        )


def check_conversion(resolved: ResolvedInvoice, body: ImportedInvoiceBody) -> Iterator[Finding]:
    """What the conversion needs: a PDF, a label on every line, and a number of the form that it takes."""
    file, rule = resolved.invoice.file, "e-invoice"
    if file and file.media_type != _PDF:
        yield resolved.document.finding(rule, "only a PDF can be converted to an e-invoice", ("file",))
    number = body.invoice_number
    if number is UNSET or not _E_INVOICE_NUMBER.fullmatch(number):
        yield resolved.document.finding(
            rule,
            "an e-invoice has a number of at most 35 letters, digits and - + _ /",
            ("invoice_number",) if number is not UNSET else ("convert_to_e_invoice",),
            fix="" if number is not UNSET else "add `invoice_number`",
        )
    for index, line in enumerate(body.invoice_lines):
        if not line.label:
            path: Path = ("invoice_lines", index)
            yield resolved.document.finding(
                rule, f"line {index + 1} of an e-invoice needs a label", path, fix="add `label`"
            )


def check_no_discounts(resolved: ResolvedInvoice, body: ImportedInvoiceBody) -> Iterator[Finding]:
    """Discounts of an import that is not converted, which the API does not take."""
    paths: list[Path] = [
        ("invoice_lines", index, "discount") for index, line in enumerate(body.invoice_lines) if line.discount
    ]
    paths += [("discount",)] if body.discount else []
    for path in paths:
        yield resolved.document.finding(
            "import-discount",
            "an import takes a discount only when it is converted to an e-invoice",
            path,
            key=True,
        )
