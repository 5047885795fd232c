"""Lists that only show: invoice templates, categories, and what hangs on an invoice or a customer.

The lists below an invoice or a customer are empty as long as nothing fills them, which is what a company
without payments or contacts sees.
"""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.books import Record
from pennyform.sandbox.call import Behaviour, Call
from pennyform.sandbox.listing import listed

_STAMPS = ("created_at", "updated_at")


def _plain(_: Call, record: Record) -> dict[str, Any]:
    return {"id": record.id, **record.body, **{name: getattr(record, name) for name in _STAMPS}}


def _category(call: Call, record: Record) -> dict[str, Any]:
    return {**_plain(call, record), "category_group": {"id": record.parent}}


def _category_group(call: Call, record: Record) -> dict[str, Any]:
    link = call.url("category_groups", record.id, "categories")
    return {**_plain(call, record), "categories": {"url": link}}


def list_templates(call: Call) -> dict[str, Any]:
    """``GET /customer_invoice_templates``."""
    return listed(call, "customer_invoice_template", _plain)


def list_categories(call: Call) -> dict[str, Any]:
    """``GET /categories``."""
    return listed(call, "category", _category)


def get_category(call: Call) -> dict[str, Any]:
    """``GET /categories/{id}``."""
    return _category(call, call.find("category", call.parameters["id"]))


def list_category_groups(call: Call) -> dict[str, Any]:
    """``GET /category_groups``."""
    return listed(call, "category_group", _category_group)


def get_category_group(call: Call) -> dict[str, Any]:
    """``GET /category_groups/{id}``."""
    return _category_group(call, call.find("category_group", call.parameters["id"]))


def list_categories_of_group(call: Call) -> dict[str, Any]:
    """``GET /category_groups/{category_group_id}/categories``."""
    group = call.find("category_group", call.parameters["category_group_id"])
    return listed(call, "category", _plain, parent=group.id)


def _below(owner: str, parameter: str, kind: str) -> Behaviour:
    """The list of ``kind`` below an ``owner`` that the path names by ``parameter``."""

    def behaviour(call: Call) -> dict[str, Any]:
        record = call.find(owner, call.parameters[parameter])
        return listed(call, kind, _plain, parent=record.id)

    return behaviour


OPERATIONS: dict[str, Behaviour] = {
    "getCustomerInvoiceTemplates": list_templates,
    "getCategories": list_categories,
    "getCategory": get_category,
    "getCategoryGroups": list_category_groups,
    "getCategoryGroup": get_category_group,
    "getCategoryGroupCategories": list_categories_of_group,
    "getCustomerContacts": _below("customer", "customer_id", "contact"),
    "getCustomerCategories": _below("customer", "customer_id", "customer_category"),
    "getCustomerInvoicePayments": _below("customer_invoice", "customer_invoice_id", "payment"),
    "getCustomerInvoiceMatchedTransactions": _below(
        "customer_invoice", "customer_invoice_id", "matched_transaction"
    ),
    "getCustomerInvoiceAppendices": _below("customer_invoice", "customer_invoice_id", "appendix"),
    "getCustomerInvoiceCategories": _below("customer_invoice", "customer_invoice_id", "invoice_category"),
    "getCustomerInvoiceCustomHeaderFields": _below(
        "customer_invoice", "customer_invoice_id", "custom_header_field"
    ),
}
