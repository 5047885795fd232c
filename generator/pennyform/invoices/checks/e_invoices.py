"""Imports of electronic invoices: the file tells the API everything, so a definition must say what it says.

The request carries the file, the customer, and for lines a product and a ledger account. All else that a
definition states is what the file states, or the two are at odds, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path as FilePath

from pennyform.findings import Finding
from pennyform.invoices.model import DesiredInvoice, ImportedInvoiceBody, set_fields
from pennyform.invoices.money.vat_codes import rates
from pennyform.invoices.sources import factur_x
from pennyform.invoices.sources.factur_x import EInvoice, UnreadableError
from pennyform.invoices.yaml.document import Document, Path

_OPERATION = "createCustomerInvoiceEInvoiceImport"
# What is stated in the file too, what its import takes, and what can be set afterwards.
_HEADER = (
    *("external_reference", "customer_id", "invoice_number", "date", "deadline", "currency"),
    *("currency_amount_before_tax", "currency_tax", "currency_amount"),
    *("transaction_reference", "invoice_lines"),
)
_LINE = (
    *("product_id", "label", "quantity", "unit", "raw_currency_unit_price", "vat_rate"),
    *("currency_amount", "currency_tax", "ledger_account_id", "imputation_dates"),
)


@dataclass(frozen=True, slots=True)
class _Pair:
    """One value as the definition states it, and as it is in the file."""

    path: Path
    in_definition: str | Decimal | None
    in_file: str | Decimal


def as_e_invoice(
    invoice: DesiredInvoice, document: Document, root: FilePath
) -> tuple[DesiredInvoice, list[Finding]]:
    """The imported ``invoice`` as an import of an electronic one, and where file and definition are at odds.

    Args:
        invoice: an import whose definition says that its file is an electronic invoice.
        document: that definition.
        root: the folder of the invoice repository.
    """
    body = invoice.body
    if invoice.file is None or not isinstance(body, ImportedInvoiceBody):
        raise TypeError("an e-invoice is imported from a file")
    try:
        e_invoice = factur_x.read((root / invoice.file.path).read_bytes())
    except (UnreadableError, OSError) as error:
        finding = document.finding(
            "e-invoice-file",
            f"`file` is no electronic invoice: {error}",
            ("file",),
            detail="It is a Factur-X PDF, or XML in one of the two syntaxes of EN 16931 (CII, UBL).",
            fix="delete `e_invoice` to import it as the picture of an invoice",
        )
        return invoice, [finding]
    line_ids = tuple(line.id for line in e_invoice.lines)
    findings = [
        *_fields_not_taken(body, document),
        *(
            _difference(pair, document)
            for pair in _pairs(body, e_invoice)
            if pair.in_definition != pair.in_file
        ),
    ]
    return invoice._replace(operation=_OPERATION, e_invoice_lines=line_ids), findings


def _fields_not_taken(body: ImportedInvoiceBody, document: Document) -> Iterator[Finding]:
    paths: list[Path] = [(name,) for name, _ in set_fields(body) if name not in _HEADER]
    for index, line in enumerate(body.invoice_lines):
        paths += [("invoice_lines", index, name) for name, _ in set_fields(line) if name not in _LINE]
    for path in paths:
        yield document.finding(
            "e-invoice-field",
            f"the import of an e-invoice does not take `{path[-1]}`",
            path,
            key=True,
        )


def _pairs(body: ImportedInvoiceBody, e_invoice: EInvoice) -> Iterator[_Pair]:
    yield _Pair(("invoice_number",), body.invoice_number or None, e_invoice.number)
    yield _Pair(("date",), body.date.isoformat(), e_invoice.date)
    if e_invoice.deadline:
        yield _Pair(("deadline",), body.deadline.isoformat(), e_invoice.deadline)
    yield _Pair(("currency",), body.currency or "EUR", e_invoice.currency)
    yield _Pair(("currency_amount_before_tax",), body.currency_amount_before_tax, e_invoice.before_tax)
    yield _Pair(("currency_tax",), body.currency_tax, e_invoice.tax)
    yield _Pair(("currency_amount",), body.currency_amount, e_invoice.amount)
    counts = [
        f"{len(lines)} line{'' if len(lines) == 1 else 's'}"
        for lines in (body.invoice_lines, e_invoice.lines)
    ]
    if counts[0] != counts[1]:
        yield _Pair(("invoice_lines",), *counts)
        return
    for index, (line, filed) in enumerate(zip(body.invoice_lines, e_invoice.lines, strict=True)):
        path: Path = ("invoice_lines", index)
        yield _Pair((*path, "label"), line.label or None, filed.label)
        yield _Pair((*path, "quantity"), line.quantity, filed.quantity)
        yield _Pair((*path, "raw_currency_unit_price"), line.raw_currency_unit_price, filed.price)
        # The API's amount of an imported line includes tax, the file's does not.
        yield _Pair((*path, "currency_amount"), line.currency_amount - line.currency_tax, filed.before_tax)
        # Which code stands for a rate is Pennylane's to say.
        yield _Pair((*path, "vat_rate"), rates()[line.vat_rate].charged, filed.percent)


def _difference(pair: _Pair, document: Document) -> Finding:
    in_definition, in_file = (
        f"{value:f}" if isinstance(value, Decimal) else "missing" if value is None else value
        for value in (pair.in_definition, pair.in_file)
    )
    return document.finding(
        "e-invoice-file",
        f"`{pair.path[-1]}` is {in_definition}, and {in_file} in the file",
        pair.path,
        detail="What is imported is what the file says.",
    )
