"""Making and issuing a customer invoice, whatever it is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pennyform.sandbox.accounting import bookkeeping, settlement, status
from pennyform.sandbox.accounting.lines import add_up, changed_line, discount_text, new_line
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.money.amounts import discount_of
from pennyform.sandbox.money.currencies import CURRENCIES
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Selection

KIND = "customer_invoice"
# What a caller may leave out.
DEFAULTS: Mapping[str, Any] = {
    "currency": "EUR",
    "label": None,
    "discount": None,
    "customer_invoice_template_id": None,
    "pdf_invoice_free_text": None,
    "pdf_invoice_subject": None,
    "pdf_description": None,
    "special_mention": None,
    "transaction_reference": None,
    "draft": False,
    "invoice_number": "",
}
_OF_LINE = (
    "label",
    "unit",
    "quantity",
    "raw_currency_unit_price",
    "vat_rate",
    "description",
    "discount",
    "section_rank",
    "ledger_account_id",
)


def make(context: RequestContext, given: Mapping[str, Any], kind: str = KIND) -> JsonRecord:
    """Make an invoice from the contract's request fields; without ``draft`` it is issued at once.

    Args:
        context: finds what the invoice refers to.
        given: as in the body of ``POST /customer_invoices``, and what an invoice begins with.
        kind: ``customer_invoice``, or ``quote`` or ``billing_subscription``, which are made of the same
            parts and never issued.

    Raises:
        ApiError: 404 or 422.
        TakenError: when the reference is in use.
    """
    fields = dict(given)
    lines, sections = fields.pop("invoice_lines"), fields.pop("invoice_line_sections", [])
    reference = fields.pop("external_reference", None) or context.records.generate_reference(kind)
    ranks = check_sections(sections)
    bodies = [new_line(context, line, rank, ranks) for rank, line in enumerate(lines, 1)]
    invoice = {**DEFAULTS, **status.BEGINNING, **fields}
    settle(context, invoice, bodies)
    if kind == KIND:
        invoice["ledger_entry_id"] = bookkeeping.open_entry(context, KIND, invoice)
        if not invoice["draft"]:
            issue(context, invoice, bodies)
    record = context.records.insert(kind, invoice, reference=reference)
    for child_kind, children in (("invoice_line_section", sections), ("invoice_line", bodies)):
        for child in children:
            context.records.insert(child_kind, child, parent=record.id)
    if kind == KIND:
        settlement.reconcile_invoice(context, record)
    return record


def issue(context: RequestContext, invoice: dict[str, Any], lines: Sequence[Mapping[str, Any]]) -> None:
    """Give an invoice the next number, and the customer's address of today."""
    if not lines:
        raise unprocessable("An invoice must have at least one line")
    invoice["draft"] = False
    year = invoice["date"][:4]
    series = f"invoice {year}" if context.rules.numbered_by_year else "invoice"
    invoice["invoice_number"] = f"F-{year}-{context.records.next_number(series):04d}"
    invoice["issued_at"] = timestamp(context.now)
    customer = context.find("customer", invoice["customer_id"]).body
    invoice["billed_to"] = {name: customer[name] for name in ("name", "billing_address")}
    bookkeeping.enter(context, KIND, invoice, lines)


def settle(context: RequestContext, invoice: dict[str, Any], lines: Sequence[dict[str, Any]]) -> None:
    """Check what an invoice refers to, and compute everything that follows from its fields and lines."""
    customer = context.find("customer", invoice["customer_id"], "Customer")
    if invoice["customer_invoice_template_id"] is not None:
        context.find("customer_invoice_template", invoice["customer_invoice_template_id"], "Template")
    if invoice["currency"] not in CURRENCIES:
        raise unprocessable(f"{invoice['currency']} is not a currency")
    if not lines and (context.rules.draft_needs_a_line or not invoice["draft"]):
        raise unprocessable("An invoice must have at least one line")
    invoice["customer_name"] = customer.body["name"]
    invoice.setdefault("language", customer.body["billing_language"])
    invoice["discount"] = discount_text(
        discount_of(invoice["discount"], bounded=context.rules.discount_bounded)
    )
    add_up(context, invoice, lines)


def change_lines(context: RequestContext, document: JsonRecord, changes: Mapping[str, Any]) -> None:
    """Change the lines of a draft or a quote, and compute it anew; the document itself is not written.

    Args:
        context: finds what lines refer to.
        document: with its other changes already in its body.
        changes: ``{create, update, delete}`` as in a request.

    Raises:
        ApiError: 404 for a line that is not there; 422 for a rule that is broken.
    """
    kept = {line.id: line for line in lines_of(context, document)}
    sections = [section.body["rank"] for section in sections_of(context, document)]
    for update in changes.get("update", ()):
        line = line_in(context, kept, update)
        line.body = changed_line(context, line.body, update, sections)
    removed = [kept.pop(line_in(context, kept, removal).id) for removal in changes.get("delete", ())]
    rank = max((line.body["rank"] for line in kept.values()), default=0)
    created = [
        new_line(context, line, place, sections)
        for place, line in enumerate(changes.get("create", ()), rank + 1)
    ]
    settle(context, document.body, [*(line.body for line in kept.values()), *created])
    write_lines(context, document, removed, kept.values(), created)


def write_lines(
    context: RequestContext,
    document: JsonRecord,
    removed: Iterable[JsonRecord],
    changed: Iterable[JsonRecord],
    created: Iterable[dict[str, Any]],
) -> None:
    """Write changed lines of a document into the books."""
    context.records.delete(removed)
    for line in changed:
        context.records.update(line)
    for body in created:
        context.records.insert("invoice_line", body, parent=document.id)


def line_in(
    context: RequestContext, lines: Mapping[int, JsonRecord], wanted: Mapping[str, Any]
) -> JsonRecord:
    """The line that an update or a deletion means.

    Raises:
        ApiError: 404.
    """
    found = lines.get(wanted["id"])
    if found is None:
        raise context.unknown_reference(f"Invoice line {wanted['id']}")
    return found


def lines_of(context: RequestContext, document: JsonRecord) -> list[JsonRecord]:
    """Lines of an invoice or a quote, in the order of their ranks."""
    return context.records.select("invoice_line", Selection(order="id ASC"), parent=document.id)


def sections_of(context: RequestContext, document: JsonRecord) -> list[JsonRecord]:
    """Sections of an invoice or a quote."""
    return context.records.select("invoice_line_section", Selection(order="id ASC"), parent=document.id)


def parts_of(context: RequestContext, document: JsonRecord) -> dict[str, Any]:
    """Lines and sections of a document, as a request for another one like it would give them."""
    return {
        "invoice_line_sections": [dict(section.body) for section in sections_of(context, document)],
        "invoice_lines": [_given(line.body) for line in lines_of(context, document)],
    }


def _given(line: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: line[name] for name in _OF_LINE}
    return {**given, "product_id": line["product_id"]} if line["product_id"] else given


def check_sections(sections: Sequence[Mapping[str, Any]]) -> list[int]:
    """The ranks of sections, which must be 1, 2, 3, … in any order.

    Raises:
        ApiError: 422.
    """
    ranks = [section["rank"] for section in sections]
    if sorted(ranks) != list(range(1, len(ranks) + 1)):
        raise unprocessable("Sections must be ranked 1, 2, 3, … without gaps")
    return ranks
