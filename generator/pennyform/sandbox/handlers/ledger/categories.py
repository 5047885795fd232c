"""Categories and their groups, and the categories that owners of several kinds have."""

from __future__ import annotations

from pennyform.sandbox.accounting.categories import (
    present_categories,
    present_category,
    replace_categories,
)
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.handlers.registry import handles
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.lists.pagination import list_records
from pennyform.sandbox.model.ledger import CategoryWeight
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord


def _present_in_group(_: RequestContext, record: JsonRecord) -> JsonObject:
    return {"id": record.id, **record.body, "created_at": record.created_at, "updated_at": record.updated_at}


def _present(context: RequestContext, record: JsonRecord) -> JsonObject:
    return {**_present_in_group(context, record), "category_group": {"id": record.parent}}


def _present_group(context: RequestContext, record: JsonRecord) -> JsonObject:
    url = context.url("category_groups", record.id, "categories")
    return {**_present_in_group(context, record), "categories": {"url": url}}


@handles("getCategories")
def list_categories(context: RequestContext) -> JsonObject:
    """``GET /categories``."""
    return list_records(context, "category", _present)


@handles("getCategory")
def get_category(context: RequestContext) -> JsonObject:
    """``GET /categories/{id}``."""
    return _present(context, context.find("category", context.parameters["id"]))


@handles("postCategories")
def create_category(context: RequestContext) -> JsonObject:
    """``POST /categories``: in a group that exists."""
    fields = {"direction": None, "analytical_code": None, **context.body}
    group = context.find("category_group", fields.pop("category_group_id"), "Category group")
    return _present(context, context.records.insert("category", fields, parent=group.id))


@handles("updateCategory")
def update_category(context: RequestContext) -> JsonObject:
    """``PUT /categories/{id}``: partial."""
    record = context.find("category", context.parameters["id"])
    record.body.update(context.body)
    context.records.update(record)
    return _present(context, record)


@handles("getCategoryGroups")
def list_category_groups(context: RequestContext) -> JsonObject:
    """``GET /category_groups``."""
    return list_records(context, "category_group", _present_group)


@handles("getCategoryGroup")
def get_category_group(context: RequestContext) -> JsonObject:
    """``GET /category_groups/{id}``."""
    return _present_group(context, context.find("category_group", context.parameters["id"]))


@handles("getCategoryGroupCategories")
def list_categories_of_group(context: RequestContext) -> JsonObject:
    """``GET /category_groups/{category_group_id}/categories``."""
    group = context.find("category_group", context.parameters["category_group_id"])
    return list_records(context, "category", _present_in_group, parent=group.id)


@handles("getCustomerInvoiceCategories", "customer_invoice")
@handles("getCustomerCategories", "customer")
@handles("getSupplierInvoiceCategories", "supplier_invoice")
@handles("getSupplierCategories", "supplier")
@handles("getTransactionCategories", "transaction")
@handles("getLedgerEntryLinesCategories", "ledger_entry_line")
def list_categories_of_owner(owner: str, context: RequestContext) -> JsonObject:
    """``GET /…/{id}/categories``: empty on a draft, as it cannot have any."""
    record = context.find(owner, context.parameters[f"{owner}_id"])
    return list_records(context, CategoryWeight, present_category, parent=record.id)


@handles("putCustomerInvoiceCategories", "customer_invoice")
@handles("putCustomerCategories", "customer")
@handles("putSupplierInvoiceCategories", "supplier_invoice")
@handles("putSupplierCategories", "supplier")
@handles("putTransactionCategories", "transaction")
def replace_categories_of_owner(owner: str, context: RequestContext) -> list[JsonObject]:
    """``PUT /…/{id}/categories``."""
    record = context.find(owner, context.parameters[f"{owner}_id"])
    if record.body.get("draft"):
        raise unprocessable("A draft cannot be categorised")
    replace_categories(context, record, context.body)
    return present_categories(context, record.id)


@handles("putLedgerEntryLinesCategories")
def replace_categories_of_line(context: RequestContext) -> JsonObject:
    """``PUT /ledger_entry_lines/{ledger_entry_line_id}/categories``: answers with the line."""
    record = context.find("ledger_entry_line", context.parameters["ledger_entry_line_id"])
    replace_categories(context, record, context.body)
    categories = present_categories(context, record.id)
    return {"ledger_entry_line": {"id": record.id, "label": record.body["label"], "categories": categories}}
