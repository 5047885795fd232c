"""Invoices that were made elsewhere: their amounts are given, not computed, and checked for consistency."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from pennyform.sandbox.accounting import ledger
from pennyform.sandbox.accounting.invoice_lines import check_line_fields, insert_lines
from pennyform.sandbox.api_errors import conflict, unprocessable
from pennyform.sandbox.documents.files import PDF
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.documents import (
    CustomerInvoice,
    Document,
    InvoiceLine,
    PricedBody,
    SupplierInvoice,
)
from pennyform.sandbox.model.parties import StoredFile
from pennyform.sandbox.money import rates
from pennyform.sandbox.money.arithmetic import format_amount, round_half_up
from pennyform.sandbox.money.parsing import parse_decimal
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record, Selection

_CENT = Decimal("0.01")
_AMOUNTS = ("currency_amount_before_tax", "currency_tax", "currency_amount")
_E_INVOICE_NUMBER = re.compile(r"[A-Za-z0-9\-+_/]{1,35}")
_SAME_FILE = "json_extract(body, '$.digest') = ?"


def create_imported_line(context: RequestContext, request: JsonObject, rank: int) -> InvoiceLine:
    """A line of an imported invoice. Its product fills nothing in; amounts in euros are still empty.

    Raises:
        ApiError: 404 for an unknown product or account; 422 for a rule that is broken.
    """
    if request.get("product_id") is not None:
        context.find("product", request["product_id"], "Product")
    checked = check_line_fields(context, request, request.get("substance"))
    return InvoiceLine(
        product_id=request.get("product_id"),
        imputation_dates=request.get("imputation_dates"),
        label=request.get("label") or "",
        unit=request["unit"],
        vat_rate=request["vat_rate"],
        rank=rank,
        **checked,
        currency_amount=format_amount(parse_decimal("currency_amount", request["currency_amount"])),
        currency_tax=format_amount(parse_decimal("currency_tax", request["currency_tax"])),
        amount="",
        tax="",
    )


def merge_update(invoice: Document, update: JsonObject) -> JsonObject:
    """The fields of an imported invoice after an update.

    Euros follow the currency's amounts anew, and are empty for that, unless they are given too.
    """
    stale = {name: "" for name in ("amount", "tax") if f"currency_{name}" in update or "currency" in update}
    return {**invoice.fields(), **stale, **update}


def compute_imported_amounts(invoice: CustomerInvoice, lines: Sequence[InvoiceLine]) -> None:
    """Fill in what follows from the amounts of an imported invoice and of its lines.

    Raises:
        ApiError: 422 for an amount in euros that contradicts the one in the invoice's currency, which is EUR.
    """
    if invoice.currency not in rates.CURRENCIES:
        raise unprocessable(f"{invoice.currency} is not a currency")
    rate = rates.exchange_rate(invoice.currency)
    for line in lines:
        before_tax = Decimal(line.currency_amount) - Decimal(line.currency_tax)
        line.currency_amount_before_tax = format_amount(before_tax)
        _compute_euros(line, rate)
    # Written back in the service's own form: "120" is shown as "120.0".
    for name in _AMOUNTS:
        setattr(invoice, name, format_amount(parse_decimal(name, getattr(invoice, name))))
    _compute_euros(invoice, rate)
    invoice.exchange_rate = format_amount(rate)
    invoice.credit_note = Decimal(invoice.currency_amount) < 0


def _compute_euros(priced: PricedBody, rate: Decimal) -> None:
    """Amounts in euros are what was given, or follow from the exchange rate."""
    for name in ("amount", "tax"):
        in_currency, in_euros = Decimal(getattr(priced, f"currency_{name}")), getattr(priced, name)
        if in_euros and rate == 1 and parse_decimal(name, in_euros) != in_currency:
            raise unprocessable(f"{name} and currency_{name} must be identical")
        euros = parse_decimal(name, in_euros) if in_euros else round_half_up(in_currency * rate, 2)
        setattr(priced, name, format_amount(euros))


def check_totals(invoice: CustomerInvoice, lines: Sequence[InvoiceLine]) -> None:
    """Compare the amounts of an invoice with those of its lines, once all are computed.

    The contract tolerates a cent per line, for each of the three amounts.

    Raises:
        ApiError: 422 when a total differs from the sum of the lines by more than that.
    """
    for name in _AMOUNTS:
        total = sum(Decimal(getattr(line, name)) for line in lines)
        if abs(Decimal(getattr(invoice, name)) - total) > _CENT * len(lines):
            raise unprocessable(f"{name} differs from the sum of the lines by more than a cent per line")


def check_file_is_new(
    context: RequestContext, attachment: Record[StoredFile], kind: type[CustomerInvoice | SupplierInvoice]
) -> None:
    """Check that a file's content has not made an invoice of the kind before: the contract allows one.

    Raises:
        ApiError: 409 naming the invoice that the same content made.
    """
    invoice = find_invoice_of_file(context, kind, attachment.body.digest)
    if invoice:
        raise conflict(f"This file has already been imported as {kind.KIND.replace('_', ' ')} {invoice}")


def find_invoice_of_file(
    context: RequestContext, kind: type[CustomerInvoice | SupplierInvoice], digest: str
) -> int | None:
    """The id of the invoice that was made of a file's content, if any."""
    records = context.records.select(kind.KIND, Selection([_SAME_FILE], [digest], "id ASC", 1))
    return records[0].id if records else None


def attachment_fields(attachment: Record[StoredFile]) -> JsonObject:
    """What an invoice stores of the file it was imported with."""
    return {"file_attachment_id": attachment.id, **attachment.body.fields()}


def store_imported_invoice(
    context: RequestContext, invoice: CustomerInvoice, lines: Sequence[InvoiceLine], reference: str | None
) -> Record[CustomerInvoice]:
    """Store an imported customer invoice with its lines and its ledger entry.

    Raises:
        DuplicateReferenceError: when the reference is in use.
    """
    ledger.create_invoice_entry(context, invoice)
    ledger.post_invoice_entry(context, invoice, lines[0].ledger_account_id)
    reference = reference or context.records.generate_reference(invoice.KIND)
    record = context.records.insert(invoice.KIND, invoice, reference=reference)
    insert_lines(context, record.id, lines)
    return record


def check_conversion(request: JsonObject, attachment: Record[StoredFile]) -> None:
    """Check what ``convert_to_e_invoice`` asks for, and what only it allows; 422 otherwise."""
    lines = request["invoice_lines"]
    if not request.get("convert_to_e_invoice"):
        if "discount" in request or any("discount" in line for line in lines):
            raise unprocessable("A discount is only allowed when convert_to_e_invoice is true")
        return
    if attachment.body.media_type != PDF:
        raise unprocessable("Only a PDF can be converted to an e-invoice")
    if not all(line.get("label") for line in lines):
        raise unprocessable("Every line of an e-invoice must have a label")
    if not _E_INVOICE_NUMBER.fullmatch(request.get("invoice_number", "")):
        raise unprocessable("The invoice_number of an e-invoice has 1 to 35 of the characters A-Za-z0-9-+_/")
