"""Invoices that were made elsewhere: their amounts are given, not computed, and held against each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pennyform.sandbox.accounting import bookkeeping
from pennyform.sandbox.accounting.ledger_accounts import account_for, substance_of
from pennyform.sandbox.accounting.lines import check_imputation, discount_text
from pennyform.sandbox.api_errors import conflict, unprocessable
from pennyform.sandbox.documents.attachments import PDF
from pennyform.sandbox.money import currencies, money
from pennyform.sandbox.money.amounts import decimal_of, discount_of, percent_of
from pennyform.sandbox.money.currencies import CURRENCIES
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Selection

_KIND = "customer_invoice"
_CENT = Decimal("0.01")
_AMOUNTS = ("currency_amount_before_tax", "currency_tax", "currency_amount")
_E_INVOICE_NUMBER = re.compile(r"[A-Za-z0-9\-+_/]{1,35}")
_SAME_FILE = "json_extract(body, '$.digest') = ?"

Body = dict[str, Any]

NO_DISCOUNT = discount_text(money.NO_DISCOUNT)


def line(context: RequestContext, given: Mapping[str, Any], rank: int) -> Body:
    """A line as the books keep it. A product fills nothing in.

    Raises:
        ApiError: 404 for an unknown product or account; 422 for a rule that is broken.
    """
    if given.get("product_id") is not None:
        context.find("product", given["product_id"], "Product")
    check_imputation(given.get("imputation_dates"))
    percent_of(given["vat_rate"])
    account = account_for(context, given.get("ledger_account_id"), given.get("substance"))
    return {
        **{name: given.get(name) for name in ("product_id", "imputation_dates")},
        "label": given.get("label") or "",
        "description": given.get("description") or "",
        "unit": given["unit"],
        "vat_rate": given["vat_rate"],
        "section_rank": None,
        "rank": rank,
        "ledger_account_id": account.id if account else None,
        "substance": substance_of(context, account),
        "quantity": money.text(decimal_of("quantity", given["quantity"], context.rules.quantity_decimals)),
        "raw_currency_unit_price": money.text(
            decimal_of("raw_currency_unit_price", given["raw_currency_unit_price"])
        ),
        "discount": discount_text(discount_of(given.get("discount"), bounded=context.rules.discount_bounded)),
        **{name: money.text(decimal_of(name, given[name])) for name in ("currency_amount", "currency_tax")},
    }


def settle(invoice: Body, lines: Sequence[Body]) -> None:
    """Fill in what follows from the amounts of an imported invoice and of its lines.

    Raises:
        ApiError: 422 for an amount in euros that contradicts the one in the invoice's currency, which is EUR.
    """
    if invoice["currency"] not in CURRENCIES:
        raise unprocessable(f"{invoice['currency']} is not a currency")
    rate = currencies.exchange_rate(invoice["currency"])
    for one in lines:
        with_tax, tax = Decimal(one["currency_amount"]), Decimal(one["currency_tax"])
        one["currency_amount_before_tax"] = money.text(with_tax - tax)
        _in_euros(one, rate)
    for name in _AMOUNTS:
        invoice[name] = money.text(decimal_of(name, invoice[name]))
    _in_euros(invoice, rate)
    invoice["exchange_rate"] = money.text(rate)
    invoice["credit_note"] = Decimal(invoice["currency_amount"]) < 0


def check_totals(invoice: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> None:
    """Hold the amounts of a settled invoice against those of its lines.

    Raises:
        ApiError: 422 when a total differs from the sum of the lines by more than a cent per line.
    """
    for name in _AMOUNTS:
        total = sum(Decimal(one[name]) for one in lines)
        if abs(Decimal(invoice[name]) - total) > _CENT * len(lines):
            raise unprocessable(f"{name} differs from the sum of the lines by more than a cent per line")


def _in_euros(amounts: Body, rate: Decimal) -> None:
    """Amounts in euros are what was given, or follow from the exchange rate."""
    for name in ("amount", "tax"):
        computed = money.rounded(Decimal(amounts[f"currency_{name}"]) * rate, 2)
        given = amounts.get(name)
        if given and rate == 1 and decimal_of(name, given) != Decimal(amounts[f"currency_{name}"]):
            raise unprocessable(f"{name} and currency_{name} must be identical")
        amounts[name] = money.text(decimal_of(name, given) if given else computed)


def claim_file(context: RequestContext, attachment: JsonRecord, kind: str) -> Body:
    """What an invoice of a kind keeps of the file it was imported with; a file makes one invoice.

    Raises:
        ApiError: 409 naming the invoice that the same content made before.
    """
    found = made_of(context, kind, attachment.body["digest"])
    if found:
        raise conflict(f"This file has already been imported as {kind.replace('_', ' ')} {found.id}")
    return {"file_attachment_id": attachment.id, **attachment.body}


def made_of(context: RequestContext, kind: str, digest: str) -> JsonRecord | None:
    """The invoice that was made of a file's content, if any."""
    found = context.records.select(kind, Selection([_SAME_FILE], [digest], "id ASC", 1))
    return found[0] if found else None


def keep(context: RequestContext, invoice: Body, lines: Sequence[Body], reference: str | None) -> JsonRecord:
    """Put an imported customer invoice, with its lines and its ledger entry, into the books.

    Raises:
        TakenError: when the reference is in use.
    """
    invoice["ledger_entry_id"] = bookkeeping.open_entry(context, _KIND, invoice)
    bookkeeping.enter(context, _KIND, invoice, lines)
    record = context.records.insert(
        _KIND, invoice, reference=reference or context.records.generate_reference(_KIND)
    )
    for body in lines:
        context.records.insert("invoice_line", body, parent=record.id)
    return record


def check_conversion(given: Mapping[str, Any], attachment: JsonRecord) -> None:
    """What ``convert_to_e_invoice`` asks for, and what only it allows.

    Raises:
        ApiError: 422.
    """
    lines = given["invoice_lines"]
    if not given.get("convert_to_e_invoice"):
        if "discount" in given or any("discount" in one for one in lines):
            raise unprocessable("A discount is only allowed when convert_to_e_invoice is true")
        return
    if attachment.body["media_type"] != PDF:
        raise unprocessable("Only a PDF can be converted to an e-invoice")
    if not all(one.get("label") for one in lines):
        raise unprocessable("Every line of an e-invoice must have a label")
    if not _E_INVOICE_NUMBER.fullmatch(given.get("invoice_number", "")):
        raise unprocessable("The invoice_number of an e-invoice has 1 to 35 of the characters A-Za-z0-9-+_/")
