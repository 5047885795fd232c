"""The life of a customer invoice: draft, finalized, and what may change in each.

A body without ``draft`` is issued at once: numbered and final. Numbers run without gaps per year of the
invoice's date, because they are counted in the transaction that issues.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pennyform.sandbox import invoice_view
from pennyform.sandbox.amounts import discount_of
from pennyform.sandbox.behaviours.invoice_lines import included_lines
from pennyform.sandbox.books import Record, Selection
from pennyform.sandbox.call import Behaviour, Call
from pennyform.sandbox.currencies import CURRENCIES
from pennyform.sandbox.lines import add_up, changed_line, discount_text, new_line
from pennyform.sandbox.listing import page, shown
from pennyform.sandbox.problems import bad_request, not_found, unprocessable

_DEFAULTS: Mapping[str, Any] = {
    "currency": "EUR",
    "label": None,
    "discount": None,
    "customer_invoice_template_id": None,
    "pdf_invoice_free_text": None,
    "pdf_invoice_subject": None,
    "pdf_description": None,
    "special_mention": None,
    "transaction_reference": None,
}
_LONGEST = {"pdf_description": 5_000, "special_mention": 20_000}
_LATER = frozenset({"label", "external_reference", "transaction_reference", "invoice_lines"})


def create_invoice(call: Call) -> dict[str, Any]:
    """``POST /customer_invoices``: a draft when ``draft`` is true, otherwise issued on the spot."""
    given = dict(call.body)
    lines, sections = given.pop("invoice_lines"), given.pop("invoice_line_sections", [])
    reference = given.pop("external_reference", None) or call.books.new_reference("customer_invoice")
    ranks = _section_ranks(sections)
    bodies = [new_line(call, line, rank, ranks) for rank, line in enumerate(lines, 1)]
    invoice = {**_DEFAULTS, **given, "draft": given.get("draft", False), "invoice_number": ""}
    _settle(call, invoice, bodies)
    if not invoice["draft"]:
        _number(call, invoice)
    record = call.books.insert("customer_invoice", invoice, reference=reference)
    for kind, children in (("invoice_line_section", sections), ("invoice_line", bodies)):
        for child in children:
            call.books.insert(kind, child, parent=record.id)
    return invoice_view.invoice(call, record)


def list_invoices(call: Call) -> dict[str, Any]:
    """``GET /customer_invoices``, with ``include=invoice_lines`` on request."""
    include = call.parameters.get("include")
    if include and include not in call.operation.includes:
        raise bad_request(f"Cannot include {include}: use {', '.join(call.operation.includes)}")
    found = page(call, "customer_invoice")
    answer = shown(call, found, invoice_view.invoice)
    if include:
        answer["included"] = {"invoice_lines": included_lines(call, found.records)}
    return answer


def get_invoice(call: Call) -> dict[str, Any]:
    """``GET /customer_invoices/{id}``."""
    return invoice_view.invoice(call, _found(call))


def update_invoice(call: Call) -> dict[str, Any]:
    """``PUT /customer_invoices/{id}``: partial; what may change depends on whether it is a draft."""
    record = _found(call)
    given = dict(call.body)
    _check_changeable(record, given)
    changes = given.pop("invoice_lines", {})
    record.reference = given.pop("external_reference", None) or record.reference
    record.body.update(given)
    if record.body["draft"]:
        _change_draft(call, record, changes)
    else:
        _change_imputation(call, record, changes.get("update", ()))
    call.books.update(record)
    return invoice_view.invoice(call, record)


def finalize_invoice(call: Call) -> dict[str, Any]:
    """``PUT /customer_invoices/{id}/finalize``: once."""
    record = _found(call)
    if not record.body["draft"]:
        raise unprocessable("The invoice is already finalized")
    record.body["draft"] = False
    _number(call, record.body)
    call.books.update(record)
    return invoice_view.invoice(call, record)


def delete_invoice(call: Call) -> None:
    """``DELETE /customer_invoices/{id}``: drafts only, with their lines and sections."""
    record = _found(call)
    if not record.body["draft"]:
        raise unprocessable("A finalized invoice cannot be deleted")
    for kind in ("invoice_line", "invoice_line_section"):
        call.books.delete(call.books.select(kind, Selection(), parent=record.id))
    call.books.delete([record], free_reference=call.rules.deleted_reference_is_free)


def _found(call: Call) -> Record:
    return call.find("customer_invoice", call.parameters["id"])


def _number(call: Call, invoice: dict[str, Any]) -> None:
    year = invoice["date"][:4]
    invoice["invoice_number"] = f"F-{year}-{call.books.next_number(f'invoice {year}'):04d}"


def _section_ranks(sections: Sequence[Mapping[str, Any]]) -> list[int]:
    ranks = [section["rank"] for section in sections]
    if sorted(ranks) != list(range(1, len(ranks) + 1)):
        raise unprocessable("Sections must be ranked 1, 2, 3, … without gaps")
    return ranks


def _settle(call: Call, invoice: dict[str, Any], lines: Sequence[dict[str, Any]]) -> None:
    """Check what the invoice refers to, and compute everything that follows from its fields and lines."""
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


def _check_changeable(record: Record, given: Mapping[str, Any]) -> None:
    changes = given.get("invoice_lines", {})
    updates = changes.get("update", ())
    if record.body["draft"]:
        early = {"transaction_reference"} & set(given)
        if early or any("imputation_dates" in update for update in updates):
            raise unprocessable(
                f"{'transaction_reference' if early else 'imputation_dates'} cannot be set on a draft"
            )
        return
    refused = sorted(set(given) - _LATER) or sorted(set(changes) - {"update"})
    if refused or any(set(update) - {"id", "imputation_dates"} for update in updates):
        raise unprocessable(f"{refused[0] if refused else 'invoice_lines'} cannot be changed once finalized")


def _change_draft(call: Call, record: Record, changes: Mapping[str, Any]) -> None:
    kept = {line.id: line for line in _lines(call, record)}
    sections = [section.body["rank"] for section in _sections(call, record)]
    for update in changes.get("update", ()):
        line = _line(kept, update)
        line.body = changed_line(call, line.body, update, sections)
    removed = [kept.pop(_line(kept, removal).id) for removal in changes.get("delete", ())]
    rank = max((line.body["rank"] for line in kept.values()), default=0)
    created = [
        new_line(call, line, place, sections)
        for place, line in enumerate(changes.get("create", ()), rank + 1)
    ]
    _settle(call, record.body, [*(line.body for line in kept.values()), *created])
    call.books.delete(removed)
    for line in kept.values():
        call.books.update(line)
    for body in created:
        call.books.insert("invoice_line", body, parent=record.id)


def _change_imputation(call: Call, record: Record, updates: Iterable[Mapping[str, Any]]) -> None:
    kept = {line.id: line for line in _lines(call, record)}
    for update in updates:
        line = _line(kept, update)
        line.body = changed_line(call, line.body, update, [line.body["section_rank"]])
        call.books.update(line)


def _line(lines: Mapping[int, Record], wanted: Mapping[str, Any]) -> Record:
    found = lines.get(wanted["id"])
    if found is None:
        raise not_found(f"Invoice line {wanted['id']}")
    return found


def _lines(call: Call, record: Record) -> list[Record]:
    return call.books.select("invoice_line", Selection(order="id ASC"), parent=record.id)


def _sections(call: Call, record: Record) -> list[Record]:
    return call.books.select("invoice_line_section", Selection(order="id ASC"), parent=record.id)


OPERATIONS: dict[str, Behaviour] = {
    "postCustomerInvoices": create_invoice,
    "getCustomerInvoices": list_invoices,
    "getCustomerInvoice": get_invoice,
    "updateCustomerInvoice": update_invoice,
    "finalizeCustomerInvoice": finalize_invoice,
    "deleteCustomerInvoices": delete_invoice,
}
