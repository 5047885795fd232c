"""Categories with weights, as they hang on invoices, customers, transactions and other owners."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.money import money
from pennyform.sandbox.money.amounts import is_decimal
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Selection

KIND = "categorisation"
_DECIMALS = 7

# Owners whose lists can be filtered by category.
_FILTERED = frozenset({"customer_invoice", "supplier_invoice"})
# Owners that are seen in a changelog of their categories: kind -> (changelog, what the ledger calls it).
_TOLD = {
    "customer_invoice": ("ledger_entry_category", "CustomerInvoice"),
    "supplier_invoice": ("ledger_entry_category", "SupplierInvoice"),
    "ledger_entry_line": ("ledger_entry_line_category", "LedgerEntry"),
}


def replace(
    context: RequestContext, owner: JsonRecord, given: Sequence[Mapping[str, Any]]
) -> list[JsonRecord]:
    """Give an owner these categories and no others.

    Args:
        context: finds the categories.
        owner: any record.
        given: ``{id, weight}`` each, weights as text.

    Returns:
        What the owner has now, newest first.

    Raises:
        ApiError: 404 for an unknown category; 422 for one that comes twice, a weight outside ]0, 1] or of
            more than 7 decimals, or a group whose weights do not add up to 1.
    """
    wanted = _wanted(context, given)
    kept = {record.body["category_id"]: record for record in of(context, owner)}
    gone = [record for category, record in kept.items() if category not in wanted]
    context.records.delete(gone)
    _tell(context, owner, "delete", gone)
    for category, weight in wanted.items():
        _give(context, owner, kept.get(category), {"category_id": category, "weight": weight})
    if owner.kind in _FILTERED:
        owner.body["category_ids"] = list(wanted)
        context.records.update_silently(owner)
    return of(context, owner)


def of(context: RequestContext, owner: JsonRecord) -> list[JsonRecord]:
    """The categories of an owner, newest first."""
    return context.records.select(KIND, Selection(), parent=owner.id)


def show(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    """A category with the weight it has for its owner."""
    category = context.find("category", record.body["category_id"])
    return {
        "id": category.id,
        "label": category.body["label"],
        "weight": record.body["weight"],
        "category_group": {"id": category.parent},
        "analytical_code": category.body["analytical_code"],
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def _wanted(context: RequestContext, given: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    weights: dict[int, Decimal] = {}
    sums: dict[int | None, Decimal] = {}
    for entry in given:
        category = context.find("category", entry["id"], "Category")
        if category.id in weights:
            raise unprocessable(f"Category {category.id} is given twice")
        weights[category.id] = weight = _weight(entry["weight"])
        sums[category.parent] = sums.get(category.parent, Decimal(0)) + weight
    if any(total != 1 for total in sums.values()):
        raise unprocessable("The weights of the categories of one group must add up to 1")
    return {category: money.text(weight) for category, weight in weights.items()}


def _weight(text: str) -> Decimal:
    if not is_decimal(text) or len(text.partition(".")[2]) > _DECIMALS or not 0 < Decimal(text) <= 1:
        raise unprocessable(f"A weight must be between 0 and 1 with at most {_DECIMALS} decimals")
    return Decimal(text)


def _give(context: RequestContext, owner: JsonRecord, kept: JsonRecord | None, body: dict[str, Any]) -> None:
    if kept is None:
        _tell(context, owner, "insert", [context.records.insert(KIND, body, parent=owner.id)])
    elif kept.body != body:
        kept.body = body
        context.records.update(kept)
        _tell(context, owner, "update", [kept])


def _tell(context: RequestContext, owner: JsonRecord, operation: Any, records: Iterable[JsonRecord]) -> None:
    """Categories have changelogs of their own; the owner's says nothing of them."""
    if owner.kind not in _TOLD:
        return
    log, type_ = _TOLD[owner.kind]
    entry = {"id": owner.body["ledger_entry_id"], "type": type_}
    detail: dict[str, Any] = {"ledger_entry": entry}
    if owner.kind == "ledger_entry_line":
        detail["ledger_entry_line"] = {"id": owner.id}
    for record in records:
        context.records.changes.add(log, record.id, operation, created_at=record.created_at, detail=detail)
