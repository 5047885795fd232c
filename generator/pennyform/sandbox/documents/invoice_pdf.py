"""Issued documents as PDF: an invoice, a credit note or a quote.

In the layout of previews where its packages are installed and its fonts have every character; otherwise lines
of text on A4 pages in a fixed-width font, so that columns stay columns.
"""

from __future__ import annotations

import datetime as dt
import io
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from msgspec import UNSET

from pennyform import typesetting
from pennyform.sandbox.auth import Company
from pennyform.sandbox.documents.factur_x import FILE_NAME
from pennyform.sandbox.documents.page_texts import page_texts
from pennyform.sandbox.model.documents import BilledTo, CustomerInvoice, InvoiceLine, InvoiceSection, Quote
from pennyform.sandbox.model.parties import Address, Customer
from pennyform.sandbox.money import rates
from pennyform.sandbox.money.arithmetic import round_half_up
from pennyform.sandbox.rules import Rules
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
_COLUMN_WIDTHS = (44, 10, 12, 8, 12)
_INDENT = "  "
_PAGE_WIDTH, _PAGE_HEIGHT = 595, 842  # A4, in points
_LEFT, _TOP = 54, 60
_FONT_SIZE, _LEADING = 9, 11.8
_ROW_LENGTH = 90
_ROWS_PER_PAGE = 62
# The built-in fonts of PDF readers show these characters; anything else becomes a question mark.
_ENCODING = "cp1252"
_FONTS = {False: ("F1", "/Courier"), True: ("F2", "/Courier-Bold")}


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of at most ``_ROW_LENGTH`` characters."""

    text: str
    bold: bool = False


def document_pdf(
    records: Records,
    company: Company,
    identifier: int,
    document: CustomerInvoice | Quote,
    rules: Rules,
    *,
    xml: bytes | None = None,
) -> bytes:
    """The PDF of an issued invoice, a credit note or a quote of the company, in the document's language.

    Args:
        records: of the company.
        company: who issued it.
        identifier: the id of the document.
        document: the document.
        rules: by which its amounts were computed.
        xml: what is embedded as Factur-X has it.
    """
    if typesetting.is_installed():
        texts = page_texts(records, company, identifier, document, rules)
        with suppress(typesetting.NoFontError):
            return typesetting.pdf(texts, (xml or b"").decode(), dt.date.fromisoformat(document.date))
    return _plain_pdf(records, company, identifier, document, xml)


def _plain_pdf(
    records: Records,
    company: Company,
    identifier: int,
    document: CustomerInvoice | Quote,
    xml: bytes | None,
) -> bytes:
    """The same as lines of text. The file is no PDF/A: its fonts are those of the reader."""
    language = _LANGUAGES.index(document.language)
    words = {name: translations[language] for name, translations in _WORDS.items()}
    if isinstance(document, Quote):
        kind, number = words["quote"], document.invoice_number or document.quote_number
    else:
        kind = words["credit_note"] if document.credit_note else words["invoice"]
        number = document.invoice_number
    title = f"{kind} {number}"
    rows = [
        _Row(title, bold=True),
        _Row(""),
        _Row(company.name, bold=True),
        _Row(company.reg_no),
        _Row(""),
        *_recipient(records, document),
        _Row(""),
        _Row(f"{words['date']}: {document.date}   {words['deadline']}: {document.deadline}"),
        *_paragraph(document.pdf_invoice_subject, bold=True),
        *_paragraph(document.pdf_description),
        _Row(""),
        *_table(records, identifier, document.currency, words),
        *_totals(document, words),
        *_paragraph(document.pdf_invoice_free_text),
        *_paragraph(document.special_mention),
    ]
    return _render_pdf(title, rows, xml)


def _recipient(records: Records, document: CustomerInvoice | Quote) -> list[_Row]:
    """Whom it was issued to, under the address of that day; a quote follows the customer."""
    billed_to = document.billed_to if isinstance(document, CustomerInvoice) else UNSET
    if billed_to is UNSET:
        customer = records.get(Customer, document.customer_id)
        billed_to = BilledTo("", Address())
        if customer:
            billed_to = BilledTo.from_customer(customer.body)
    address = billed_to.billing_address
    town = " ".join((address.postal_code, address.city, address.country_alpha2)).strip()
    texts = (billed_to.name, address.address, town, billed_to.reg_no, billed_to.vat_number)
    return [row for text in texts for row in _paragraph(text)]


def _table(records: Records, identifier: int, currency: str, words: dict[str, str]) -> Iterator[_Row]:
    decimals = rates.minor_unit_decimals(currency)
    lines = records.select(InvoiceLine, Selection(order="id ASC"), parent=identifier)
    sections = records.select(InvoiceSection, Selection(order="id ASC"), parent=identifier)
    yield from _columns([words[name] for name in _COLUMN_WORDS], bold=True)
    yield _Row("-" * _ROW_LENGTH)
    # Lines without a section come first.
    headings = sorted((section.body.rank, section.body.title) for section in sections)
    for rank, title in [(None, ""), *headings]:
        yield from _paragraph(title, bold=True)
        for line in lines:
            if line.body.section_rank == rank:
                yield from _line(line.body, decimals)
    yield _Row("-" * _ROW_LENGTH)


def _line(line: InvoiceLine, decimals: int) -> list[_Row]:
    # A line that bears tax was computed with a rate, whatever the rules say now.
    percent = rates.percent_of_code(line.vat_rate, reverse_charge=bool(Decimal(line.currency_tax)))
    cells = (
        line.label,
        f"{line.quantity} {line.unit}".strip(),
        line.raw_currency_unit_price,
        f"{(percent or Decimal(0)).normalize():f} %",
        _format_money(line.currency_amount_before_tax, decimals),
    )
    return [*_columns(cells), *_paragraph(line.description, indent=_INDENT)]


def _columns(cells: Sequence[str], *, bold: bool = False) -> list[_Row]:
    """The first text on the left, in as many rows as it needs; the others beside it on the right."""
    first, *numeric = cells
    label = textwrap.wrap(first, _COLUMN_WIDTHS[0] - 1) or [""]
    numbers = "".join(text.rjust(width) for text, width in zip(numeric, _COLUMN_WIDTHS[1:], strict=True))
    head = _Row((label[0].ljust(_COLUMN_WIDTHS[0]) + numbers)[:_ROW_LENGTH], bold=bold)
    return [head, *(_Row(text, bold=bold) for text in label[1:])]


def _totals(document: CustomerInvoice | Quote, words: dict[str, str]) -> list[_Row]:
    decimals, currency = rates.minor_unit_decimals(document.currency), document.currency
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
    rows = [f"{word}: {amount.rjust(18)}".rjust(_ROW_LENGTH) for word, amount in amounts]
    return [*(_Row(text) for text in rows[:-1]), _Row(rows[-1], bold=True), _Row("")]


def _format_money(amount: str, decimals: int) -> str:
    return f"{round_half_up(Decimal(amount), decimals):,f}".replace(",", " ")


def _paragraph(text: str | None, *, bold: bool = False, indent: str = "") -> Iterator[_Row]:
    for part in (text or "").splitlines():
        for row in textwrap.wrap(part, _ROW_LENGTH, initial_indent=indent, subsequent_indent=indent):
            yield _Row(row, bold=bold)


def _render_pdf(title: str, rows: Sequence[_Row], xml: bytes | None) -> bytes:
    """Lay out rows on as many pages as they need. The same rows give the same bytes."""
    # Imported here: only downloads need it, and it would slow every start.
    import pydyf  # type: ignore[import-untyped]

    document = pydyf.PDF()
    document.info["Title"] = pydyf.String(title)
    fonts = pydyf.Dictionary()
    for name, base in _FONTS.values():
        font = {"Type": "/Font", "Subtype": "/Type1", "BaseFont": base, "Encoding": "/WinAnsiEncoding"}
        font_object = pydyf.Dictionary(font)
        document.add_object(font_object)
        fonts[name] = font_object.reference
    for start in range(0, len(rows) or 1, _ROWS_PER_PAGE):
        _add_page(document, fonts, rows[start : start + _ROWS_PER_PAGE])
    if xml is not None:
        _embed(document, xml)
    output = io.BytesIO()
    # An identifier would be random.
    document.write(output, identifier=False)
    return output.getvalue()


def _embed(document: Any, xml: bytes) -> None:
    """Attach the data of the document, where programs look for it (Factur-X 1.0, ISO 32000-2, 14.13)."""
    import pydyf

    # The slash of a media type is written as its code in a name.
    stream = pydyf.Stream([xml], {"Type": "/EmbeddedFile", "Subtype": "/text#2Fxml"}, compress=True)
    document.add_object(stream)
    name = pydyf.String(FILE_NAME)
    specification = pydyf.Dictionary(
        {
            "Type": "/Filespec",
            "F": name,
            "UF": name,
            "EF": pydyf.Dictionary({"F": stream.reference, "UF": stream.reference}),
            "AFRelationship": "/Alternative",
        }
    )
    document.add_object(specification)
    files = pydyf.Dictionary({"Names": pydyf.Array([name, specification.reference])})
    document.catalog["Names"] = pydyf.Dictionary({"EmbeddedFiles": files})
    document.catalog["AF"] = pydyf.Array([specification.reference])


def _add_page(document: Any, fonts: Any, rows: Sequence[_Row]) -> None:
    import pydyf

    content = pydyf.Stream(compress=True)
    content.begin_text()
    for index, row in enumerate(rows):
        content.set_font_size(_FONTS[row.bold][0], _FONT_SIZE)
        content.set_text_matrix(1, 0, 0, 1, _LEFT, _PAGE_HEIGHT - _TOP - _LEADING * index)
        # As hexadecimal digits no character has a meaning of its own.
        content.stream.append(f"<{row.text.encode(_ENCODING, 'replace').hex()}> Tj".encode())
    content.end_text()
    document.add_object(content)
    page = {
        "Type": "/Page",
        "Parent": document.pages.reference,
        "MediaBox": pydyf.Array([0, 0, _PAGE_WIDTH, _PAGE_HEIGHT]),
        "Contents": content.reference,
        "Resources": pydyf.Dictionary({"Font": fonts}),
    }
    document.add_page(pydyf.Dictionary(page))
