"""Issued documents as PDF: the content of an invoice, a credit note or a quote."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from decimal import Decimal

from msgspec import UNSET

from pennyform.sandbox.auth.access import Company
from pennyform.sandbox.documents.pdf import COLUMNS, Row, pdf
from pennyform.sandbox.model.documents import BilledTo, CustomerInvoice, InvoiceLine, InvoiceSection, Quote
from pennyform.sandbox.model.parties import Address, Customer
from pennyform.sandbox.money import currencies, vat
from pennyform.sandbox.money.arithmetic import round_half_up
from pennyform.sandbox.storage.records import Records, Selection

_LANGUAGES = ("fr_FR", "en_GB", "de_DE")
_WORDS = {
    "invoice": ("Facture", "Invoice", "Rechnung"),
    "credit_note": ("Avoir", "Credit note", "Gutschrift"),
    "quote": ("Devis", "Quote", "Angebot"),
    "date": ("Date", "Date", "Datum"),
    "deadline": ("Échéance", "Due", "Fällig"),
    "label": ("Désignation", "Description", "Bezeichnung"),
    "quantity": ("Quantité", "Quantity", "Menge"),
    "price": ("Prix HT", "Price", "Preis"),
    "vat": ("TVA", "VAT", "USt"),
    "net": ("Montant HT", "Net", "Netto"),
    "discount": ("Remise", "Discount", "Rabatt"),
    "before_tax": ("Total HT", "Total before tax", "Netto"),
    "tax": ("TVA", "VAT", "USt"),
    "with_tax": ("Total TTC", "Total", "Gesamt"),
}
_COLUMN_WORDS = ("label", "quantity", "price", "vat", "net")
_WIDTHS = (44, 10, 12, 8, 12)
_INDENT = "  "


def document_pdf(
    records: Records, company: Company, identifier: int, document: CustomerInvoice | Quote
) -> bytes:
    """The PDF of an issued invoice, a credit note or a quote, in its own language.

    Args:
        records: hold its lines and its customer.
        company: who sends it.
        identifier: of the document.
        document: the invoice or quote.
    """
    language = _LANGUAGES.index(document.language)
    words = {name: translations[language] for name, translations in _WORDS.items()}
    if isinstance(document, Quote):
        kind, number = words["quote"], document.invoice_number or document.quote_number
    else:
        kind = words["credit_note"] if document.credit_note else words["invoice"]
        number = document.invoice_number
    title = f"{kind} {number}"
    rows = [
        Row(title, bold=True),
        Row(""),
        Row(company.name, bold=True),
        Row(company.reg_no),
        Row(""),
        *_recipient(records, document),
        Row(""),
        Row(f"{words['date']}: {document.date}   {words['deadline']}: {document.deadline}"),
        *_paragraph(document.pdf_invoice_subject, bold=True),
        *_paragraph(document.pdf_description),
        Row(""),
        *_table(records, identifier, document.currency, words),
        *_totals(document, words),
        *_paragraph(document.pdf_invoice_free_text),
        *_paragraph(document.special_mention),
    ]
    return pdf(title, rows)


def _recipient(records: Records, document: CustomerInvoice | Quote) -> list[Row]:
    """Whom it was issued to, under the address of that day; a quote follows the customer."""
    billed_to = document.billed_to if isinstance(document, CustomerInvoice) else UNSET
    if billed_to is UNSET:
        customer = records.get(Customer, document.customer_id)
        billed_to = BilledTo("", Address())
        if customer:
            billed_to = BilledTo(customer.body.name, customer.body.billing_address)
    address = billed_to.billing_address
    town = " ".join((address.postal_code, address.city, address.country_alpha2)).strip()
    return [row for text in (billed_to.name, address.address, town) for row in _paragraph(text)]


def _table(records: Records, identifier: int, currency: str, words: dict[str, str]) -> Iterator[Row]:
    decimals = currencies.minor_unit_decimals(currency)
    lines = records.select(InvoiceLine, Selection(order="id ASC"), parent=identifier)
    sections = records.select(InvoiceSection, Selection(order="id ASC"), parent=identifier)
    yield from _columns([words[name] for name in _COLUMN_WORDS], bold=True)
    yield Row("-" * COLUMNS)
    # Lines without a section come first.
    headings = sorted((section.body.rank, section.body.title) for section in sections)
    for rank, title in [(None, ""), *headings]:
        yield from _paragraph(title, bold=True)
        for line in lines:
            if line.body.section_rank == rank:
                yield from _line(line.body, decimals)
    yield Row("-" * COLUMNS)


def _line(line: InvoiceLine, decimals: int) -> list[Row]:
    # A line that bears tax was computed with a rate, whatever the rules say now.
    percent = vat.percent(line.vat_rate, reverse_charge=bool(Decimal(line.currency_tax)))
    cells = (
        line.label,
        f"{line.quantity} {line.unit}".strip(),
        line.raw_currency_unit_price,
        f"{(percent or Decimal(0)).normalize():f} %",
        _format_money(line.currency_amount_before_tax, decimals),
    )
    return [*_columns(cells), *_paragraph(line.description, indent=_INDENT)]


def _columns(cells: Sequence[str], *, bold: bool = False) -> list[Row]:
    """The first text on the left, in as many rows as it needs; the others beside it on the right."""
    first, *others = cells
    label = textwrap.wrap(first, _WIDTHS[0] - 1) or [""]
    numbers = "".join(text.rjust(width) for text, width in zip(others, _WIDTHS[1:], strict=True))
    head = Row((label[0].ljust(_WIDTHS[0]) + numbers)[:COLUMNS], bold=bold)
    return [head, *(Row(text, bold=bold) for text in label[1:])]


def _totals(document: CustomerInvoice | Quote, words: dict[str, str]) -> list[Row]:
    decimals, currency = currencies.minor_unit_decimals(document.currency), document.currency
    amounts = []
    discount = document.discount.value or "0"
    if Decimal(discount):
        unit = "%" if document.discount.type == "relative" else currency
        amounts.append((words["discount"], f"{discount} {unit}"))
    for word, amount in (
        (words["before_tax"], document.currency_amount_before_tax),
        (words["tax"], document.currency_tax),
        (words["with_tax"], document.currency_amount),
    ):
        amounts.append((word, f"{_format_money(amount, decimals)} {currency}"))
    rows = [f"{word}: {amount.rjust(18)}".rjust(COLUMNS) for word, amount in amounts]
    return [*(Row(text) for text in rows[:-1]), Row(rows[-1], bold=True), Row("")]


def _format_money(amount: str, decimals: int) -> str:
    return f"{round_half_up(Decimal(amount), decimals):,f}".replace(",", " ")


def _paragraph(text: str | None, *, bold: bool = False, indent: str = "") -> Iterator[Row]:
    for part in (text or "").splitlines():
        for row in textwrap.wrap(part, COLUMNS, initial_indent=indent, subsequent_indent=indent):
            yield Row(row, bold=bold)
