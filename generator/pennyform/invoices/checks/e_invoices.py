"""Imports of electronic invoices: the file tells the API everything, so a definition must say what it says.

The request carries the file, the customer, and for lines a product and a ledger account. All else that a
definition states is what the file states, or the two are at odds, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from pennyform.findings import Finding
from pennyform.invoices.model import DesiredInvoice, ImportedInvoiceBody, set_fields
from pennyform.invoices.money.vat_codes import rates
from pennyform.invoices.sources import factur_x
from pennyform.invoices.sources.factur_x import EInvoice, UnreadableError
from pennyform.invoices.yaml.document import Document, Path

_OPERATION = "createCustomerInvoiceEInvoiceImport"
# What is stated in the file too, what its import takes, and what can be set afterwards.
_HEADER = frozenset(
    {
        "external_reference",
        "customer_id",
        "invoice_number",
        "date",
        "deadline",
        "currency",
        "currency_amount_before_tax",
        "currency_tax",
        "currency_amount",
        "transaction_reference",
        "invoice_lines",
    }
)
_LINE = frozenset(
    {
        "product_id",
        "label",
        "quantity",
        "unit",
        "raw_currency_unit_price",
        "vat_rate",
        "currency_amount",
        "currency_tax",
        "ledger_account_id",
        "imputation_dates",
    }
)


class _Pair(NamedTuple):
    """One value in the definition and in the file."""

    path: Path
    stated: Any
    filed: Any


def as_e_invoice(
    invoice: DesiredInvoice, document: Document, root: FilePath
) -> tuple[DesiredInvoice, list[Finding]]:
    """The imported ``invoice`` as an import of an electronic one, and where file and definition are at odds.

    Args:
        invoice: an import whose definition says that its file is an electronic invoice.
        document: that definition.
        root: the folder of the invoice repository.
    """
    if invoice.file is None:
        raise ValueError("an e-invoice is imported from a file")
    try:
        read = factur_x.read((root / invoice.file.path).read_bytes())
    except (UnreadableError, OSError) as problem:
        return invoice, [_unreadable(document, problem)]
    made = invoice._replace(operation=_OPERATION, e_invoice_lines=tuple(line.id for line in read.lines))
    body = invoice.body
    if not isinstance(body, ImportedInvoiceBody):
        raise TypeError("an e-invoice is imported")
    return made, [*_not_carried(body, document), *_disagreements(body, read, document)]


def _unreadable(document: Document, problem: Exception) -> Finding:
    return document.finding(
        "e-invoice-file",
        f"`file` is no electronic invoice: {problem}",
        ("file",),
        detail="It is a Factur-X PDF, or XML in one of the two syntaxes of EN 16931 (CII, UBL).",
        fix="delete `e_invoice` to import it as the picture of an invoice",
    )


def _not_carried(body: ImportedInvoiceBody, document: Document) -> Iterator[Finding]:
    paths: list[Path] = [(name,) for name, _ in set_fields(body) if name not in _HEADER]
    for index, line in enumerate(body.invoice_lines):
        paths += [("invoice_lines", index, name) for name, _ in set_fields(line) if name not in _LINE]
    for path in paths:
        yield document.finding(
            "e-invoice-field",
            f"the import of an e-invoice does not take `{path[-1]}`",
            path,
            key=True,
            detail="Pennylane takes what the file says, and nothing else.",
            fix="delete it",
        )


def _disagreements(body: ImportedInvoiceBody, read: EInvoice, document: Document) -> Iterator[Finding]:
    for path, stated, filed in (*_header(body, read), *_lines(body, read)):
        if stated != filed:
            yield document.finding(
                "e-invoice-file",
                f"`{path[-1]}` is {_shown(stated)}, and {_shown(filed)} in the file",
                path,
                detail="What is imported is what the file says.",
                fix="write what the file says, or import the right file",
            )


def _header(body: ImportedInvoiceBody, read: EInvoice) -> Iterator[_Pair]:
    yield _Pair(("invoice_number",), body.invoice_number or None, read.number)
    yield _Pair(("date",), body.date.isoformat(), read.date)
    if read.deadline:
        yield _Pair(("deadline",), body.deadline.isoformat(), read.deadline)
    yield _Pair(("currency",), body.currency or "EUR", read.currency)
    yield _Pair(("currency_amount_before_tax",), body.currency_amount_before_tax, read.before_tax)
    yield _Pair(("currency_tax",), body.currency_tax, read.tax)
    yield _Pair(("currency_amount",), body.currency_amount, read.amount)


def _lines(body: ImportedInvoiceBody, read: EInvoice) -> Iterator[_Pair]:
    lines = body.invoice_lines
    if len(lines) != len(read.lines):
        yield _Pair(("invoice_lines",), _counted(len(lines)), _counted(len(read.lines)))
        return
    for index, (stated, filed) in enumerate(zip(lines, read.lines, strict=True)):
        path: Path = ("invoice_lines", index)
        before_tax = stated.currency_amount - stated.currency_tax
        yield _Pair((*path, "label"), stated.label or None, filed.label)
        yield _Pair((*path, "quantity"), stated.quantity, filed.quantity)
        yield _Pair((*path, "raw_currency_unit_price"), stated.raw_currency_unit_price, filed.price)
        yield _Pair((*path, "currency_amount"), before_tax, filed.before_tax)
        # Which code stands for a rate is Pennylane's to say.
        yield _Pair((*path, "vat_rate"), rates()[stated.vat_rate].charged, filed.percent)


def _counted(number: int) -> str:
    return f"{number} line{'' if number == 1 else 's'}"


def _shown(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return "missing" if value is None else str(value)
