"""Issued documents on paper: what stands on the PDF of an invoice, a credit note or a quote."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from pennyform.sandbox.auth.access import Company
from pennyform.sandbox.documents.pdf import COLUMNS, Row, pdf
from pennyform.sandbox.money import currencies, money, vat
from pennyform.sandbox.storage.records import JsonRecord, Records, Selection

_WORDS = {
    "fr_FR": {
        "invoice": "Facture",
        "credit_note": "Avoir",
        "quote": "Devis",
        "date": "Date",
        "deadline": "Échéance",
        "columns": ("Désignation", "Quantité", "Prix HT", "TVA", "Montant HT"),
        "discount": "Remise",
        "before_tax": "Total HT",
        "tax": "TVA",
        "with_tax": "Total TTC",
    },
    "en_GB": {
        "invoice": "Invoice",
        "credit_note": "Credit note",
        "quote": "Quote",
        "date": "Date",
        "deadline": "Due",
        "columns": ("Description", "Quantity", "Price", "VAT", "Net"),
        "discount": "Discount",
        "before_tax": "Total before tax",
        "tax": "VAT",
        "with_tax": "Total",
    },
    "de_DE": {
        "invoice": "Rechnung",
        "credit_note": "Gutschrift",
        "quote": "Angebot",
        "date": "Datum",
        "deadline": "Fällig",
        "columns": ("Bezeichnung", "Menge", "Preis", "USt", "Netto"),
        "discount": "Rabatt",
        "before_tax": "Netto",
        "tax": "USt",
        "with_tax": "Gesamt",
    },
}
_WIDTHS = (44, 10, 12, 8, 12)
_INDENT = "  "

Words = dict[str, Any]


def document_pdf(records: Records, company: Company, document: JsonRecord) -> bytes:
    """The PDF of an issued invoice, a credit note or a quote, in its own language.

    Args:
        records: hold its lines and its customer.
        company: who sends it.
        document: of kind ``customer_invoice`` or ``quote``.
    """
    kept = document.body
    words = _WORDS[kept["language"]]
    number = kept["invoice_number"] or kept.get("quote_number", "")
    title = f"{words[_kind(document)]} {number}"
    rows = [
        Row(title, bold=True),
        Row(""),
        Row(company.name, bold=True),
        Row(company.reg_no),
        Row(""),
        *_recipient(records, kept),
        Row(""),
        Row(f"{words['date']}: {kept['date']}   {words['deadline']}: {kept['deadline']}"),
        *_paragraph(kept["pdf_invoice_subject"], bold=True),
        *_paragraph(kept["pdf_description"]),
        Row(""),
        *_table(records, document, words),
        *_totals(kept, words),
        *_paragraph(kept["pdf_invoice_free_text"]),
        *_paragraph(kept["special_mention"]),
    ]
    return pdf(title, rows)


def _kind(document: JsonRecord) -> str:
    if document.kind == "quote":
        return "quote"
    return "credit_note" if document.body["credit_note"] else "invoice"


def _recipient(records: Records, kept: dict[str, Any]) -> list[Row]:
    """Whom it was issued to, under the address of that day; a quote follows the customer."""
    customer = kept.get("billed_to")
    if customer is None:
        found = records.get("customer", kept["customer_id"])
        customer = found.body if found else {"name": "", "billing_address": {}}
    address = customer["billing_address"]
    place = " ".join(address.get(name) or "" for name in ("postal_code", "city", "country_alpha2"))
    texts = [customer["name"], address.get("address") or "", place.strip()]
    return [row for text in texts for row in _paragraph(text)]


def _table(records: Records, document: JsonRecord, words: Words) -> list[Row]:
    decimals = currencies.decimals(document.body["currency"])
    lines = records.select("invoice_line", Selection(order="id ASC"), parent=document.id)
    sections = records.select("invoice_line_section", Selection(order="id ASC"), parent=document.id)
    rows = [*_columns(words["columns"], bold=True), Row("-" * COLUMNS)]
    for rank, title in [(None, ""), *sorted((one.body["rank"], one.body.get("title")) for one in sections)]:
        rows.extend(_paragraph(title, bold=True))
        for line in (one.body for one in lines if one.body["section_rank"] == rank):
            rows.extend(_line(line, decimals))
    return [*rows, Row("-" * COLUMNS)]


def _line(line: dict[str, Any], decimals: int) -> list[Row]:
    # A line that bears tax was computed with a rate, whatever the rules say now.
    percent = vat.percent(line["vat_rate"], reverse_charge=bool(Decimal(line["currency_tax"])))
    return [
        *_columns(
            (
                line["label"],
                f"{line['quantity']} {line['unit']}".strip(),
                line["raw_currency_unit_price"],
                f"{(percent or Decimal(0)).normalize():f} %",
                _written(line["currency_amount_before_tax"], decimals),
            )
        ),
        *_paragraph(line["description"], indent=_INDENT),
    ]


def _columns(texts: Sequence[str], *, bold: bool = False) -> list[Row]:
    """The first text on the left, in as many rows as it needs; the others beside it on the right."""
    first, *others = texts
    label = textwrap.wrap(first, _WIDTHS[0] - 1) or [""]
    numbers = "".join(text.rjust(width) for text, width in zip(others, _WIDTHS[1:], strict=True))
    head = Row((label[0].ljust(_WIDTHS[0]) + numbers)[:COLUMNS], bold=bold)
    return [head, *(Row(text, bold=bold) for text in label[1:])]


def _totals(kept: dict[str, Any], words: Words) -> list[Row]:
    decimals = currencies.decimals(kept["currency"])
    discount = kept["discount"]
    unit = " %" if discount["type"] == "relative" else f" {kept['currency']}"
    found = [(words["discount"], discount["value"] + unit)] if Decimal(discount["value"]) else []
    for word, name in (("before_tax", "_before_tax"), ("tax", None), ("with_tax", "")):
        amount = kept["currency_tax"] if name is None else kept[f"currency_amount{name}"]
        found.append((words[word], f"{_written(amount, decimals)} {kept['currency']}"))
    rows = [f"{label}: {amount.rjust(18)}".rjust(COLUMNS) for label, amount in found]
    return [*(Row(text) for text in rows[:-1]), Row(rows[-1], bold=True), Row("")]


def _written(amount: str, decimals: int) -> str:
    return f"{money.rounded(Decimal(amount), decimals):,f}".replace(",", " ")


def _paragraph(text: str | None, *, bold: bool = False, indent: str = "") -> Iterable[Row]:
    for part in (text or "").splitlines():
        for row in textwrap.wrap(part, COLUMNS, initial_indent=indent, subsequent_indent=indent):
            yield Row(row, bold=bold)
