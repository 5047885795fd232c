"""What the benchmarks read and write: data that every client of the contract must understand."""

from __future__ import annotations

import json
from typing import Any

LINE = {
    "id": 81224367431680,
    "label": "Consulting services",
    "unit": "hour",
    "quantity": "2.0",
    "vat_rate": "FR_200",
    "description": "",
    **dict.fromkeys(
        ("amount", "currency_amount", "currency_amount_before_tax", "currency_tax", "tax"), "240.0"
    ),
    "raw_currency_unit_price": "100.0",
    "discount": {"type": "absolute", "value": "0.0"},
    "product": None,
    "substance": None,
    "section_rank": None,
    "imputation_dates": None,
    "created_at": "2026-10-01T10:08:08.146343Z",
    "updated_at": "2026-10-01T10:08:08.146343Z",
}
DRAFT_LINE = {
    "label": "Consulting services",
    "quantity": 2,
    "raw_currency_unit_price": "100.00",
    "unit": "hour",
    "vat_rate": "FR_200",
}
INVOICES = 100


def lines_page() -> bytes:
    """A hundred invoices' worth of lines, ten each, as the service writes them."""
    return json.dumps({"items": [LINE] * 10 * INVOICES, "has_more": False, "next_cursor": None}).encode()


def draft() -> dict[str, Any]:
    """The body that creates a draft invoice of fifty lines."""
    days = {"date": "2026-10-01", "deadline": "2026-10-31"}
    return {
        **days,
        "customer_id": 1,
        "draft": True,
        "external_reference": "A-1",
        "invoice_lines": [DRAFT_LINE] * 50,
    }
