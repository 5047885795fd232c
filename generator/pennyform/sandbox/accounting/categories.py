"""Categories with weights, as invoices, customers, transactions and other owners have them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.ledger import Category, CategoryWeight
from pennyform.sandbox.money.arithmetic import format_amount
from pennyform.sandbox.money.parsing import is_decimal
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.database import Operation
from pennyform.sandbox.storage.records import JsonRecord, Record, Selection

_DECIMALS = 7  # the contract's word

# Owners whose lists can be filtered by category.
_FILTERED = frozenset({"customer_invoice", "supplier_invoice"})
# Owners with a changelog of their categories: kind -> (changelog, the name of the ledger entry's type).
_CHANGELOGS = {
    "customer_invoice": ("ledger_entry_category", "CustomerInvoice"),
    "supplier_invoice": ("ledger_entry_category", "SupplierInvoice"),
    "ledger_entry_line": ("ledger_entry_line_category", "LedgerEntry"),
}


def replace_categories(
    context: RequestContext, owner: JsonRecord, categories: Sequence[JsonObject]
) -> list[Record[CategoryWeight]]:
    """Give an owner these categories (``{id, weight}`` each) and no others; returns them, newest first.

    Raises:
        ApiError: 404 for an unknown category; 422 for one that comes twice, a weight outside ]0, 1] or of
            more than 7 decimals, or a group whose weights do not add up to 1.
    """
    weights = _check_weights(context, categories)
    # What stays keeps its record, and with it its time of creation.
    current = {record.body.category_id: record for record in categories_of(context, owner.id)}
    removed = [record for category, record in current.items() if category not in weights]
    context.records.delete(removed)
    _log_changes(context, owner, "delete", removed)
    for category, weight in weights.items():
        record = current.get(category)
        if record is None:
            body = CategoryWeight(category_id=category, weight=weight)
            created = context.records.insert(CategoryWeight.KIND, body, parent=owner.id)
            _log_changes(context, owner, "insert", [created])
        elif record.body.weight != weight:
            record.body.weight = weight
            context.records.update(record)
            _log_changes(context, owner, "update", [record])
    if owner.kind in _FILTERED:
        owner.body["category_ids"] = list(weights)
        context.records.update_silently(owner)
    return categories_of(context, owner.id)


def categories_of(context: RequestContext, owner: int) -> list[Record[CategoryWeight]]:
    """The categories of the record with this id, newest first."""
    return context.records.select(CategoryWeight, Selection(), parent=owner)


def present_categories(context: RequestContext, owner: int) -> list[JsonObject]:
    """The categories of the record with this id, newest first, as answers show them."""
    return [present_category(context, record) for record in categories_of(context, owner)]


def present_category(context: RequestContext, record: Record[CategoryWeight]) -> JsonObject:
    """A category with the weight it has for its owner."""
    category = context.find(Category, record.body.category_id)
    return {
        "id": category.id,
        "label": category.body.label,
        "weight": record.body.weight,
        "category_group": {"id": category.parent},
        "analytical_code": category.body.analytical_code,
        **record.timestamps,
    }


def _check_weights(context: RequestContext, categories: Sequence[JsonObject]) -> dict[int, str]:
    """Weights by the ids of their categories, in the order of the request."""
    weights: dict[int, Decimal] = {}
    sums: dict[int | None, Decimal] = {}
    for entry in categories:
        category = context.find(Category, entry["id"], "Category")
        if category.id in weights:
            raise unprocessable(f"Category {category.id} is given twice")
        text = entry["weight"]
        if not is_decimal(text) or len(text.partition(".")[2]) > _DECIMALS or not 0 < Decimal(text) <= 1:
            raise unprocessable(f"A weight must be between 0 and 1 with at most {_DECIMALS} decimals")
        weights[category.id] = Decimal(text)
        sums[category.parent] = sums.get(category.parent, Decimal(0)) + Decimal(text)
    if any(total != 1 for total in sums.values()):
        raise unprocessable("The weights of the categories of one group must add up to 1")
    return {category: format_amount(weight) for category, weight in weights.items()}


def _log_changes(
    context: RequestContext, owner: JsonRecord, operation: Operation, records: Iterable[Record[Any]]
) -> None:
    """Categories have changelogs of their own; the owner's does not mention them (seen, not documented)."""
    if owner.kind not in _CHANGELOGS:
        return
    log, type_ = _CHANGELOGS[owner.kind]
    detail: JsonObject = {"ledger_entry": {"id": owner.body["ledger_entry_id"], "type": type_}}
    if owner.kind == "ledger_entry_line":
        detail["ledger_entry_line"] = {"id": owner.id}
    for record in records:
        context.records.changes.add(log, record.id, operation, created_at=record.created_at, detail=detail)
