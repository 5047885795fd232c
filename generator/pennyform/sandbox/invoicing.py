"""Making and issuing a customer invoice, whatever it is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pennyform.sandbox import settlement, standing
from pennyform.sandbox.amounts import discount_of
from pennyform.sandbox.books import Record, Selection
from pennyform.sandbox.call import Call
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.currencies import CURRENCIES
from pennyform.sandbox.lines import add_up, discount_text, new_line
from pennyform.sandbox.problems import unprocessable

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
_LONGEST = {"pdf_description": 5_000, "special_mention": 20_000}


def make(call: Call, given: Mapping[str, Any], kind: str = "customer_invoice") -> Record:
    """Make an invoice from the contract's request fields; without ``draft`` it is issued at once.

    Args:
        call: finds what the invoice refers to.
        given: as in the body of ``POST /customer_invoices``, and what an invoice begins with.
        kind: ``customer_invoice``, or ``quote``, which is made of the same parts and never issued.

    Raises:
        Problem: 404 or 422.
        TakenError: when the reference is in use.
    """
    fields = dict(given)
    lines, sections = fields.pop("invoice_lines"), fields.pop("invoice_line_sections", [])
    reference = fields.pop("external_reference", None) or call.books.new_reference(kind)
    ranks = _section_ranks(sections)
    bodies = [new_line(call, line, rank, ranks) for rank, line in enumerate(lines, 1)]
    invoice = {**DEFAULTS, **standing.BEGINNING, **fields}
    settle(call, invoice, bodies)
    if kind == "customer_invoice" and not invoice["draft"]:
        number(call, invoice)
    record = call.books.insert(kind, invoice, reference=reference)
    for child_kind, children in (("invoice_line_section", sections), ("invoice_line", bodies)):
        for child in children:
            call.books.insert(child_kind, child, parent=record.id)
    if kind == "customer_invoice":
        settlement.reconcile_invoice(call, record)
    return record


def number(call: Call, invoice: dict[str, Any]) -> None:
    """Issue: the next number of the year of the invoice's date, and the customer's address of today."""
    year = invoice["date"][:4]
    invoice["invoice_number"] = f"F-{year}-{call.books.next_number(f'invoice {year}'):04d}"
    invoice["issued_at"] = timestamp(call.now)
    customer = call.find("customer", invoice["customer_id"]).body
    invoice["billed_to"] = {name: customer[name] for name in ("name", "billing_address")}


def settle(call: Call, invoice: dict[str, Any], lines: Sequence[dict[str, Any]]) -> None:
    """Check what an invoice refers to, and compute everything that follows from its fields and lines."""
    customer = call.find("customer", invoice["customer_id"], "Customer")
    if invoice["customer_invoice_template_id"] is not None:
        call.find("customer_invoice_template", invoice["customer_invoice_template_id"], "Template")
    if invoice["currency"] not in CURRENCIES:
        raise unprocessable(f"{invoice['currency']} is not a currency")
    for name, most in _LONGEST.items():
        if len(invoice[name] or "") > most:
            raise unprocessable(f"{name} may have at most {most} characters")
    if not lines:
        raise unprocessable("An invoice must have at least one line")
    invoice["customer_name"] = customer.body["name"]
    invoice.setdefault("language", customer.body["billing_language"])
    invoice["discount"] = discount_text(discount_of(invoice["discount"]))
    add_up(call, invoice, lines)


def lines_of(call: Call, document: Record) -> list[Record]:
    """Lines of an invoice or a quote, in the order of their ranks."""
    return call.books.select("invoice_line", Selection(order="id ASC"), parent=document.id)


def sections_of(call: Call, document: Record) -> list[Record]:
    """Sections of an invoice or a quote."""
    return call.books.select("invoice_line_section", Selection(order="id ASC"), parent=document.id)


def _section_ranks(sections: Sequence[Mapping[str, Any]]) -> list[int]:
    ranks = [section["rank"] for section in sections]
    if sorted(ranks) != list(range(1, len(ranks) + 1)):
        raise unprocessable("Sections must be ranked 1, 2, 3, … without gaps")
    return ranks
