"""Categories and their groups, and the categories that owners of several kinds have."""

from __future__ import annotations

from pennyform.sandbox.accounting.categories import present_categories, present_category, replace_categories
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.handlers.registry import handles, register_child_list, register_get, register_list
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.ledger import CategoryWeight
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord


def _present_in_group(_: RequestContext, record: JsonRecord) -> JsonObject:
    return {"id": record.id, **record.body, **record.timestamps}


def _present(context: RequestContext, record: JsonRecord) -> JsonObject:
    return {**_present_in_group(context, record), "category_group": {"id": record.parent}}


def _present_group(context: RequestContext, record: JsonRecord) -> JsonObject:
    url = context.url("category_groups", record.id, "categories")
    return {**_present_in_group(context, record), "categories": {"url": url}}


register_list("getCategories", "category", _present)
register_get("getCategory", "category", _present)
register_list("getCategoryGroups", "category_group", _present_group)
register_get("getCategoryGroup", "category_group", _present_group)
register_child_list("getCategoryGroupCategories", "category_group", "category", _present_in_group)
register_child_list("getCustomerInvoiceCategories", "customer_invoice", CategoryWeight, present_category)
register_child_list("getCustomerCategories", "customer", CategoryWeight, present_category)
register_child_list("getSupplierInvoiceCategories", "supplier_invoice", CategoryWeight, present_category)
register_child_list("getSupplierCategories", "supplier", CategoryWeight, present_category)
register_child_list("getTransactionCategories", "transaction", CategoryWeight, present_category)
register_child_list("getLedgerEntryLinesCategories", "ledger_entry_line", CategoryWeight, present_category)


@handles("postCategories")
def create_category(context: RequestContext) -> JsonObject:
    """``POST /categories``: in a group that exists."""
    fields = {"direction": None, "analytical_code": None, **context.body}
    group = context.find("category_group", fields.pop("category_group_id"), "Category group")
    return _present(context, context.records.insert("category", fields, parent=group.id))


@handles("updateCategory")
def update_category(context: RequestContext) -> JsonObject:
    """``PUT /categories/{id}``: partial."""
    record = context.find_by_path("category")
    record.body.update(context.body)
    context.records.update(record)
    return _present(context, record)


@handles("putCustomerInvoiceCategories", "customer_invoice")
@handles("putCustomerCategories", "customer")
@handles("putSupplierInvoiceCategories", "supplier_invoice")
@handles("putSupplierCategories", "supplier")
@handles("putTransactionCategories", "transaction")
def replace_categories_of_owner(owner: str, context: RequestContext) -> list[JsonObject]:
    """``PUT /…/{id}/categories``."""
    record = context.find_by_path(owner)
    if record.body.get("draft"):
        raise unprocessable("A draft cannot be categorised")
    replace_categories(context, record, context.body)
    return present_categories(context, record.id)


@handles("putLedgerEntryLinesCategories")
def replace_categories_of_line(context: RequestContext) -> JsonObject:
    """``PUT /ledger_entry_lines/{ledger_entry_line_id}/categories``: answers with the line."""
    record = context.find_by_path("ledger_entry_line")
    replace_categories(context, record, context.body)
    categories = present_categories(context, record.id)
    return {"ledger_entry_line": {"id": record.id, "label": record.body["label"], "categories": categories}}
