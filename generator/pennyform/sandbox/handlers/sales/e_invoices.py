"""Electronic invoices that come as files: to customers, and from suppliers."""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.accounting import imports, invoicing, status
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.documents import attachments, e_invoices
from pennyform.sandbox.documents.e_invoices import Document, Line, Party
from pennyform.sandbox.generic.naming import collection_of
from pennyform.sandbox.handlers.purchases import supplier_invoices, suppliers
from pennyform.sandbox.handlers.sales import customers, sending
from pennyform.sandbox.money import currencies, money
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Selection

_FRENCH_RATES = {
    "20": "FR_200",
    "10": "FR_100",
    "8.5": "FR_85",
    "5.5": "FR_55",
    "2.1": "FR_21",
    "0": "exempt",
}
# Categories of EN 16931 that put no tax on the document.
_UNTAXED = {"AE": "crossborder", "K": "crossborder", "G": "extracom"}
_MEDIA_TYPES = {True: "application/pdf", False: "application/xml"}


def import_to_customer(context: RequestContext) -> dict[str, Any]:
    """``POST /customer_invoices/e_invoices/imports``: issued, with the number that the file gives."""
    invoice = _customer_invoice(context)
    if context.body.get("send_to_pa"):
        sending.submit(context, invoice)
    return _answer(context, invoice)


def import_from_supplier(context: RequestContext) -> dict[str, Any]:
    """``POST /supplier_invoices/e_invoices/imports``."""
    return _answer(context, _supplier_invoice(context))


def import_either(context: RequestContext) -> dict[str, Any]:
    """``POST /e-invoices/imports``: the form says which side the company is on."""
    make = _customer_invoice if context.body["type"] == "customer" else _supplier_invoice
    return _answer(context, make(context))


def _answer(context: RequestContext, invoice: JsonRecord) -> dict[str, Any]:
    return {"id": invoice.id, "url": context.url(collection_of(invoice.kind), invoice.id)}


def _customer_invoice(context: RequestContext) -> JsonRecord:
    kind = "customer_invoice"
    document, file = _read(context, kind)
    customer = _customer(context, document.buyer)
    lines = [imports.line(context, line, rank) for rank, line in enumerate(_lines(context, document), 1)]
    invoice = {
        **invoicing.DEFAULTS,
        **status.BEGINNING,
        **_header(document),
        **file,
        "origin": "factur_x" if file["media_type"] == _MEDIA_TYPES[True] else "imported",
        "issued_at": timestamp(context.now),
        "customer_id": customer.id,
        "customer_name": customer.body["name"],
        "language": customer.body["billing_language"],
        "discount": imports.NO_DISCOUNT,
    }
    imports.settle(invoice, lines)
    return imports.keep(context, invoice, lines, None)


def _supplier_invoice(context: RequestContext) -> JsonRecord:
    document, file = _read(context, supplier_invoices.KIND)
    given = {
        **_header(document),
        **file,
        "supplier_id": _supplier(context, document.seller).id,
        "origin": "e_invoice",
        "e_invoice_status": {"status": "waiting_for_validation", "reason": None},
        "invoice_lines": _lines(context, document),
    }
    return supplier_invoices.add(context, given)


def _read(context: RequestContext, kind: str) -> tuple[Document, dict[str, Any]]:
    """What the file says, and what is kept of the file."""
    upload = context.body["file"]
    try:
        document = e_invoices.read(upload.content)
    except e_invoices.UnreadableError as problem:
        raise unprocessable(f"The file is not an e-invoice: {problem}") from problem
    if document.currency not in currencies.CURRENCIES:
        raise unprocessable(f"{document.currency} is not a currency")
    media_type = _MEDIA_TYPES[e_invoices.is_pdf(upload.content)]
    file = attachments.kept(context, upload, accepted=media_type)
    found = imports.made_of(context, kind, file["digest"])
    if found:
        raise unprocessable(f"This file has already been imported as {kind.replace('_', ' ')} {found.id}")
    return document, file


def _header(document: Document) -> dict[str, Any]:
    return {
        "invoice_number": document.number,
        "date": document.date,
        "deadline": document.deadline,
        "currency": document.currency,
        "currency_amount_before_tax": money.text(document.sign * document.before_tax),
        "currency_tax": money.text(document.sign * document.tax),
        "currency_amount": money.text(document.sign * document.with_tax),
    }


def _lines(context: RequestContext, document: Document) -> list[dict[str, Any]]:
    extras = _extras(context, document)
    return [{**_line(document, one), **extras.get(one.identifier, {})} for one in document.lines]


def _line(document: Document, line: Line) -> dict[str, Any]:
    before_tax = document.sign * line.before_tax
    tax = money.rounded(before_tax * line.percent / 100, currencies.decimals(document.currency))
    return {
        "label": line.label,
        "quantity": document.sign * line.quantity,
        "unit": line.unit,
        "raw_currency_unit_price": str(line.unit_price),
        "vat_rate": _vat_rate(line),
        "currency_tax": money.text(tax),
        "currency_amount": money.text(before_tax + tax),
    }


def _vat_rate(line: Line) -> str:
    percent = f"{line.percent.normalize():f}"
    code = _UNTAXED.get(line.category) or _FRENCH_RATES.get(percent)
    if code is None:
        raise unprocessable(f"There is no VAT rate of {percent} percent")
    return code


def _extras(context: RequestContext, document: Document) -> dict[str, dict[str, Any]]:
    """What the form adds to lines, by the lines' own identifiers."""
    given = context.body.get("invoice_options", {}).get("invoice_lines", [])
    known = {line.identifier for line in document.lines}
    for one in given:
        if one["e_invoice_line_id"] not in known:
            raise unprocessable(f"The e-invoice has no line {one['e_invoice_line_id']}")
    return {
        one["e_invoice_line_id"]: {name: value for name, value in one.items() if name != "e_invoice_line_id"}
        for one in given
    }


def _customer(context: RequestContext, party: Party) -> JsonRecord:
    """The customer that the form names, the buyer by number or name, or a new one."""
    named = context.body.get("invoice_options", {}).get("customer_id")
    if named is not None:
        return context.find("customer", named, "Customer")
    return _known(context, "customer", party) or customers.add(
        context, "company", _company(party, "billing_address")
    )


def _supplier(context: RequestContext, party: Party) -> JsonRecord:
    named = context.body.get("invoice_options", {}).get("supplier_id")
    if named is not None:
        return context.find("supplier", named, "Supplier")
    return _known(context, "supplier", party) or suppliers.add(context, _company(party, "postal_address"))


def _company(party: Party, address: str) -> dict[str, Any]:
    places = {
        "address": party.address,
        "postal_code": party.postal_code,
        "city": party.city,
        "country_alpha2": party.country_alpha2 or "FR",
    }
    return {"name": party.name, "reg_no": party.reg_no, address: places}


def _known(context: RequestContext, kind: str, party: Party) -> JsonRecord | None:
    by_name = context.rules.party_by_name
    for name, value in (("reg_no", party.reg_no), ("name", party.name if by_name else "")):
        # Names are the two written above; the value is bound.
        selection = Selection([f"json_extract(body, '$.{name}') = ?"], [value], "id ASC", 1)
        if value and (found := context.records.select(kind, selection)):
            return found[0]
    return None


OPERATIONS: dict[str, Handler] = {
    "createCustomerInvoiceEInvoiceImport": import_to_customer,
    "createSupplierInvoiceEInvoiceImport": import_from_supplier,
    "createEInvoiceImport": import_either,
}
