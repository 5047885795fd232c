"""Customer invoices that were made elsewhere and are imported with their file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pennyform.sandbox.accounting import bookkeeping, imports, invoice_view, status
from pennyform.sandbox.accounting.invoicing import DEFAULTS, line_in, lines_of, write_lines
from pennyform.sandbox.accounting.lines import discount_text
from pennyform.sandbox.accounting.settlement import reconcile_invoice
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.money.amounts import discount_of
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord

_NOT_KEPT = ("invoice_lines", "import_as_incomplete", "convert_to_e_invoice", "external_reference")


def import_invoice(context: RequestContext) -> dict[str, Any]:
    """``POST /customer_invoices/import``: never a draft; numbered as its file says."""
    given = context.body
    attachment = context.find("file_attachment", given["file_attachment_id"], "File attachment")
    customer = context.find("customer", given["customer_id"], "Customer")
    imports.check_conversion(given, attachment)
    invoice = {
        **DEFAULTS,
        **status.BEGINNING,
        **{name: value for name, value in given.items() if name not in _NOT_KEPT},
        **imports.claim_file(context, attachment, "customer_invoice"),
        "origin": "imported",
        "incomplete": given.get("import_as_incomplete", False),
        "issued_at": timestamp(context.now),
        "factur_x_at": timestamp(context.now) if given.get("convert_to_e_invoice") else None,
    }
    return invoice_view.invoice(context, _made(context, invoice, customer))


def _made(context: RequestContext, invoice: dict[str, Any], customer: JsonRecord) -> JsonRecord:
    lines = [imports.line(context, line, rank) for rank, line in enumerate(context.body["invoice_lines"], 1)]
    invoice["customer_name"] = customer.body["name"]
    invoice["language"] = customer.body["billing_language"]
    invoice["discount"] = discount_text(
        discount_of(invoice["discount"], bounded=context.rules.discount_bounded)
    )
    imports.settle(invoice, lines)
    imports.check_totals(invoice, lines)
    record = imports.keep(context, invoice, lines, context.body.get("external_reference"))
    reconcile_invoice(context, record)
    return record


def update_imported(context: RequestContext) -> dict[str, Any]:
    """``PUT /customer_invoices/{id}/update_imported``: partial; amounts are held against each other again."""
    record = context.find("customer_invoice", context.parameters["id"])
    if record.body["origin"] == "created":
        raise unprocessable("Only an imported invoice can be changed this way")
    given = dict(context.body)
    changes = given.pop("invoice_lines", {})
    record.reference = given.pop("external_reference", None) or record.reference
    customer = context.find("customer", given.get("customer_id", record.body["customer_id"]), "Customer")
    _change(context, record, given, changes)
    record.body["customer_name"] = customer.body["name"]
    context.records.update(record)
    bookkeeping.enter(context, record.kind, record.body, [line.body for line in lines_of(context, record)])
    if "transaction_reference" in given:
        reconcile_invoice(context, record)
    return invoice_view.invoice(context, record)


def _change(
    context: RequestContext, record: JsonRecord, given: Mapping[str, Any], changes: Mapping[str, Any]
) -> None:
    kept = {line.id: line for line in lines_of(context, record)}
    for update in changes.get("update", ()):
        line = line_in(context, kept, update)
        line.body = imports.line(context, _merged(line.body, update), line.body["rank"])
    removed = [kept.pop(line_in(context, kept, removal).id) for removal in changes.get("delete", ())]
    rank = max((line.body["rank"] for line in kept.values()), default=0)
    created = [
        imports.line(context, line, place) for place, line in enumerate(changes.get("create", ()), rank + 1)
    ]
    record.body = _merged(record.body, given)
    if not kept and not created:
        raise unprocessable("An invoice must have at least one line")
    bodies = [*(line.body for line in kept.values()), *created]
    imports.settle(record.body, bodies)
    imports.check_totals(record.body, bodies)
    write_lines(context, record, removed, kept.values(), created)


def _merged(kept: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """An update over what is kept. Euros follow the currency's amounts anew, unless they are given too."""
    stale = {name for name in ("amount", "tax") if f"currency_{name}" in given or "currency" in given}
    return {**{name: value for name, value in kept.items() if name not in stale}, **given}


OPERATIONS: dict[str, Handler] = {
    "importCustomerInvoices": import_invoice,
    "updateImportedCustomerInvoice": update_imported,
}
