"""Request bodies that are right, to be made wrong by a test."""

from __future__ import annotations

from typing import Any

ADDRESS = {"address": "1 rue du Four", "postal_code": "75006", "city": "Paris", "country_alpha2": "FR"}

PDF = b"%PDF-1.7\n%%EOF\n"
GIF = b"GIF89a"


def line(**changes: Any) -> dict[str, Any]:
    """A line of 2 hours at 100.00, 20 % VAT."""
    return {
        "label": "Consulting",
        "quantity": 2,
        "unit": "hour",
        "raw_currency_unit_price": "100.00",
        "vat_rate": "FR_200",
        **changes,
    }


def company(**changes: Any) -> dict[str, Any]:
    return {"name": "ACME", "billing_address": ADDRESS, **changes}


def individual(**changes: Any) -> dict[str, Any]:
    return {"first_name": "Ada", "last_name": "Byron", "billing_address": ADDRESS, **changes}


def product(**changes: Any) -> dict[str, Any]:
    return {
        "label": "Day of training",
        "price_before_tax": "850.00",
        "vat_rate": "FR_200",
        "unit": "day",
        **changes,
    }


def invoice(customer: int, *lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An invoice that is issued at once."""
    return {
        "date": "2025-10-01",
        "deadline": "2025-10-31",
        "customer_id": customer,
        "invoice_lines": list(lines) or [line()],
        **changes,
    }
