"""Making and issuing a customer invoice, whatever it is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pennyform.sandbox.accounting import bookkeeping, settlement, status
from pennyform.sandbox.accounting.lines import add_up, changed_line, discount_text, new_line
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.money.amounts import discount_of
from pennyform.sandbox.money.currencies import CURRENCIES
from pennyform.sandbox.problems import unprocessable
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record, Selection

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


def make(call: RequestContext, given: Mapping[str, Any], kind: str = KIND) -> Record:
    """Make an invoice from the contract's request fields; without ``draft`` it is issued at once.

    Args:
        call: finds what the invoice refers to.
        given: as in the body of ``POST /customer_invoices``, and what an invoice begins with.
        kind: ``customer_invoice``, or ``quote`` or ``billing_subscription``, which are made of the same
            parts and never issued.

    Raises:
        Problem: 404 or 422.
        TakenError: when the reference is in use.
    """
    fields = dict(given)
    lines, sections = fields.pop("invoice_lines"), fields.pop("invoice_line_sections", [])
    reference = fields.pop("external_reference", None) or call.books.new_reference(kind)
    ranks = check_sections(sections)
    bodies = [new_line(call, line, rank, ranks) for rank, line in enumerate(lines, 1)]
    invoice = {**DEFAULTS, **status.BEGINNING, **fields}
    settle(call, invoice, bodies)
    if kind == KIND:
        invoice["ledger_entry_id"] = bookkeeping.open_entry(call, KIND, invoice)
        if not invoice["draft"]:
            issue(call, invoice, bodies)
    record = call.books.insert(kind, invoice, reference=reference)
    for child_kind, children in (("invoice_line_section", sections), ("invoice_line", bodies)):
        for child in children:
            call.books.insert(child_kind, child, parent=record.id)
    if kind == KIND:
        settlement.reconcile_invoice(call, record)
    return record


def issue(call: RequestContext, invoice: dict[str, Any], lines: Sequence[Mapping[str, Any]]) -> None:
    """Give an invoice the next number, and the customer's address of today."""
    if not lines:
        raise unprocessable("An invoice must have at least one line")
    invoice["draft"] = False
    year = invoice["date"][:4]
    series = f"invoice {year}" if call.rules.numbered_by_year else "invoice"
    invoice["invoice_number"] = f"F-{year}-{call.books.next_number(series):04d}"
    invoice["issued_at"] = timestamp(call.now)
    customer = call.find("customer", invoice["customer_id"]).body
    invoice["billed_to"] = {name: customer[name] for name in ("name", "billing_address")}
    bookkeeping.enter(call, KIND, invoice, lines)


def settle(call: RequestContext, invoice: dict[str, Any], lines: Sequence[dict[str, Any]]) -> None:
    """Check what an invoice refers to, and compute everything that follows from its fields and lines."""
    customer = call.find("customer", invoice["customer_id"], "Customer")
    if invoice["customer_invoice_template_id"] is not None:
        call.find("customer_invoice_template", invoice["customer_invoice_template_id"], "Template")
    if invoice["currency"] not in CURRENCIES:
        raise unprocessable(f"{invoice['currency']} is not a currency")
    if not lines and (call.rules.draft_needs_a_line or not invoice["draft"]):
        raise unprocessable("An invoice must have at least one line")
    invoice["customer_name"] = customer.body["name"]
    invoice.setdefault("language", customer.body["billing_language"])
    invoice["discount"] = discount_text(discount_of(invoice["discount"], bounded=call.rules.discount_bounded))
    add_up(call, invoice, lines)


def change_lines(call: RequestContext, document: Record, changes: Mapping[str, Any]) -> None:
    """Change the lines of a draft or a quote, and compute it anew; the document itself is not written.

    Args:
        call: finds what lines refer to.
        document: with its other changes already in its body.
        changes: ``{create, update, delete}`` as in a request.

    Raises:
        Problem: 404 for a line that is not there; 422 for a rule that is broken.
    """
    kept = {line.id: line for line in lines_of(call, document)}
    sections = [section.body["rank"] for section in sections_of(call, document)]
    for update in changes.get("update", ()):
        line = line_in(call, kept, update)
        line.body = changed_line(call, line.body, update, sections)
    removed = [kept.pop(line_in(call, kept, removal).id) for removal in changes.get("delete", ())]
    rank = max((line.body["rank"] for line in kept.values()), default=0)
    created = [
        new_line(call, line, place, sections)
        for place, line in enumerate(changes.get("create", ()), rank + 1)
    ]
    settle(call, document.body, [*(line.body for line in kept.values()), *created])
    write_lines(call, document, removed, kept.values(), created)


def write_lines(
    call: RequestContext,
    document: Record,
    removed: Iterable[Record],
    changed: Iterable[Record],
    created: Iterable[dict[str, Any]],
) -> None:
    """Write changed lines of a document into the books."""
    call.books.delete(removed)
    for line in changed:
        call.books.update(line)
    for body in created:
        call.books.insert("invoice_line", body, parent=document.id)


def line_in(call: RequestContext, lines: Mapping[int, Record], wanted: Mapping[str, Any]) -> Record:
    """The line that an update or a deletion means.

    Raises:
        Problem: 404.
    """
    found = lines.get(wanted["id"])
    if found is None:
        raise call.missing(f"Invoice line {wanted['id']}")
    return found


def lines_of(call: RequestContext, document: Record) -> list[Record]:
    """Lines of an invoice or a quote, in the order of their ranks."""
    return call.books.select("invoice_line", Selection(order="id ASC"), parent=document.id)


def sections_of(call: RequestContext, document: Record) -> list[Record]:
    """Sections of an invoice or a quote."""
    return call.books.select("invoice_line_section", Selection(order="id ASC"), parent=document.id)


def parts_of(call: RequestContext, document: Record) -> dict[str, Any]:
    """Lines and sections of a document, as a request for another one like it would give them."""
    return {
        "invoice_line_sections": [dict(section.body) for section in sections_of(call, document)],
        "invoice_lines": [_given(line.body) for line in lines_of(call, document)],
    }


def _given(line: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: line[name] for name in _OF_LINE}
    return {**given, "product_id": line["product_id"]} if line["product_id"] else given


def check_sections(sections: Sequence[Mapping[str, Any]]) -> list[int]:
    """The ranks of sections, which must be 1, 2, 3, … in any order.

    Raises:
        Problem: 422.
    """
    ranks = [section["rank"] for section in sections]
    if sorted(ranks) != list(range(1, len(ranks) + 1)):
        raise unprocessable("Sections must be ranked 1, 2, 3, … without gaps")
    return ranks
