"""Categories and their groups, and the categories that owners of several kinds have."""

from __future__ import annotations

from functools import partial
from typing import Any

from pennyform.sandbox.accounting import categories
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.problems import unprocessable
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import Record


def _stamped(record: Record) -> dict[str, Any]:
    return {"id": record.id, **record.body, "created_at": record.created_at, "updated_at": record.updated_at}


def _category(_: RequestContext, record: Record) -> dict[str, Any]:
    return {**_stamped(record), "category_group": {"id": record.parent}}


def _of_group(_: RequestContext, record: Record) -> dict[str, Any]:
    return _stamped(record)


def _group(call: RequestContext, record: Record) -> dict[str, Any]:
    return {**_stamped(record), "categories": {"url": call.url("category_groups", record.id, "categories")}}


def list_categories(call: RequestContext) -> dict[str, Any]:
    """``GET /categories``."""
    return listed(call, "category", _category)


def get_category(call: RequestContext) -> dict[str, Any]:
    """``GET /categories/{id}``."""
    return _category(call, call.find("category", call.parameters["id"]))


def create_category(call: RequestContext) -> dict[str, Any]:
    """``POST /categories``: in a group that exists."""
    given = {"direction": None, "analytical_code": None, **call.body}
    group = call.find("category_group", given.pop("category_group_id"), "Category group")
    return _category(call, call.books.insert("category", given, parent=group.id))


def update_category(call: RequestContext) -> dict[str, Any]:
    """``PUT /categories/{id}``: partial."""
    record = call.find("category", call.parameters["id"])
    record.body.update(call.body)
    call.books.update(record)
    return _category(call, record)


def list_groups(call: RequestContext) -> dict[str, Any]:
    """``GET /category_groups``."""
    return listed(call, "category_group", _group)


def get_group(call: RequestContext) -> dict[str, Any]:
    """``GET /category_groups/{id}``."""
    return _group(call, call.find("category_group", call.parameters["id"]))


def list_categories_of_group(call: RequestContext) -> dict[str, Any]:
    """``GET /category_groups/{category_group_id}/categories``."""
    group = call.find("category_group", call.parameters["category_group_id"])
    return listed(call, "category", _of_group, parent=group.id)


def _list_of(owner: str, call: RequestContext) -> dict[str, Any]:
    """``GET /…/{id}/categories``: empty on a draft, as it cannot have any."""
    record = call.find(owner, call.parameters[f"{owner}_id"])
    return listed(call, categories.KIND, categories.show, parent=record.id)


def _replace_of(owner: str, call: RequestContext) -> list[dict[str, Any]]:
    """``PUT /…/{id}/categories``."""
    record = call.find(owner, call.parameters[f"{owner}_id"])
    if record.body.get("draft"):
        raise unprocessable("A draft cannot be categorised")
    return [categories.show(call, one) for one in categories.replace(call, record, call.body)]


def replace_of_line(call: RequestContext) -> dict[str, Any]:
    """``PUT /ledger_entry_lines/{ledger_entry_line_id}/categories``: answers with the line."""
    record = call.find("ledger_entry_line", call.parameters["ledger_entry_line_id"])
    given = [categories.show(call, one) for one in categories.replace(call, record, call.body)]
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
