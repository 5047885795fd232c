"""The life of a customer invoice: draft, finalized, and what may change in each.

A body without ``draft`` is issued at once: numbered and final. Numbers run without gaps per year of the
invoice's date, because they are counted in the transaction that issues.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pennyform.sandbox.accounting import bookkeeping, invoice_view, invoicing
from pennyform.sandbox.accounting.lines import changed_line
from pennyform.sandbox.accounting.settlement import reconcile_invoice
from pennyform.sandbox.api_errors import bad_request, unprocessable
from pennyform.sandbox.handlers.sales.invoice_lines import included_lines
from pennyform.sandbox.lists.pagination import page, shown
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Selection

_LATER = frozenset({"label", "external_reference", "transaction_reference", "invoice_lines"})


def create_invoice(context: RequestContext) -> dict[str, Any]:
    """``POST /customer_invoices``: a draft when ``draft`` is true, otherwise issued on the spot."""
    return invoice_view.invoice(context, invoicing.make(context, context.body))


def list_invoices(context: RequestContext) -> dict[str, Any]:
    """``GET /customer_invoices``, with ``include=invoice_lines`` on request."""
    include = context.parameters.get("include")
    if include and include not in context.operation.includes:
        raise bad_request(f"Cannot include {include}: use {', '.join(context.operation.includes)}")
    found = page(context, "customer_invoice")
    answer = shown(context, found, invoice_view.invoice)
    if include:
        answer["included"] = {"invoice_lines": included_lines(context, found.records)}
    return answer


def get_invoice(context: RequestContext) -> dict[str, Any]:
    """``GET /customer_invoices/{id}``."""
    return invoice_view.invoice(context, _found(context))


def update_invoice(context: RequestContext) -> dict[str, Any]:
    """``PUT /customer_invoices/{id}``: partial; what may change depends on whether it is a draft."""
    record = _found(context)
    given = dict(context.body)
    _check_changeable(record, given)
    changes = given.pop("invoice_lines", {})
    record.reference = given.pop("external_reference", None) or record.reference
    record.body.update(given)
    if record.body["draft"]:
        invoicing.change_lines(context, record, changes)
    else:
        _change_imputation(context, record, changes.get("update", ()))
    context.records.update(record)
    if "transaction_reference" in given:
        reconcile_invoice(context, record)
    return invoice_view.invoice(context, record)


def finalize_invoice(context: RequestContext) -> dict[str, Any]:
    """``PUT /customer_invoices/{id}/finalize``: once."""
    record = _found(context)
    if not record.body["draft"]:
        raise unprocessable("The invoice is already finalized")
    invoicing.issue(context, record.body, [line.body for line in invoicing.lines_of(context, record)])
    context.records.update(record)
    return invoice_view.invoice(context, record)


def delete_invoice(context: RequestContext) -> None:
    """``DELETE /customer_invoices/{id}``: drafts only, with their lines and sections."""
    record = _found(context)
    if not record.body["draft"]:
        raise unprocessable("A finalized invoice cannot be deleted")
    for kind in ("invoice_line", "invoice_line_section"):
        context.records.delete(context.records.select(kind, Selection(), parent=record.id))
    bookkeeping.withdraw(context, record)
    context.records.delete([record], free_reference=context.rules.deleted_reference_is_free)


def _found(context: RequestContext) -> JsonRecord:
    return context.find("customer_invoice", context.parameters["id"])


def _check_changeable(record: JsonRecord, given: Mapping[str, Any]) -> None:
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


def _change_imputation(
    context: RequestContext, record: JsonRecord, updates: Iterable[Mapping[str, Any]]
) -> None:
    kept = {line.id: line for line in invoicing.lines_of(context, record)}
    for update in updates:
        line = invoicing.line_in(context, kept, update)
        line.body = changed_line(context, line.body, update, [line.body["section_rank"]])
        context.records.update(line)


OPERATIONS: dict[str, Handler] = {
    "postCustomerInvoices": create_invoice,
    "getCustomerInvoices": list_invoices,
    "getCustomerInvoice": get_invoice,
    "updateCustomerInvoice": update_invoice,
    "finalizeCustomerInvoice": finalize_invoice,
    "deleteCustomerInvoices": delete_invoice,
}
