"""Categories and their groups, and the categories that owners of several kinds have."""

from __future__ import annotations

from functools import partial
from typing import Any

from pennyform.sandbox.accounting import categories
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord


def _stamped(record: JsonRecord) -> dict[str, Any]:
    return {"id": record.id, **record.body, "created_at": record.created_at, "updated_at": record.updated_at}


def _category(_: RequestContext, record: JsonRecord) -> dict[str, Any]:
    return {**_stamped(record), "category_group": {"id": record.parent}}


def _of_group(_: RequestContext, record: JsonRecord) -> dict[str, Any]:
    return _stamped(record)


def _group(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    return {
        **_stamped(record),
        "categories": {"url": context.url("category_groups", record.id, "categories")},
    }


def list_categories(context: RequestContext) -> dict[str, Any]:
    """``GET /categories``."""
    return listed(context, "category", _category)


def get_category(context: RequestContext) -> dict[str, Any]:
    """``GET /categories/{id}``."""
    return _category(context, context.find("category", context.parameters["id"]))


def create_category(context: RequestContext) -> dict[str, Any]:
    """``POST /categories``: in a group that exists."""
    given = {"direction": None, "analytical_code": None, **context.body}
    group = context.find("category_group", given.pop("category_group_id"), "Category group")
    return _category(context, context.records.insert("category", given, parent=group.id))


def update_category(context: RequestContext) -> dict[str, Any]:
    """``PUT /categories/{id}``: partial."""
    record = context.find("category", context.parameters["id"])
    record.body.update(context.body)
    context.records.update(record)
    return _category(context, record)


def list_groups(context: RequestContext) -> dict[str, Any]:
    """``GET /category_groups``."""
    return listed(context, "category_group", _group)


def get_group(context: RequestContext) -> dict[str, Any]:
    """``GET /category_groups/{id}``."""
    return _group(context, context.find("category_group", context.parameters["id"]))


def list_categories_of_group(context: RequestContext) -> dict[str, Any]:
    """``GET /category_groups/{category_group_id}/categories``."""
    group = context.find("category_group", context.parameters["category_group_id"])
    return listed(context, "category", _of_group, parent=group.id)


def _list_of(owner: str, context: RequestContext) -> dict[str, Any]:
    """``GET /…/{id}/categories``: empty on a draft, as it cannot have any."""
    record = context.find(owner, context.parameters[f"{owner}_id"])
    return listed(context, categories.KIND, categories.show, parent=record.id)


def _replace_of(owner: str, context: RequestContext) -> list[dict[str, Any]]:
    """``PUT /…/{id}/categories``."""
    record = context.find(owner, context.parameters[f"{owner}_id"])
    if record.body.get("draft"):
        raise unprocessable("A draft cannot be categorised")
    return [categories.show(context, one) for one in categories.replace(context, record, context.body)]


def replace_of_line(context: RequestContext) -> dict[str, Any]:
    """``PUT /ledger_entry_lines/{ledger_entry_line_id}/categories``: answers with the line."""
    record = context.find("ledger_entry_line", context.parameters["ledger_entry_line_id"])
    given = [categories.show(context, one) for one in categories.replace(context, record, context.body)]
    return {"ledger_entry_line": {"id": record.id, "label": record.body["label"], "categories": given}}


OPERATIONS: dict[str, Handler] = {
    "getCategories": list_categories,
    "getCategory": get_category,
    "postCategories": create_category,
    "updateCategory": update_category,
    "getCategoryGroups": list_groups,
    "getCategoryGroup": get_group,
    "getCategoryGroupCategories": list_categories_of_group,
    "getCustomerInvoiceCategories": partial(_list_of, "customer_invoice"),
    "putCustomerInvoiceCategories": partial(_replace_of, "customer_invoice"),
    "getCustomerCategories": partial(_list_of, "customer"),
    "putCustomerCategories": partial(_replace_of, "customer"),
    "getSupplierInvoiceCategories": partial(_list_of, "supplier_invoice"),
    "putSupplierInvoiceCategories": partial(_replace_of, "supplier_invoice"),
    "getSupplierCategories": partial(_list_of, "supplier"),
    "putSupplierCategories": partial(_replace_of, "supplier"),
    "getTransactionCategories": partial(_list_of, "transaction"),
    "putTransactionCategories": partial(_replace_of, "transaction"),
    "getLedgerEntryLinesCategories": partial(_list_of, "ledger_entry_line"),
    "putLedgerEntryLinesCategories": replace_of_line,
}
