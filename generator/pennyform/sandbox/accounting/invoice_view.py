"""An invoice and its parts as the API shows them."""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.accounting import status as standing
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord

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
_BELOW = {
    name: f"/{name}"
    for name in (
        "invoice_line_sections",
        "invoice_lines",
        "custom_header_fields",
        "categories",
        "payments",
        "matched_transactions",
        "appendices",
    )
}


def invoice(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    """A customer invoice, as it stands at the time of the call."""
    kept = record.body
    own_url = context.url("customer_invoices", record.id)
    shown = {"id": record.id, "label": kept["label"] or _label(kept)}
    # A hundred of these are one answer: filling one object is a quarter faster than joining several.
    for name in _AS_KEPT:
        shown[name] = kept[name]
    for name, path in _BELOW.items():
        shown[name] = {"url": own_url + path}
    shown.update(standing.remaining(kept))
    shown.update(_file(context, record))
    shown.update(_worked_out(context, record))
    return shown


def _worked_out(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    """What is neither shown as it is kept nor a link to what is below."""
    kept = record.body
    status = standing.status(kept, context.now, context.rules)
    template, customer = kept["customer_invoice_template_id"], kept["customer_id"]
    factur_x = standing.factur_x(kept, context.now, context.rules)
    return {
        "paid": status == "paid",
        "status": status,
        "ledger_entry": {"id": kept["ledger_entry_id"]},
        "customer": {"id": customer, "url": context.url("customers", customer)},
        "pdf_invoice_free_text": kept["pdf_invoice_free_text"] or "",
        "pdf_invoice_subject": kept["pdf_invoice_subject"] or "",
        "customer_invoice_template": {"id": template} if template else None,
        "billing_subscription": _named(kept["billing_subscription_id"]),
        "quote": _named(kept["quote_id"]),
        "credited_invoice": _credited(context, kept["credited_invoice_id"]),
        "e_invoicing": standing.e_invoicing(kept, context.now, context.rules),
        "factur_x": factur_x,
        "schematron_validation_status": "valid" if factur_x else None,
        "archived_at": None,
        "external_reference": record.reference,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def _named(identifier: int | None) -> dict[str, int] | None:
    return {"id": identifier} if identifier else None


def _credited(context: RequestContext, identifier: int | None) -> dict[str, Any] | None:
    return {"id": identifier, "url": context.url("customer_invoices", identifier)} if identifier else None


def _file(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    """The link to the document's PDF, which is null until there is one, and ends after half an hour."""
    if not standing.has_file(record.body, context.now, context.rules):
        return {"public_file_url": None, "filename": None}
    filename = record.body.get("filename") or f"{record.body['invoice_number']}.pdf"
    return {
        "public_file_url": context.public_url("customer_invoice", record.id, filename),
        "filename": filename,
    }


def line(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    """A line; neither its ledger account nor its rank is shown."""
    kept, product = record.body, record.body["product_id"]
    return {
        "id": record.id,
        **{name: kept[name] for name in _LINE_AS_KEPT},
        "product": {"id": product, "url": context.url("products", product)} if product else None,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def section(_: RequestContext, record: JsonRecord) -> dict[str, Any]:
    """A section of lines."""
    return {
        "id": record.id,
        **{name: record.body.get(name) for name in ("title", "description", "rank")},
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def _label(kept: dict[str, Any]) -> str:
    """What is generated when the caller gave no label."""
    parts = (kept["customer_name"], kept["invoice_number"])
    return " - ".join(["Invoice", *filter(None, parts)])
