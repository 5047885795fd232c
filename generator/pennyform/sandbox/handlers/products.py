"""Products, which fill in invoice lines."""

from __future__ import annotations

from decimal import Decimal

from pennyform.sandbox.accounting.ledger import resolve_account, substance_of
from pennyform.sandbox.handlers.registry import handles, register_get, register_list
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.ledger import LedgerAccount
from pennyform.sandbox.money.arithmetic import format_amount, round_half_up
from pennyform.sandbox.money.parsing import parse_decimal, vat_percent
from pennyform.sandbox.money.rates import minor_unit_decimals
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord

_DEFAULTS = {"description": "", "unit": "", "currency": "EUR", "reference": None, "ledger_account_id": None}


def _present(_: RequestContext, record: JsonRecord) -> JsonObject:
    fields = dict(record.body)
    account = fields.pop("ledger_account_id")
    return {
        "id": record.id,
        **fields,
        "external_reference": record.reference,
        "ledger_account": {"id": account} if account else None,
        "archived_at": None,
        **record.timestamps,
    }


register_list("getProducts", "product", _present)
register_get("getProduct", "product", _present)


@handles("postProducts")
def create_product(context: RequestContext) -> JsonObject:
    """``POST /products``."""
    request = dict(context.body)
    reference = request.pop("external_reference", None) or context.records.generate_reference("product")
    fields = _resolve(context, {**_DEFAULTS, **request}, request)
    return _present(context, context.records.insert("product", fields, reference=reference))


@handles("putProduct")
def update_product(context: RequestContext) -> JsonObject:
    """``PUT /products/{id}``: partial. Lines that were filled from it before keep what they got."""
    record = context.find_by_path("product")
    request = dict(context.body)
    record.reference = request.pop("external_reference", None) or record.reference
    record.body = _resolve(context, {**record.body, **request}, request)
    context.records.update(record)
    return _present(context, record)


def _resolve(context: RequestContext, fields: JsonObject, request: JsonObject) -> JsonObject:
    """Resolve the ledger account and compute the price with tax."""
    account = None
    if "ledger_account_id" in request or "substance" in request:
        account = resolve_account(context, request.get("ledger_account_id"), request.get("substance"))
    elif fields["ledger_account_id"]:
        account = context.records.get(LedgerAccount, fields["ledger_account_id"])
    before_tax = parse_decimal("price_before_tax", fields["price_before_tax"])
    percent = vat_percent(fields["vat_rate"], reverse_charge=context.rules.reverse_charge_taxed)
    # The price with tax is rounded to the currency, the one before tax is not.
    with_tax = before_tax * (1 + percent / Decimal(100))
    return {
        **fields,
        "ledger_account_id": account.id if account else None,
        "substance": substance_of(context, account),
        "price_before_tax": format_amount(before_tax),
        "price": format_amount(round_half_up(with_tax, minor_unit_decimals(fields["currency"]))),
    }
