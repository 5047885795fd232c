"""Fields that people write because a tutorial or another API has them, and what to write instead.

A table, not code: a new mistake is a new line. Field names are the API's; where the contract one day gains a
field of such a name, the schema accepts it and this table is not asked.
"""

from __future__ import annotations

from dataclasses import dataclass

# What it is called elsewhere → what it is called here. Only used where the right one is allowed.
OTHER_NAMES = {
    "country": "country_alpha2",
    "country_code": "country_alpha2",
    "zip": "postal_code",
    "zip_code": "postal_code",
    "zipcode": "postal_code",
    "postcode": "postal_code",
    "street": "address",
    "unit_price": "raw_currency_unit_price",
    "price": "raw_currency_unit_price",
    "currency_unit_price": "raw_currency_unit_price",
    "raw_unit_price": "raw_currency_unit_price",
    "unit_amount": "raw_currency_unit_price",
    "price_excl_tax": "price_before_tax",
    "currency_price_before_tax": "price_before_tax",
    "vat": "vat_rate",
    "tax_rate": "vat_rate",
    "vat_code": "vat_rate",
    "qty": "quantity",
    "lines": "invoice_lines",
    "items": "invoice_lines",
    "line_items": "invoice_lines",
    "invoice_line_items": "invoice_lines",
    "sections": "invoice_line_sections",
    "due_date": "deadline",
    "duedate": "deadline",
    "due": "deadline",
    "issue_date": "date",
    "invoice_date": "date",
    "reference": "external_reference",
    "ref": "external_reference",
    "source_id": "external_reference",
    "title": "label",
    "subject": "pdf_invoice_subject",
    "mail": "emails",
    "siren": "reg_no",
    "siret": "reg_no",
    "iban": "billing_iban",
    "credited_invoice_id": "credit_note_of",
    "credit_note_for": "credit_note_of",
    "credits": "credit_note_of",
    "recipient": "recipients",
    "attachments": "appendices",
    "email": "send_by_email",
    "send_email": "send_by_email",
    "share": "weight",
    "code": "analytical_code",
    "category_group": "group",
    "foreach": "for_each",
    "expected": "expect",
    "parameters": "values",
    "params": "values",
    "variables": "values",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a field has no place in an invoice definition, and what to do instead."""

    reason: str
    fix: str


_TOTAL = Refused(
    "Totals follow from the lines; the API computes them and refuses them here.",
    "delete it; to have the totals checked write `expect: {currency_amount: …}`",
)
_STATE = Refused("It is what becomes of an invoice, not something one can ask for.", "delete it")

REFUSED = {
    "draft": Refused(
        "pennyform always creates a draft, checks it, and finalizes it only when asked to.",
        "delete it; to issue the invoice write `options: {finalize: true}`",
    ),
    "amount": _TOTAL,
    "total": _TOTAL,
    "tax": _TOTAL,
    "currency_amount": _TOTAL,
    "currency_amount_before_tax": _TOTAL,
    "currency_tax": _TOTAL,
    "status": _STATE,
    "paid": _STATE,
    "remaining_amount_with_tax": _STATE,
    "remaining_amount_without_tax": _STATE,
    "invoice_number": Refused("Pennylane numbers an invoice when it is finalized.", "delete it"),
    "template": Refused("An imported invoice is taken as it is.", "delete it"),
    "values": Refused("An imported invoice is taken as it is.", "delete it"),
    "file_attachment_id": Refused(
        "A file is uploaded when its invoice is imported.", "name it, as in `file: invoice.pdf`"
    ),
    "use_2026_api_changes": Refused("The switch has had no effect since 2026-07-01.", "delete it"),
}
