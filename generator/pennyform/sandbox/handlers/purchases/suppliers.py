"""Suppliers."""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.accounting.ledger_accounts import opened
from pennyform.sandbox.generic import show, show_item
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord

_SUPPLIERS_ACCOUNT = "401"
_DEFAULTS: dict[str, Any] = {"emails": [], "vat_number": "", "iban": ""}


def list_suppliers(context: RequestContext) -> dict[str, Any]:
    """``GET /suppliers``."""
    return listed(context, "supplier", show_item)


def get_supplier(context: RequestContext) -> Any:
    """``GET /suppliers/{id}``."""
    return show(context, context.find("supplier", context.parameters["id"]))


def create_supplier(context: RequestContext) -> Any:
    """``POST /suppliers``."""
    return show(context, add(context, context.body))


def add(context: RequestContext, given: dict[str, Any]) -> JsonRecord:
    """A new supplier, with an account that is opened when there is none of its number.

    Raises:
        TakenError: when the reference is in use.
    """
    kept = {**_DEFAULTS, **given}
    reference = kept.pop("external_reference", None) or context.records.generate_reference("supplier")
    number = (kept.pop("ledger_account", None) or {}).get("number", _SUPPLIERS_ACCOUNT)
    kept["ledger_account_id"] = opened(context, number).id
    return context.records.insert("supplier", kept, reference=reference)


def update_supplier(context: RequestContext) -> Any:
    """``PUT /suppliers/{id}``: partial."""
    record = context.find("supplier", context.parameters["id"])
    given = dict(context.body)
    record.reference = given.pop("external_reference", None) or record.reference
    record.body.update(given)
    context.records.update(record)
    return show(context, record)


OPERATIONS: dict[str, Handler] = {
    "getSuppliers": list_suppliers,
    "getSupplier": get_supplier,
    "postSupplier": create_supplier,
    "putSupplier": update_supplier,
}
