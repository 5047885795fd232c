"""Products, which fill in invoice lines."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pennyform.sandbox.accounting.ledger_accounts import account_for, substance_of
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.money import currencies, money
from pennyform.sandbox.money.amounts import decimal_of, percent_of
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord

_DEFAULTS = {"description": "", "unit": "", "currency": "EUR", "reference": None, "ledger_account_id": None}


def _present(_: RequestContext, record: JsonRecord) -> dict[str, Any]:
    kept = record.body
    account = kept["ledger_account_id"]
    shown = {name: value for name, value in kept.items() if name != "ledger_account_id"}
    return {
        "id": record.id,
        **shown,
        "external_reference": record.reference,
        "ledger_account": {"id": account} if account else None,
        "archived_at": None,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def list_products(context: RequestContext) -> dict[str, Any]:
    """``GET /products``."""
    return listed(context, "product", _present)


def get_product(context: RequestContext) -> dict[str, Any]:
    """``GET /products/{id}``."""
    return _present(context, context.find("product", context.parameters["id"]))


def create_product(context: RequestContext) -> dict[str, Any]:
    """``POST /products``."""
    given = dict(context.body)
    reference = given.pop("external_reference", None) or context.records.generate_reference("product")
    kept = _settled(context, {**_DEFAULTS, **given}, given)
    return _present(context, context.records.insert("product", kept, reference=reference))


def update_product(context: RequestContext) -> dict[str, Any]:
    """``PUT /products/{id}``: partial. Lines that were filled from it before keep what they got."""
    record = context.find("product", context.parameters["id"])
    given = dict(context.body)
    record.reference = given.pop("external_reference", None) or record.reference
    record.body = _settled(context, {**record.body, **given}, given)
    context.records.update(record)
    return _present(context, record)


def _settled(context: RequestContext, kept: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Resolve the ledger account and compute the price with tax."""
    account = None
    if "ledger_account_id" in given or "substance" in given:
        account = account_for(context, given.get("ledger_account_id"), given.get("substance"))
    elif kept["ledger_account_id"]:
        account = context.records.get("ledger_account", kept["ledger_account_id"])
    before_tax = decimal_of("price_before_tax", kept["price_before_tax"])
    percent = percent_of(kept["vat_rate"], reverse_charge=context.rules.reverse_charge_taxed)
    with_tax = before_tax * (1 + percent / Decimal(100))
    return {
        **kept,
        "ledger_account_id": account.id if account else None,
        "substance": substance_of(context, account),
        "price_before_tax": money.text(before_tax),
        "price": money.text(money.rounded(with_tax, currencies.decimals(kept["currency"]))),
    }


OPERATIONS: dict[str, Handler] = {
    "getProducts": list_products,
    "getProduct": get_product,
    "postProducts": create_product,
    "putProduct": update_product,
}
