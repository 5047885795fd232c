"""Suppliers."""

from __future__ import annotations

from pennyform.sandbox.accounting.ledger_accounts import get_or_create_account
from pennyform.sandbox.generic import present_by_schema
from pennyform.sandbox.handlers.registry import handles, register_get, register_list
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord

# Of the French chart of accounts: suppliers.
_SUPPLIERS_ACCOUNT = "401"
_DEFAULTS: JsonObject = {"emails": [], "vat_number": "", "iban": ""}

register_list("getSuppliers", "supplier", present_by_schema)
register_get("getSupplier", "supplier", present_by_schema)


@handles("postSupplier")
def post_supplier(context: RequestContext) -> Json:
    """``POST /suppliers``."""
    return present_by_schema(context, create_supplier(context, context.body))


def create_supplier(context: RequestContext, request: JsonObject) -> JsonRecord:
    """A new supplier, with a ledger account that is opened when there is none of its number.

    Raises:
        DuplicateReferenceError: when the reference is in use.
    """
    fields = {**_DEFAULTS, **request}
    reference = fields.pop("external_reference", None) or context.records.generate_reference("supplier")
    number = (fields.pop("ledger_account", None) or {}).get("number", _SUPPLIERS_ACCOUNT)
    fields["ledger_account_id"] = get_or_create_account(context, number)
    return context.records.insert("supplier", fields, reference=reference)


@handles("putSupplier")
def update_supplier(context: RequestContext) -> Json:
    """``PUT /suppliers/{id}``: partial."""
    record = context.find("supplier", context.parameters["id"])
    fields = dict(context.body)
    record.reference = fields.pop("external_reference", None) or record.reference
    record.body.update(fields)
    context.records.update(record)
    return present_by_schema(context, record)
