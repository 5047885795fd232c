"""Invoices that were made elsewhere: imported with their file, or read from an electronic invoice."""

from __future__ import annotations

from pennyform.sandbox.accounting import imports, ledger
from pennyform.sandbox.accounting.imports import create_imported_line
from pennyform.sandbox.accounting.invoice_lines import change_lines, check_discount
from pennyform.sandbox.accounting.payments import reconcile_invoice
from pennyform.sandbox.accounting.views import present_invoice
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.documents.e_invoices import (
    Document,
    Line,
    Party,
    UnreadableError,
    is_pdf,
    read_e_invoice,
)
from pennyform.sandbox.documents.files import PDF, store_upload
from pennyform.sandbox.generic.synthesis import collection_of
from pennyform.sandbox.handlers.customer_invoices import submit_to_platform
from pennyform.sandbox.handlers.customers import create_customer
from pennyform.sandbox.handlers.registry import handles
from pennyform.sandbox.handlers.suppliers import create_supplier, create_supplier_invoice
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.documents import CustomerInvoice, SupplierInvoice
from pennyform.sandbox.model.parties import Customer, StoredFile
from pennyform.sandbox.money import rates
from pennyform.sandbox.money.arithmetic import format_amount, round_half_up
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import AnyRecord, JsonRecord, Record, Selection

_NOT_STORED = ("invoice_lines", "import_as_incomplete", "convert_to_e_invoice", "external_reference")
_FRENCH_RATES = {
    "20": "FR_200",
    "10": "FR_100",
    "8.5": "FR_85",
    "5.5": "FR_55",
    "2.1": "FR_21",
    "0": "exempt",
}
# Categories of EN 16931 (UNTDID 5305) that put no tax on the document: reverse charge, supply within the EU,
# export.
_UNTAXED_CATEGORIES = {"AE": "crossborder", "K": "crossborder", "G": "extracom"}
_XML = "application/xml"


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
    record = context.find_by_path(CustomerInvoice)
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


@handles("createCustomerInvoiceEInvoiceImport")
def import_customer_e_invoice(context: RequestContext) -> JsonObject:
    """``POST /customer_invoices/e_invoices/imports``: issued, with the number that the file gives."""
    invoice = _create_customer_invoice(context)
    if context.body.get("send_to_pa"):
        submit_to_platform(context, invoice)
    return _present_reference(context, invoice)


@handles("createSupplierInvoiceEInvoiceImport")
def import_supplier_e_invoice(context: RequestContext) -> JsonObject:
    """``POST /supplier_invoices/e_invoices/imports``."""
    return _present_reference(context, _create_supplier_invoice(context))


@handles("createEInvoiceImport")
def import_e_invoice(context: RequestContext) -> JsonObject:
    """``POST /e-invoices/imports``: the form says which side the company is on."""
    if context.body["type"] == "customer":
        return _present_reference(context, _create_customer_invoice(context))
    return _present_reference(context, _create_supplier_invoice(context))


def _present_reference(context: RequestContext, invoice: AnyRecord) -> JsonObject:
    return {"id": invoice.id, "url": context.url(collection_of(invoice.kind), invoice.id)}


def _create_customer_invoice(context: RequestContext) -> Record[CustomerInvoice]:
    document, file = _read_upload(context, CustomerInvoice)
    identifier = context.body.get("invoice_options", {}).get("customer_id")
    if identifier is None:
        party = _find_party(context, "customer", document.buyer)
        party = party or create_customer(
            context, "company", _company_request(document.buyer, "billing_address")
        )
        identifier = party.id
    record = context.find(Customer, identifier, "Customer")
    lines = [
        imports.create_imported_line(context, line, rank)
        for rank, line in enumerate(_line_requests(context, document), 1)
    ]
    fields = {
        **_header_fields(document),
        **file.fields(),
        "amount": "",
        "tax": "",
        "origin": "factur_x" if file.media_type == PDF else "imported",
        "issued_at": timestamp(context.now),
        "customer_id": record.id,
        "customer_name": record.body.name,
        "language": record.body.billing_language,
    }
    invoice = CustomerInvoice.from_fields(fields)
    imports.compute_imported_amounts(invoice, lines)
    return imports.store_imported_invoice(context, invoice, lines, None)


def _create_supplier_invoice(context: RequestContext) -> Record[SupplierInvoice]:
    document, file = _read_upload(context, SupplierInvoice)
    identifier = context.body.get("invoice_options", {}).get("supplier_id")
    if identifier is not None:
        supplier = context.find("supplier", identifier, "Supplier")
    else:
        supplier = _find_party(context, "supplier", document.seller) or create_supplier(
            context, _company_request(document.seller, "postal_address")
        )
    fields = {
        **_header_fields(document),
        **file.fields(),
        "supplier_id": supplier.id,
        "origin": "e_invoice",
        "e_invoice_status": {"status": "waiting_for_validation", "reason": None},
        "invoice_lines": _line_requests(context, document),
    }
    return create_supplier_invoice(context, fields)


def _read_upload(
    context: RequestContext, kind: type[CustomerInvoice | SupplierInvoice]
) -> tuple[Document, StoredFile]:
    """What the request's file says, and what is stored of the file."""
    upload = context.body["file"]
    try:
        document = read_e_invoice(upload.content)
    except UnreadableError as problem:
        raise unprocessable(f"The file is not an e-invoice: {problem}") from problem
    if document.currency not in rates.CURRENCIES:
        raise unprocessable(f"{document.currency} is not a currency")
    file = store_upload(context, upload, StoredFile, PDF if is_pdf(upload.content) else _XML)
    invoice = imports.find_invoice_of_file(context, kind, file.digest)
    # 422 here, while a file that is referred to by its id is a 409: both by the contract.
    if invoice:
        name = kind.KIND.replace("_", " ")
        raise unprocessable(f"This file has already been imported as {name} {invoice}")
    return document, file


def _header_fields(document: Document) -> JsonObject:
    # A credit note's amounts are positive in the file, and negative in an invoice.
    return {
        "invoice_number": document.number,
        "date": document.date,
        "deadline": document.deadline,
        "currency": document.currency,
        "currency_amount_before_tax": format_amount(document.sign * document.before_tax),
        "currency_tax": format_amount(document.sign * document.tax),
        "currency_amount": format_amount(document.sign * document.with_tax),
    }


def _line_requests(context: RequestContext, document: Document) -> list[JsonObject]:
    """The lines of a file, as an import would have them, with what the form adds to them."""
    options = context.body.get("invoice_options", {}).get("invoice_lines", [])
    identifiers = {line.identifier for line in document.lines}
    additions: dict[str, JsonObject] = {}
    for option in options:
        fields = dict(option)
        identifier = fields.pop("e_invoice_line_id")
        if identifier not in identifiers:
            raise unprocessable(f"The e-invoice has no line {identifier}")
        additions[identifier] = fields
    return [
        {**_line_request(document, line), **additions.get(line.identifier, {})} for line in document.lines
    ]


def _line_request(document: Document, line: Line) -> JsonObject:
    before_tax = document.sign * line.before_tax
    tax = round_half_up(before_tax * line.percent / 100, rates.minor_unit_decimals(document.currency))
    percent = f"{line.percent.normalize():f}"
    vat_rate = _UNTAXED_CATEGORIES.get(line.category) or _FRENCH_RATES.get(percent)
    if vat_rate is None:
        raise unprocessable(f"There is no VAT rate of {percent} percent")
    return {
        "label": line.label,
        "quantity": document.sign * line.quantity,
        "unit": line.unit,
        "raw_currency_unit_price": str(line.unit_price),
        "vat_rate": vat_rate,
        "currency_tax": format_amount(tax),
        "currency_amount": format_amount(before_tax + tax),
    }


def _company_request(party: Party, address: str) -> JsonObject:
    """A request for a new customer or supplier; ``address`` is the name that its address has there."""
    address_fields = {
        "address": party.address,
        "postal_code": party.postal_code,
        "city": party.city,
        "country_alpha2": party.country_alpha2 or "FR",
    }
    return {"name": party.name, "reg_no": party.reg_no, address: address_fields}


def _find_party(context: RequestContext, kind: str, party: Party) -> JsonRecord | None:
    """The customer or supplier with the party's number, or else its name (assumed: a switch)."""
    by_name = context.rules.party_by_name
    for name, value in (("reg_no", party.reg_no), ("name", party.name if by_name else "")):
        # Names are the two written above; the value is bound.
        selection = Selection([f"json_extract(body, '$.{name}') = ?"], [value], "id ASC", 1)
        if value and (records := context.records.select(kind, selection)):
            return records[0]
    return None
