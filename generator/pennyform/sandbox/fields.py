"""What a list can be filtered and sorted by, and where the books keep it.

The contract says which fields and operators there are in prose only, so that is written down here once
more, as data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Type = Literal["integer", "text", "date", "boolean"]

ORDERED = frozenset({"lt", "lteq", "gt", "gteq", "eq", "not_eq", "in", "not_in"})
SET = frozenset({"eq", "not_eq", "in", "not_in"})
SAME = frozenset({"eq", "not_eq"})


@dataclass(frozen=True, slots=True)
class Field:
    """A filter field. ``expression`` is SQL over a record; ``many`` marks one that yields a JSON array."""

    type: Type
    operators: frozenset[str]
    expression: str
    many: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """How one kind of record is listed. ``sorts`` maps the names allowed in ``sort`` to SQL over a record."""

    kind: str
    filters: Mapping[str, Field] = field(default_factory=dict)
    sorts: Mapping[str, str] = field(default_factory=lambda: {"id": "id"})
    order: str = "-id"


def _kept(name: str) -> str:
    return f"json_extract(body, '$.{name}')"


_ID = Field("integer", ORDERED, "id")

CUSTOMER_INVOICES = Listing(
    "customer_invoice",
    filters={
        "id": _ID,
        "date": Field("date", ORDERED, _kept("date")),
        "customer_id": Field("integer", ORDERED, _kept("customer_id")),
        "billing_subscription_id": Field("integer", ORDERED, _kept("billing_subscription_id")),
        "quote_id": Field("integer", ORDERED, _kept("quote_id")),
        "invoice_number": Field("text", SET, _kept("invoice_number")),
        "flow_id": Field("text", SET, _kept("flow_id")),
        "draft": Field("boolean", frozenset({"eq"}), _kept("draft")),
        "credit_note": Field("boolean", frozenset({"eq"}), _kept("credit_note")),
        "external_reference": Field("text", frozenset({"eq"}), "reference"),
        "category_id": Field("integer", frozenset({"in"}), _kept("category_ids"), many=True),
    },
    sorts={"id": "id", "date": _kept("date")},
)
CUSTOMERS = Listing(
    "customer",
    filters={
        "id": _ID,
        "customer_type": Field("text", SAME, _kept("customer_type")),
        "ledger_account_id": Field("integer", SAME, _kept("ledger_account_id")),
        "name": Field("text", frozenset({"start_with", "eq"}), _kept("name")),
        "external_reference": Field("text", SET | {"start_with"}, "reference"),
        "reg_no": Field("text", SET, _kept("reg_no")),
        "emails": Field("text", frozenset({"in"}), _kept("emails"), many=True),
    },
)
PRODUCTS = Listing(
    "product",
    filters={
        "id": _ID,
        "label": Field("text", frozenset({"eq", "in"}), _kept("label")),
        "reference": Field("text", frozenset({"eq", "in"}), _kept("reference")),
        "external_reference": Field("text", SET, "reference"),
    },
)
LEDGER_ACCOUNTS = Listing(
    "ledger_account",
    filters={
        "id": _ID,
        "number": Field("text", frozenset({"start_with", "eq", "in"}), _kept("number")),
        "enabled": Field("boolean", frozenset({"eq"}), _kept("enabled")),
    },
)
CATEGORIES = Listing(
    "category",
    filters={
        "id": _ID,
        "label": Field("text", frozenset({"start_with", "eq", "in"}), _kept("label")),
        "category_group_id": Field("integer", ORDERED, "parent"),
        "analytical_code": Field("text", SET, _kept("analytical_code")),
    },
)
INVOICE_LINES = Listing("invoice_line", sorts={"id": "id", "rank": _kept("rank")})
