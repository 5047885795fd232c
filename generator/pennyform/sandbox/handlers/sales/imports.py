"""Customer invoices that were made elsewhere and are imported with their file."""

from __future__ import annotations

from pennyform.sandbox.accounting import imports, ledger
from pennyform.sandbox.accounting.invoice_lines import check_discount, find_line, lines_of, write_lines
from pennyform.sandbox.accounting.invoice_view import present_invoice
from pennyform.sandbox.accounting.payments import reconcile_invoice
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.handlers.registry import handles
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.documents import CustomerInvoice, InvoiceLine
from pennyform.sandbox.model.parties import Customer, StoredFile
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record

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
        imports.create_imported_line(context, line, rank)
        for rank, line in enumerate(request["invoice_lines"], 1)
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
    _change_amounts(context, record, fields, changes)
    record.body.customer_name = customer.body.name
    context.records.update(record)
    lines = lines_of(context, record.id)
    ledger.post_invoice_entry(context, record.body, lines[0].body.ledger_account_id)
    if "transaction_reference" in fields:
        reconcile_invoice(context, record)
    return present_invoice(context, record)


def _change_amounts(
    context: RequestContext, record: Record[CustomerInvoice], fields: JsonObject, changes: JsonObject
) -> None:
    lines = {line.id: line for line in lines_of(context, record.id)}
    for update in changes.get("update", ()):
        line = find_line(context, lines, update)
        merged = {**line.body.fields(), **update}
        line.body = imports.create_imported_line(context, merged, line.body.rank)
    deleted = [lines.pop(find_line(context, lines, deletion).id) for deletion in changes.get("delete", ())]
    last_rank = max((line.body.rank for line in lines.values()), default=0)
    created = [
        imports.create_imported_line(context, line, rank)
        for rank, line in enumerate(changes.get("create", ()), last_rank + 1)
    ]
    record.body = CustomerInvoice.from_fields(imports.merge_update(record.body, fields))
    if not lines and not created:
        raise unprocessable("An invoice must have at least one line")
    bodies: list[InvoiceLine] = [*(line.body for line in lines.values()), *created]
    imports.compute_imported_amounts(record.body, bodies)
    imports.check_totals(record.body, bodies)
    write_lines(context, record.id, deleted, lines.values(), created)
