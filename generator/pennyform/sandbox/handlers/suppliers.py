"""Suppliers, their invoices, which are imported with a file, and purchase requests."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from msgspec import UNSET

from pennyform.sandbox.accounting import imports, ledger
from pennyform.sandbox.accounting.payments import remaining_amounts
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.generic import change_children, present_by_schema
from pennyform.sandbox.handlers.registry import handles, register_get, register_list
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.model.documents import EInvoiceStatus, SupplierInvoice
from pennyform.sandbox.model.parties import StoredFile
from pennyform.sandbox.money.arithmetic import format_amount, round_half_up
from pennyform.sandbox.money.parsing import parse_decimal
from pennyform.sandbox.money.rates import exchange_rate
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Record, Selection

# Of the French chart of accounts: suppliers.
_SUPPLIERS_ACCOUNT = "401"
_SUPPLIER_DEFAULTS: JsonObject = {"emails": [], "vat_number": "", "iban": ""}
# Stored as they are sent: no rule computes with them.
_LINE = "invoice_line"
_PURCHASE_REQUEST = "purchase_request"

register_list("getSuppliers", "supplier", present_by_schema)
register_get("getSupplier", "supplier", present_by_schema)


@handles("postSupplier")
def post_supplier(context: RequestContext) -> Json:
    """``POST /suppliers``."""
    return present_by_schema(context, create_supplier(context, context.body))


def create_supplier(context: RequestContext, request: JsonObject) -> JsonRecord:
    """A new supplier, with a ledger account that is opened when there is none of its number.

    Raises:
        DuplicateReferenceError: when the reference is in use.
    """
    fields = {**_SUPPLIER_DEFAULTS, **request}
    reference = fields.pop("external_reference", None) or context.records.generate_reference("supplier")
    number = (fields.pop("ledger_account", None) or {}).get("number", _SUPPLIERS_ACCOUNT)
    fields["ledger_account_id"] = ledger.get_or_create_account(context, number)
    return context.records.insert("supplier", fields, reference=reference)


@handles("putSupplier")
def update_supplier(context: RequestContext) -> Json:
    """``PUT /suppliers/{id}``: partial."""
    record = context.find_by_path("supplier")
    fields = dict(context.body)
    record.reference = fields.pop("external_reference", None) or record.reference
    record.body.update(fields)
    context.records.update(record)
    return present_by_schema(context, record)


@handles("importSupplierInvoice")
def import_supplier_invoice(context: RequestContext) -> Json:
    """``POST /supplier_invoices/import``: by the contract a file makes one invoice."""
    attachment = context.find(StoredFile, context.body["file_attachment_id"], "File attachment")
    imports.check_file_is_new(context, attachment, SupplierInvoice)
    fields = {**context.body, **imports.attachment_fields(attachment), "origin": "imported"}
    return _present_invoice(context, create_supplier_invoice(context, fields))


def create_supplier_invoice(context: RequestContext, request: JsonObject) -> Record[SupplierInvoice]:
    """Store a new supplier invoice with its lines and its ledger entry.

    ``request`` is as the body of an import, and may have other fields of an invoice.

    Raises:
        ApiError: 404 for an unknown supplier or account.
        DuplicateReferenceError: when the reference is in use.
    """
    context.find("supplier", request["supplier_id"], "Supplier")
    fields = {"amount": "", "tax": "", **request}
    lines = fields.pop("invoice_lines")
    incomplete = fields.pop("import_as_incomplete", False)
    reference = fields.pop("external_reference", None)
    reference = reference or context.records.generate_reference(SupplierInvoice.KIND)
    accounting_status = "entry" if incomplete else "validation_needed"
    invoice = SupplierInvoice.from_fields({**fields, "accounting_status": accounting_status})
    _compute_euros(invoice)
    # The entry comes first: the invoice stores its id.
    ledger.create_invoice_entry(context, invoice)
    ledger.post_invoice_entry(context, invoice, lines[0].get("ledger_account_id"))
    record = context.records.insert(SupplierInvoice.KIND, invoice, reference=reference)
    _check_lines(context, lines)
    change_children(context, record, _LINE, {"create": lines})
    return record


@handles("putSupplierInvoice")
def update_supplier_invoice(context: RequestContext) -> Json:
    """``PUT /supplier_invoices/{id}``: partial."""
    record = context.find_by_path(SupplierInvoice)
    fields = dict(context.body)
    changes = fields.pop("invoice_lines", {})
    if "supplier_id" in fields:
        context.find("supplier", fields["supplier_id"], "Supplier")
    record.reference = fields.pop("external_reference", None) or record.reference
    record.body = SupplierInvoice.from_fields(imports.merge_update(record.body, fields))
    _compute_euros(record.body)
    _check_lines(context, [*changes.get("create", ()), *changes.get("update", ())])
    change_children(context, record, _LINE, changes)
    context.records.update(record)
    lines = context.records.select(_LINE, Selection(), parent=record.id)
    account = lines[0].body.get("ledger_account_id") if lines else None
    ledger.post_invoice_entry(context, record.body, account)
    return _present_invoice(context, record)


@handles("validateAccountingSupplierInvoice")
def validate_accounting(context: RequestContext) -> Json:
    """``PUT /supplier_invoices/{id}/validate_accounting``: once."""
    record = context.find_by_path(SupplierInvoice)
    status = record.body.accounting_status
    if status != "validation_needed":
        raise unprocessable(f"The invoice cannot be validated: it is {status}")
    record.body.accounting_status = "complete"
    context.records.update(record)
    return _present_invoice(context, record)


@handles("putSupplierInvoiceEInvoiceStatus")
def update_e_invoice_status(context: RequestContext) -> Json:
    """``PUT /supplier_invoices/{supplier_invoice_id}/e_invoice_status``: what is refused stays so."""
    record = context.find_by_path(SupplierInvoice)
    status = record.body.e_invoice_status
    if status is None or status.status == "refused":
        raise unprocessable("The invoice is no e-invoice, or was refused")
    record.body.e_invoice_status = EInvoiceStatus(context.body["status"], context.body.get("reason"))
    context.records.update(record)
    return _present_invoice(context, record)


@handles("postSupplierInvoiceLinkedPurchaseRequests")
def link_purchase_request(context: RequestContext) -> None:
    """``POST /supplier_invoices/{supplier_invoice_id}/linked_purchase_requests``."""
    invoice = context.find_by_path(SupplierInvoice)
    request = context.find("purchase_request", context.body["purchase_request_id"], "Purchase request")
    linked = request.body.setdefault("invoice_ids", [])
    if invoice.id in linked:
        raise unprocessable("The purchase request is already linked with this invoice")
    linked.append(invoice.id)
    request.body["status"] = "invoiced"
    context.records.update(request)


def _compute_euros(invoice: SupplierInvoice) -> None:
    """Amounts in euros are what was given, or follow from the exchange rate."""
    rate: Decimal = exchange_rate(invoice.currency)
    for name in ("amount", "tax"):
        in_currency = parse_decimal(name, getattr(invoice, f"currency_{name}") or "0")
        in_euros: str = getattr(invoice, name)
        setattr(invoice, name, in_euros or format_amount(round_half_up(in_currency * rate, 2)))


def _check_lines(context: RequestContext, lines: Iterable[JsonObject]) -> None:
    for line in lines:
        if line.get("ledger_account_id") is not None:
            context.find("ledger_account", line["ledger_account_id"], "Ledger account")


def _present_invoice(context: RequestContext, record: Record[SupplierInvoice]) -> Json:
    invoice = record.body
    number = "" if invoice.invoice_number is UNSET else invoice.invoice_number
    e_invoicing = None
    if invoice.e_invoice_status:
        status, reason = invoice.e_invoice_status.status, invoice.e_invoice_status.reason
        e_invoicing = {"status": status, "reason": reason, "source_file_url": None}
    return present_by_schema(
        context,
        record,
        label=invoice.label or f"Invoice - {number}",
        paid=invoice.payment_status in ("fully_paid", "paid_offline"),
        reconciled=invoice.payment_status == "fully_paid",
        e_invoicing=e_invoicing,
        **remaining_amounts(invoice),
    )


register_list("getSupplierInvoices", SupplierInvoice, _present_invoice)
register_get("getSupplierInvoice", SupplierInvoice, _present_invoice)


@handles("createPurchaseRequestImport")
def import_purchase_request(context: RequestContext) -> Json:
    """``POST /purchase_requests/imports``: approved at once."""
    context.find("supplier", context.body["supplier_id"], "Supplier")
    context.find("file_attachment", context.body["file_attachment_id"], "File attachment")
    fields = {"currency": "EUR", **context.body, "status": "approved", "invoice_ids": []}
    return _present_request(context, context.records.insert(_PURCHASE_REQUEST, fields))


def _present_request(context: RequestContext, record: JsonRecord) -> Json:
    invoices = record.body["invoice_ids"]
    links = [{"id": invoice, "url": context.url("supplier_invoices", invoice)} for invoice in invoices]
    return present_by_schema(context, record, linked_invoices={"items": links})


register_list("getPurchaseRequests", _PURCHASE_REQUEST, _present_request)
register_get("getPurchaseRequest", _PURCHASE_REQUEST, _present_request)
