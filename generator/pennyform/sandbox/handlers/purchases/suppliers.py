"""Suppliers."""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.accounting.ledger_accounts import opened
from pennyform.sandbox.generic import show, show_item
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import Record

_SUPPLIERS_ACCOUNT = "401"
_DEFAULTS: dict[str, Any] = {"emails": [], "vat_number": "", "iban": ""}


def list_suppliers(call: RequestContext) -> dict[str, Any]:
    """``GET /suppliers``."""
    return listed(call, "supplier", show_item)


def get_supplier(call: RequestContext) -> Any:
    """``GET /suppliers/{id}``."""
    return show(call, call.find("supplier", call.parameters["id"]))


def create_supplier(call: RequestContext) -> Any:
    """``POST /suppliers``."""
    return show(call, add(call, call.body))


def add(call: RequestContext, given: dict[str, Any]) -> Record:
    """A new supplier, with an account that is opened when there is none of its number.

    Raises:
        TakenError: when the reference is in use.
    """
    kept = {**_DEFAULTS, **given}
    reference = kept.pop("external_reference", None) or call.books.new_reference("supplier")
    number = (kept.pop("ledger_account", None) or {}).get("number", _SUPPLIERS_ACCOUNT)
    kept["ledger_account_id"] = opened(call, number).id
    return call.books.insert("supplier", kept, reference=reference)


def update_supplier(call: RequestContext) -> Any:
    """``PUT /suppliers/{id}``: partial."""
    record = call.find("supplier", call.parameters["id"])
    given = dict(call.body)
    record.reference = given.pop("external_reference", None) or record.reference
    record.body.update(given)
    call.books.update(record)
    return show(call, record)


OPERATIONS: dict[str, Handler] = {
    "getSuppliers": list_suppliers,
    "getSupplier": get_supplier,
    "postSupplier": create_supplier,
    "putSupplier": update_supplier,
}
