"""What ``render`` reports, for people: one block for each invoice."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal

from pennyform.report.shared.layout import PLAIN, Layout
from pennyform.results.rendering import LaterSteps, RenderDocument, RenderedInvoice
from pennyform.results.values import InvoiceTotals, Json, JsonObject
from pennyform.text import visible_line


def render(document: RenderDocument, layout: Layout = PLAIN) -> str:
    """The invoices as text, separated by empty lines."""
    blocks = [
        "\n".join(layout.fit(map(visible_line, _block(invoice, layout)))) for invoice in document.invoices
    ]
    return "\n\n".join(blocks) + "\n" if blocks else "no invoices\n"


def _block(invoice: RenderedInvoice, layout: Layout) -> Iterator[str]:
    body, totals = invoice.body, invoice.totals
    source = ""
    match body.get("file_attachment_id") or body.get("file"):
        case {"upload": {"path": path}}:
            source = f", imported from {path}"
    if invoice.then.link_credit_note:
        source = f", credit note of {_named({'lookup': invoice.then.link_credit_note.lookup}, 'invoice')}"
    # The import of an electronic invoice says next to nothing besides its file.
    match body.get("invoice_options", body):
        case {"customer_id": customer}:
            yield f"{invoice.external_reference}  for {_named(customer, 'customer')}{source}"
    if "date" in body:
        yield f"  {body['date']}, due {body['deadline']}"
    yield from _amounts(body, totals, invoice.then, layout)
    later = list(_later(invoice.then))
    if later:
        yield f"  then: {', '.join(later)}"
    if invoice.provenance:
        yield "  where it comes from:"
    for origin in invoice.provenance or ():
        value = _named(origin.value, "id") if isinstance(origin.value, Mapping) else origin.value
        place = " ".join(filter(None, (origin.source, origin.place or "")))
        yield f"    {origin.pointer}: {value}  ({place})"
        if origin.expression:
            uses = ", ".join(f"{name} {place}" for name, place in (origin.uses or {}).items())
            yield f"      = {origin.expression}{f'  with {uses}' if uses else ''}"


def _amounts(
    body: JsonObject, totals: InvoiceTotals | None, then: LaterSteps, layout: Layout
) -> Iterator[str]:
    if totals is None:
        yield "  totals unknown: a line names a product that is not declared here"
        return
    if not totals.lines:
        yield "  totals unknown: the invoice that it takes back is known only to the account"
        return
    yield from _known_amounts(body, totals, layout)
    for deposit in then.deductions_from_account or ():
        yield f"  less the deposit {_lookup_name(deposit.lookup)}: its lines come from the account"


def _known_amounts(body: JsonObject, totals: InvoiceTotals, layout: Layout) -> Iterator[str]:
    rows = [
        (
            visible_line(line.label),
            visible_line(f"{line.quantity} {line.unit} x {line.raw_currency_unit_price}"),
            f"- {discount}" if discount else "",
            line.vat_rate,
            line.currency_amount_before_tax,
        )
        for line, discount in zip(totals.lines, _line_discounts(body), strict=False)
    ]
    for lines in layout.table(rows, "^<<<.", "  "):
        yield from lines
    if discount := _discount(body.get("discount")):
        yield f"  discount on the invoice: {discount}"
    reason = "rounded line by line"
    if {"file", "file_attachment_id"} & body.keys():
        reason = "as the document says"
    for vat in totals.vat:
        tax = Decimal(vat.tax)
        rounded = (Decimal(vat.base) * Decimal(vat.percent) / 100).quantize(tax, ROUND_HALF_UP)
        note = "" if rounded == tax else f", {reason}"
        yield f"  {vat.vat_rate}: {vat.percent} % of {vat.base} is {vat.tax}{note}"
    yield (
        f"  {totals.currency_amount_before_tax} + tax {totals.currency_tax}"
        f" = {totals.currency_amount} {totals.currency}"
    )


def _line_discounts(body: JsonObject) -> Iterator[str]:
    """The discount of each line, then empty texts: an electronic invoice has its lines in its file."""
    match body.get("invoice_lines"):
        case [*lines]:
            yield from (_discount(line.get("discount")) if isinstance(line, dict) else "" for line in lines)
    yield from itertools.repeat("")


def _discount(discount: Json) -> str:
    """``10 %``, or an amount; empty when there is none."""
    match discount:
        case {"type": kind, "value": value}:
            return f"{value}{' %' if kind == 'relative' else ''}"
    return ""


def _named(value: Json, kind: str) -> str:
    """The value of a natural key; an id says what it is the id of."""
    match value:
        case {"lookup": {"kind": _, **fields}}:
            field, key = next(iter(fields.items()))
            return f"{kind} {key}" if field == "id" else str(key)
    return f"{kind} {value}"


def _later(then: LaterSteps) -> Iterator[str]:
    """What is done after creating, as people say it; in the order in which it is done."""
    if then.finalize:
        yield "finalize"
    if then.after_finalize:
        yield f"set {', '.join(then.after_finalize)}"
    if then.link_credit_note:
        yield "link to the invoice it credits"
    if then.appendices:
        yield f"attach {', '.join(file.path for file in then.appendices)}"
    if then.send_to_pa:
        yield "send to the platform"
    if then.send_by_email:
        yield f"send by e-mail to {', '.join(then.send_by_email.recipients) or 'the customer'}"
    if isinstance(then.categories, tuple):
        shares = (f"{_lookup_name(share.lookup)} {share.weight}" for share in then.categories)
        yield f"categorise as {', '.join(shares) or 'nothing'}"
    if then.mark_as_paid:
        yield "mark as paid"
    if then.matched_transactions:
        yield f"match {', '.join(_lookup_name(key.lookup) for key in then.matched_transactions)}"


def _lookup_name(lookup: Mapping[str, str | int]) -> str:
    return _named({"lookup": lookup}, str(lookup["kind"]))
