"""A field that a definition may not have: what its author probably meant by it.

The tables are fields that people write because a tutorial or another API has them; a new mistake is a new
line. Where the contract one day gains a field of such a name, the schema accepts it and no table is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pennyform.findings import Finding, closest_name
from pennyform.invoices.schema import Schema
from pennyform.invoices.schema.messages import object_name, shorten
from pennyform.invoices.yaml.document import Document, Path

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


_MOST_LISTED = 9


def unknown_field_finding(
    document: Document, root: Schema, allowed: Schema, path: Path
) -> tuple[str, Finding]:
    """Explain the unknown field at ``path``.

    Args:
        document: where it stands.
        root: the schema of the definition.
        allowed: the schema of the object that the field stands in.
        path: of the field.

    Returns:
        The field that was probably meant, "" when there is no telling; and the finding.
    """
    name = str(path[-1])
    known = allowed.get("properties", {})
    summary = f"{object_name(path[:-1])} has no field `{shorten(name)}`"
    instead, detail, fix = _suggest(name, known, root)
    return instead, document.finding("unknown-field", summary, path, key=True, detail=detail, fix=fix)


def _suggest(name: str, known: Schema, root: Schema) -> tuple[str, str, str]:
    """The right field if there is one, why the given one is wrong, and the fix."""
    for right, schema in known.items():
        if isinstance(schema, dict) and schema.get("x-pennyform-key", {}).get("sends") == name:
            detail = "Ids differ between companies: a definition names what you know."
            example = schema.get("examples", ["REFERENCE"])[0]
            return right, detail, f"write `{right}: {example}`, or `{right}: {{id: 123}}`"
    other = OTHER_NAMES.get(name)
    if other in known:
        return str(other), "", f"write `{other}`"
    if name in REFUSED and "invoice_lines" in str(root.get("properties", {}).keys()):
        return "", REFUSED[name].reason, REFUSED[name].fix
    close = closest_name(name, known, cutoff=0.7)
    if close:
        return close, "", f"write `{close}`"
    # Right, but at the wrong level: mostly an indentation too many or too few.
    elsewhere = next((path for path in _fields(root) if path[-1] == name), None)
    if elsewhere:
        parent = ".".join(elsewhere[:-1])
        return "", "", f"it belongs under `{parent}`" if parent else "it belongs at the top"
    listed = ", ".join(f"`{field}`" for field in known) if len(known) <= _MOST_LISTED else ""
    return "", f"Known here: {listed}." if listed else "", "delete it"


def _fields(schema: Schema, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every field that ``schema`` knows, outer ones first."""
    properties: Schema = schema.get("items", schema).get("properties", {})
    members = [(name, member) for name, member in properties.items() if isinstance(member, dict)]
    for name, _ in members:
        yield (*path, name)
    for name, member in members:
        if "x-pennyform-key" not in member:
            yield from _fields(member, (*path, name))
