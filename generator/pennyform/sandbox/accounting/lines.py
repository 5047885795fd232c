"""Lines of an invoice as the books keep them: filled from the product, checked, with their amounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pennyform.sandbox.accounting.ledger_accounts import account_for, substance_of
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.money import currencies, money
from pennyform.sandbox.money.amounts import decimal_of, discount_of, percent_of
from pennyform.sandbox.money.money import Amounts, Discount
from pennyform.sandbox.request_context import RequestContext

Body = dict[str, Any]

_DEFAULTS: Mapping[str, Any] = {
    "unit": "",
    "description": "",
    "product_id": None,
    "ledger_account_id": None,
    "section_rank": None,
    "imputation_dates": None,
    "discount": None,
}


def new_line(context: RequestContext, given: Mapping[str, Any], rank: int, sections: Sequence[int]) -> Body:
    """A line from a request.

    Args:
        context: finds the product and the ledger account.
        given: the line in the request.
        rank: its place on the invoice, from 1.
        sections: ranks of the invoice's sections.

    Raises:
        ApiError: 404 for an unknown product or account; 422 for a rule that is broken.
    """
    return _settled(context, {**_DEFAULTS, **_filled(context, given), **given, "rank": rank}, given, sections)


def changed_line(
    context: RequestContext, kept: Body, given: Mapping[str, Any], sections: Sequence[int]
) -> Body:
    """A kept line after an update. Another product fills it anew, where the update says nothing itself."""
    changes = {name: value for name, value in given.items() if name != "id"}
    return _settled(context, {**kept, **_filled(context, changes), **changes}, changes, sections)


def _filled(context: RequestContext, given: Mapping[str, Any]) -> Body:
    if "product_id" not in given:
        return {}
    product = context.find("product", given["product_id"], "Product").body
    return {
        "label": product["label"],
        "raw_currency_unit_price": product["price_before_tax"],
        "unit": product["unit"],
        "vat_rate": product["vat_rate"],
        "ledger_account_id": product["ledger_account_id"],
    }


def _settled(context: RequestContext, line: Body, given: Mapping[str, Any], sections: Sequence[int]) -> Body:
    if line["section_rank"] is not None and line["section_rank"] not in sections:
        raise unprocessable(f"section_rank {line['section_rank']} is not the rank of a section")
    check_imputation(line["imputation_dates"])
    account = account_for(context, line["ledger_account_id"], given.get("substance"))
    percent_of(line["vat_rate"])
    return {
        **line,
        "description": line["description"] or "",
        "ledger_account_id": account.id if account else None,
        "substance": substance_of(context, account),
        "quantity": money.text(decimal_of("quantity", line["quantity"], context.rules.quantity_decimals)),
        "raw_currency_unit_price": money.text(
            decimal_of("raw_currency_unit_price", line["raw_currency_unit_price"])
        ),
        "discount": discount_text(discount_of(line["discount"], bounded=context.rules.discount_bounded)),
    }


def check_imputation(dates: Mapping[str, str] | None) -> None:
    """Refuse a period that ends before it starts.

    Raises:
        ApiError: 422.
    """
    if dates and dates["start_date"] > dates["end_date"]:
        raise unprocessable("imputation_dates must start before they end")


def discount_text(discount: Discount) -> Body:
    """A discount as the API shows it; there always is one, of zero when none was given."""
    return {"type": discount.type, "value": money.text(discount.value)}


def add_up(context: RequestContext, invoice: Body, lines: Sequence[Body]) -> None:
    """Compute the amounts of an invoice and of each of its lines, and write them into their bodies."""
    discount = discount_of(invoice["discount"], signed=context.rules.discount_signed)
    decimals = currencies.decimals(invoice["currency"])
    summands = [_amount_of(context, line) for line in lines]
    totals = money.totals(
        summands, discount, decimals, context.rules.rounding, context.rules.invoice_discount
    )
    if context.rules.discount_needs_a_sum and discount.type == "absolute" and discount.value:
        _check_sum(totals.gross)
    rate = currencies.exchange_rate(invoice["currency"])
    invoice.update(_shown(totals.invoice, rate), exchange_rate=money.text(rate))
    invoice["credit_note"] = totals.invoice.with_tax < 0
    for line, amounts in zip(lines, totals.lines, strict=True):
        line.update(_shown(amounts, rate))


def _check_sum(gross: Decimal) -> None:
    """A part of nothing is nothing; an amount has to come off something."""
    if not gross:
        raise unprocessable("A discount cannot be taken off lines that add up to zero")


def _amount_of(context: RequestContext, line: Body) -> money.Line:
    return money.Line(
        quantity=Decimal(line["quantity"]),
        unit_price=Decimal(line["raw_currency_unit_price"]),
        vat_rate=line["vat_rate"],
        percent=percent_of(line["vat_rate"], reverse_charge=context.rules.reverse_charge_taxed),
        discount=discount_of(line["discount"], signed=context.rules.discount_signed),
    )


def _shown(amounts: Amounts, rate: Decimal) -> Body:
    return {
        "currency_amount_before_tax": money.text(amounts.before_tax),
        "currency_tax": money.text(amounts.tax),
        "currency_amount": money.text(amounts.with_tax),
        "tax": money.text(money.rounded(amounts.tax * rate, 2)),
        "amount": money.text(money.rounded(amounts.with_tax * rate, 2)),
    }
