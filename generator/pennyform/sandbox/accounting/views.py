"""Customer invoices with their parts, and bank transactions, as the API shows them."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET

from pennyform.sandbox.accounting import payments
from pennyform.sandbox.accounting.categories import present_categories
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.documents import CustomerInvoice, InvoiceLine, InvoiceSection
from pennyform.sandbox.model.ledger import Transaction, TransactionMatch
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record, RecordBody

# Lists below an invoice, by the names that their links have in it and their addresses below its own.
_LISTS = (
    "invoice_line_sections",
    "invoice_lines",
    "custom_header_fields",
    "categories",
    "payments",
    "matched_transactions",
    "appendices",
)


def present_invoice(context: RequestContext, record: Record[CustomerInvoice]) -> JsonObject:
    """A customer invoice at the time of the request: its status, links and file change with the clock."""
    invoice = record.body
    own_url = context.url("customer_invoices", record.id)
    generated_label = " - ".join(filter(None, ("Invoice", invoice.customer_name, invoice.invoice_number)))
    status_ = payments.invoice_status(invoice, context.now, context.rules)
    factur_x = payments.has_factur_x(invoice, context.now, context.rules)
    # A hundred of these are one answer: filling one object is a quarter faster than joining several.
    answer: JsonObject = {
        "id": record.id,
        "label": invoice.label or generated_label,
        "invoice_number": invoice.invoice_number,
        "currency": invoice.currency,
        "amount": invoice.amount,
        "currency_amount": invoice.currency_amount,
        "currency_amount_before_tax": invoice.currency_amount_before_tax,
        "exchange_rate": invoice.exchange_rate,
        "date": invoice.date,
        "deadline": invoice.deadline,
        "currency_tax": invoice.currency_tax,
        "tax": invoice.tax,
        "language": invoice.language,
        "discount": invoice.discount,
        "draft": invoice.draft,
        "special_mention": invoice.special_mention,
        "pdf_description": invoice.pdf_description,
        "transaction_reference": invoice.transaction_reference,
    }
    for name in _LISTS:
        answer[name] = {"url": f"{own_url}/{name}"}
    answer.update(_remaining_amounts(invoice))
    answer.update(_file_link(context, record))
    answer.update(
        {
            "paid": status_ == "paid",
            "status": status_,
            "ledger_entry": {"id": invoice.ledger_entry_id},
            "customer": context.link("customers", invoice.customer_id),
            "pdf_invoice_free_text": invoice.pdf_invoice_free_text or "",
            "pdf_invoice_subject": invoice.pdf_invoice_subject or "",
            "customer_invoice_template": _reference(invoice.customer_invoice_template_id),
            "billing_subscription": _reference(invoice.billing_subscription_id),
            "quote": _reference(invoice.quote_id),
            "credited_invoice": context.link("customer_invoices", invoice.credited_invoice_id),
            "e_invoicing": payments.e_invoicing(invoice, context.now, context.rules),
            "factur_x": factur_x,
            "schematron_validation_status": "valid" if factur_x else None,
            "archived_at": None,
            "external_reference": record.reference,
            **record.timestamps,
        }
    )
    return _with_newer_fields(context, answer, invoice, "getCustomerInvoice")


def _with_newer_fields(
    context: RequestContext, answer: JsonObject, body: RecordBody, operation_id: str
) -> JsonObject:
    """``answer`` with the fields that a newer contract shows, as they were stored: they have no rule here."""
    fields = context.contract.answer_fields(operation_id)
    for name in fields.keys() - answer.keys():
        if name in body.extra or fields[name]:
            answer[name] = body.extra.get(name)
    return answer


def _reference(identifier: int | None) -> dict[str, int] | None:
    return {"id": identifier} if identifier else None


def _remaining_amounts(invoice: CustomerInvoice) -> JsonObject:
    # By the contract null on drafts and credit notes.
    if invoice.draft or invoice.credit_note:
        return {"remaining_amount_with_tax": None, "remaining_amount_without_tax": None}
    return {**payments.remaining_amounts(invoice)}


def _file_link(context: RequestContext, record: Record[CustomerInvoice]) -> JsonObject:
    """The link to the document's PDF, which is null until there is one, and ends after half an hour."""
    if not payments.has_file(record.body, context.now, context.rules):
        return {"public_file_url": None, "filename": None}
    filename = record.body.filename
    if filename is UNSET or not filename:
        filename = f"{record.body.invoice_number}.pdf"
    url = context.public_url("customer_invoice", record.id, filename)
    return {"public_file_url": url, "filename": filename}


def present_line(context: RequestContext, record: Record[InvoiceLine]) -> JsonObject:
    """A line; neither its ledger account nor its rank is shown."""
    line = record.body
    answer: JsonObject = {
        "id": record.id,
        "label": line.label,
        "unit": line.unit,
        "quantity": line.quantity,
        "amount": line.amount,
        "currency_amount": line.currency_amount,
        "description": line.description,
        "vat_rate": line.vat_rate,
        "currency_amount_before_tax": line.currency_amount_before_tax,
        "currency_tax": line.currency_tax,
        "tax": line.tax,
        "raw_currency_unit_price": line.raw_currency_unit_price,
        "discount": line.discount,
        "section_rank": line.section_rank,
        "imputation_dates": line.imputation_dates,
        "substance": line.substance,
        "product": context.link("products", line.product_id),
        **record.timestamps,
    }
    return _with_newer_fields(context, answer, line, "getCustomerInvoiceInvoiceLines")


def present_section(_: RequestContext, record: Record[InvoiceSection]) -> JsonObject:
    """A section of lines."""
    section = record.body
    return {
        "id": record.id,
        "title": section.title,
        "description": section.description,
        "rank": section.rank,
        **record.timestamps,
    }


def present_transaction(context: RequestContext, record: Record[Transaction]) -> JsonObject:
    """A transaction by itself."""
    transaction = record.body
    return {
        **_transaction_fields(context, record),
        "journal": context.link("journals", transaction.journal_id),
        "customer": context.link("customers", transaction.customer_id),
        "supplier": context.link("suppliers", transaction.supplier_id),
        "matched_invoices": {"url": context.url("transactions", record.id, "matched_invoices")},
        "interbank_code": None,
    }


def present_matched_transaction(
    party: Literal["customer", "supplier"], context: RequestContext, match: Record[TransactionMatch]
) -> JsonObject:
    """The transaction of a match, in the list of an invoice of a customer or a supplier."""
    record = context.find(Transaction, match.body.transaction_id)
    identifier = record.body.customer_id if party == "customer" else record.body.supplier_id
    return {
        **_transaction_fields(context, record),
        "journal": {"id": record.body.journal_id},
        party: context.link(f"{party}s", identifier),
    }


def present_payment(context: RequestContext, match: Record[TransactionMatch]) -> JsonObject:
    """What a match pays: a payment that was found on a bank account."""
    transaction = context.find(Transaction, match.body.transaction_id).body
    return {
        "id": match.id,
        "label": transaction.label,
        "currency": transaction.currency,
        "currency_amount": match.body.used,
        "status": "found",
        **match.timestamps,
    }


def _transaction_fields(context: RequestContext, record: Record[Transaction]) -> JsonObject:
    transaction = record.body
    return {
        "id": record.id,
        "label": transaction.label,
        "date": transaction.date,
        "outstanding_balance": transaction.outstanding_balance,
        "currency": transaction.currency,
        "currency_amount": transaction.currency_amount,
        "amount": transaction.amount,
        "currency_fee": transaction.currency_fee,
        "fee": transaction.fee,
        "attachment_required": True,
        "archived_at": None,
        "bank_account": context.link("bank_accounts", transaction.bank_account_id),
        "pro_account_expense": None,
        "categories": present_categories(context, record.id),
        **record.timestamps,
    }
