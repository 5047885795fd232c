"""An invoice of the account in the words of a definition, so that what it charges can be computed anew."""

from __future__ import annotations

from decimal import Decimal

from pennyform.engine.account.records import RemoteInvoice, RemoteLine
from pennyform.invoices.model import (
    UNSET,
    ImportedInvoiceBody,
    ImportedInvoiceLine,
    InvoiceBody,
    InvoiceLine,
)
from pennyform.invoices.money.scalars import canonical


def expected_amounts(final: RemoteInvoice) -> tuple[Decimal | None, Decimal | None]:
    """What the account says that an invoice comes to, before tax and tax."""
    return final.currency_amount_before_tax, final.currency_tax


def body_of(final: RemoteInvoice) -> InvoiceBody | None:
    """An invoice of the account as a definition would say it; None when it lacks something."""
    lines = [made for line in final.lines if (made := _line(line)) is not None]
    if len(lines) < len(final.lines) or final.date is None:
        return None
    return InvoiceBody(
        external_reference=final.external_reference,
        customer_id=final.customer_id or 0,
        date=final.date,
        deadline=final.deadline or final.date,
        currency=final.currency or "EUR",
        discount=final.discount,
        invoice_lines=tuple(lines),
    )


def body_of_amounts(final: RemoteInvoice) -> ImportedInvoiceBody | None:
    """An invoice of the account by what each line comes to; None when that does not add up to the invoice."""
    lines = [made for line in final.lines if (made := _line_of_amounts(line)) is not None]
    amounts = (final.currency_amount_before_tax, final.currency_tax, final.currency_amount)
    before_tax, tax, amount = (value if value is not None else Decimal("NaN") for value in amounts)
    taxes = sum((line.currency_tax for line in lines), Decimal(0))
    with_tax = sum((line.currency_amount for line in lines), Decimal(0))
    if len(lines) < len(final.lines) or final.date is None or (taxes, with_tax) != (tax, amount):
        return None
    return ImportedInvoiceBody(
        external_reference=final.external_reference,
        customer_id=final.customer_id or 0,
        invoice_number=final.invoice_number,
        date=final.date,
        deadline=final.deadline or final.date,
        currency=final.currency or "EUR",
        currency_amount_before_tax=before_tax,
        currency_tax=tax,
        currency_amount=amount,
        import_as_incomplete=UNSET,
        amount=UNSET,
        tax=UNSET,
        label=UNSET,
        transaction_reference=UNSET,
        invoice_lines=tuple(lines),
    )


def _line(line: RemoteLine) -> InvoiceLine | None:
    if line.quantity is None or line.raw_currency_unit_price is None or not line.vat_rate:
        return None
    return InvoiceLine(
        product_id=line.product_id or UNSET,
        label=line.label or "",
        description=line.description or UNSET,
        quantity=line.quantity,
        unit=line.unit,
        raw_currency_unit_price=Decimal(canonical(line.raw_currency_unit_price)),
        vat_rate=line.vat_rate,
        discount=line.discount,
        substance=line.substance or UNSET,
        imputation_dates=line.imputation_dates or UNSET,
    )


def _line_of_amounts(line: RemoteLine) -> ImportedInvoiceLine | None:
    made, amount, tax = _line(line), line.currency_amount, line.currency_tax
    if made is None or amount is None or tax is None or not isinstance(made.vat_rate, str):
        return None
    return ImportedInvoiceLine(
        product_id=made.product_id,
        label=made.label,
        description=made.description,
        quantity=made.quantity,
        unit=made.unit,
        raw_currency_unit_price=line.raw_currency_unit_price or Decimal(0),
        vat_rate=made.vat_rate,
        discount=made.discount,
        currency_amount=amount,
        amount=UNSET,
        currency_tax=tax,
        substance=made.substance,
        imputation_dates=made.imputation_dates,
    )
