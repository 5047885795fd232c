"""Customer invoices that were made elsewhere and are imported with their file."""

from __future__ import annotations

from pennyform.sandbox.accounting import imports, ledger
from pennyform.sandbox.accounting.imports import create_imported_line
from pennyform.sandbox.accounting.invoice_lines import change_lines, check_discount
from pennyform.sandbox.accounting.invoice_view import present_invoice
from pennyform.sandbox.accounting.payments import reconcile_invoice
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.handlers.registry import handles
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.documents import CustomerInvoice
from pennyform.sandbox.model.parties import Customer, StoredFile
from pennyform.sandbox.request_context import RequestContext

_NOT_STORED = ("invoice_lines", "import_as_incomplete", "convert_to_e_invoice", "external_reference")


@handles("importCustomerInvoices")
def import_customer_invoice(context: RequestContext) -> JsonObject:
    """``POST /customer_invoices/import``: never a draft; numbered as its file says."""
    request = context.body
    attachment = context.find(StoredFile, request["file_attachment_id"], "File attachment")
    customer = context.find(Customer, request["customer_id"], "Customer").body
    imports.check_conversion(request, attachment)
    imports.check_file_is_new(context, attachment, CustomerInvoice)
    fields: JsonObject = {
        # Empty until they are computed, unless they are given.
        "amount": "",
        "tax": "",
        **{name: value for name, value in request.items() if name not in _NOT_STORED},
        **imports.attachment_fields(attachment),
        "origin": "imported",
        "incomplete": request.get("import_as_incomplete", False),
        "issued_at": timestamp(context.now),
        "factur_x_at": timestamp(context.now) if request.get("convert_to_e_invoice") else None,
        "customer_name": customer.name,
        "language": customer.billing_language,
    }
    lines = [
        create_imported_line(context, line, rank) for rank, line in enumerate(request["invoice_lines"], 1)
    ]
    invoice = CustomerInvoice.from_fields(fields)
    invoice.discount = check_discount(context, invoice.discount)
    imports.compute_imported_amounts(invoice, lines)
    imports.check_totals(invoice, lines)
    record = imports.store_imported_invoice(context, invoice, lines, request.get("external_reference"))
    reconcile_invoice(context, record)
    return present_invoice(context, record)


@handles("updateImportedCustomerInvoice")
def update_imported_invoice(context: RequestContext) -> JsonObject:
    """``PUT /customer_invoices/{id}/update_imported``: partial; amounts must still fit the lines."""
    record = context.find(CustomerInvoice, context.parameters["id"])
    if record.body.origin == "created":
        raise unprocessable("Only an imported invoice can be changed this way")
    fields = dict(context.body)
    changes = fields.pop("invoice_lines", {})
    record.reference = fields.pop("external_reference", None) or record.reference
    customer = context.find(Customer, fields.get("customer_id", record.body.customer_id), "Customer")
    changed = change_lines(
        context,
        record.id,
        changes,
        lambda line, update: create_imported_line(context, {**line.fields(), **update}, line.rank),
        lambda line, rank: create_imported_line(context, line, rank),
    )
    record.body = CustomerInvoice.from_fields(imports.merge_update(record.body, fields))
    if not changed.lines:
        raise unprocessable("An invoice must have at least one line")
    imports.compute_imported_amounts(record.body, changed.lines)
    imports.check_totals(record.body, changed.lines)
    changed.store(context)
    record.body.customer_name = customer.body.name
    context.records.update(record)
    ledger.post_invoice_entry(context, record.body, changed.lines[0].ledger_account_id)
    if "transaction_reference" in fields:
        reconcile_invoice(context, record)
    return present_invoice(context, record)
