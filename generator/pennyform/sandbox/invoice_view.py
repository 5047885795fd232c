"""An invoice and its parts as the API shows them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from pennyform.sandbox.books import Record
from pennyform.sandbox.call import Call

_AS_KEPT = (
    "invoice_number",
    "currency",
    "amount",
    "currency_amount",
    "currency_amount_before_tax",
    "exchange_rate",
    "date",
    "deadline",
    "currency_tax",
    "tax",
    "language",
    "discount",
    "draft",
    "special_mention",
    "pdf_description",
    "transaction_reference",
)
_LINE_AS_KEPT = (
    "label",
    "unit",
    "quantity",
    "amount",
    "currency_amount",
    "description",
    "vat_rate",
    "currency_amount_before_tax",
    "currency_tax",
    "tax",
    "raw_currency_unit_price",
    "discount",
    "section_rank",
    "imputation_dates",
    "substance",
)
_BELOW = (
    "invoice_line_sections",
    "invoice_lines",
    "custom_header_fields",
    "categories",
    "payments",
    "matched_transactions",
    "appendices",
)
# Every invoice has a ledger entry, drafts too. It shares the invoice's id until entries are kept.
_NOT_KEPT: dict[str, Any] = {
    "public_file_url": None,
    "filename": None,
    "billing_subscription": None,
    "credited_invoice": None,
    "quote": None,
    "e_invoicing": None,
    "factur_x": False,
    "schematron_validation_status": None,
    "archived_at": None,
}


def invoice(call: Call, record: Record) -> dict[str, Any]:
    """A customer invoice. Its status is worked out from the date of the call."""
    kept = record.body
    status = _status(kept, call.now.date())
    template = kept["customer_invoice_template_id"]
    own_url = call.url("customer_invoices", record.id)
    return {
        "id": record.id,
        "label": kept["label"] or _label(kept),
        **{name: kept[name] for name in _AS_KEPT},
        **_NOT_KEPT,
        **_remaining(kept, status),
        "paid": status == "paid",
        "status": status,
        "ledger_entry": {"id": record.id},
        "customer": {"id": kept["customer_id"], "url": call.url("customers", kept["customer_id"])},
        **{name: {"url": f"{own_url}/{name}"} for name in _BELOW},
        "pdf_invoice_free_text": kept["pdf_invoice_free_text"] or "",
        "pdf_invoice_subject": kept["pdf_invoice_subject"] or "",
        "customer_invoice_template": {"id": template} if template else None,
        "external_reference": record.reference,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def line(call: Call, record: Record) -> dict[str, Any]:
    """A line; neither its ledger account nor its rank is shown."""
    kept, product = record.body, record.body["product_id"]
    return {
        "id": record.id,
        **{name: kept[name] for name in _LINE_AS_KEPT},
        "product": {"id": product, "url": call.url("products", product)} if product else None,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def section(_: Call, record: Record) -> dict[str, Any]:
    """A section of lines."""
    return {
        "id": record.id,
        **{name: record.body.get(name) for name in ("title", "description", "rank")},
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def _status(kept: dict[str, Any], today: date) -> str:
    if kept["credit_note"]:
        return "credit_note"
    if kept["draft"]:
        return "draft"
    if not Decimal(kept["currency_amount"]):
        return "paid"
    return "late" if kept["deadline"] < today.isoformat() else "upcoming"


def _remaining(kept: dict[str, Any], status: str) -> dict[str, str | None]:
    owed = status in ("upcoming", "late")
    return {
        "remaining_amount_with_tax": kept["currency_amount"] if owed else None,
        "remaining_amount_without_tax": kept["currency_amount_before_tax"] if owed else None,
    }


def _label(kept: dict[str, Any]) -> str:
    """What is generated when the caller gave no label."""
    parts = (kept["customer_name"], kept["invoice_number"])
    return " - ".join(["Invoice", *filter(None, parts)])
