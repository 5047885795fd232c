"""Lines of customer invoices, quotes and subscriptions: filled from the product, checked, with amounts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pennyform.sandbox.accounting.ledger import resolve_account, substance_of
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.documents import InvoiceLine, PricedBody, SalesDocument, StoredDiscount
from pennyform.sandbox.model.parties import Product
from pennyform.sandbox.money import arithmetic, rates
from pennyform.sandbox.money.arithmetic import Amounts, format_amount
from pennyform.sandbox.money.parsing import parse_decimal, parse_discount, vat_percent
from pennyform.sandbox.money.totals import signed_discount, totals_of
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record, Selection


def create_line(
    context: RequestContext, request: JsonObject, rank: int, sections: Sequence[int]
) -> InvoiceLine:
    """A line of this rank from a request; ``sections`` are the ranks of the document's sections.

    Raises:
        ApiError: 404 for an unknown product or account; 422 for a rule that is broken.
    """
    defaults = {"unit": "", "discount": None}
    fields = {**defaults, **_product_fields(context, request), **request, "rank": rank}
    return _check_line(context, fields, request.get("substance"), sections)


def update_line(
    context: RequestContext, line: InvoiceLine, update: JsonObject, sections: Sequence[int]
) -> InvoiceLine:
    """A line after an update. Another product fills it anew, where the update says nothing itself."""
    changes = {name: value for name, value in update.items() if name != "id"}
    fields = {**line.fields(), **_product_fields(context, changes), **changes}
    return _check_line(context, fields, changes.get("substance"), sections)


def _product_fields(context: RequestContext, request: JsonObject) -> JsonObject:
    if "product_id" not in request:
        return {}
    product = context.find(Product, request["product_id"], "Product").body
    return {
        "label": product.label,
        "raw_currency_unit_price": product.price_before_tax,
        "unit": product.unit,
        "vat_rate": product.vat_rate,
        "ledger_account_id": product.ledger_account_id,
    }


def _check_line(
    context: RequestContext, fields: JsonObject, substance: str | None, sections: Sequence[int]
) -> InvoiceLine:
    section = fields.get("section_rank")
    if section is not None and section not in sections:
        raise unprocessable(f"section_rank {section} is not the rank of a section")
    return InvoiceLine.from_fields({**fields, **check_line_fields(context, fields, substance)})


def check_line_fields(context: RequestContext, fields: JsonObject, substance: str | None) -> JsonObject:
    """Check a line's fields; returns those that are stored otherwise than they were sent.

    Raises:
        ApiError: 404 for an unknown account; 422 for a rule that is broken.
    """
    dates = fields.get("imputation_dates")
    if dates and dates["start_date"] > dates["end_date"]:
        raise unprocessable("imputation_dates must start before they end")
    account = resolve_account(context, fields.get("ledger_account_id"), substance)
    # Only whether the code can be written; what it comes to is computed with the whole document.
    vat_percent(fields["vat_rate"])
    quantity = parse_decimal("quantity", fields["quantity"], context.rules.quantity_decimals)
    price = parse_decimal("raw_currency_unit_price", fields["raw_currency_unit_price"])
    discount = fields.get("discount") or {}
    return {
        "description": fields.get("description") or "",
        "ledger_account_id": account.id if account else None,
        "substance": substance_of(context, account),
        "quantity": format_amount(quantity),
        "raw_currency_unit_price": format_amount(price),
        "discount": check_discount(context, StoredDiscount(**discount)),
    }


def check_discount(context: RequestContext, discount: StoredDiscount) -> StoredDiscount:
    """A discount as the API shows it; there always is one, of zero when the request had none.

    Raises:
        ApiError: 422 for a value that is no number, or a percentage out of bounds.
    """
    parsed = parse_discount(discount.type, discount.value, bounded=context.rules.discount_bounded)
    return StoredDiscount(parsed.type, format_amount(parsed.value))


def compute_amounts(context: RequestContext, document: SalesDocument, lines: Sequence[InvoiceLine]) -> None:
    """Compute the amounts of a document and of each of its lines, and set them there.

    Raises:
        ApiError: 422 for an absolute discount on lines that add up to zero.
    """
    rules = context.rules
    discount, totals = signed_discount(document.discount, rules), totals_of(document, lines, rules)
    # A part of nothing is nothing, but an amount has to come off something.
    takes_amount = discount.type == "absolute" and discount.value
    if rules.discount_needs_a_sum and takes_amount and not totals.gross:
        raise unprocessable("A discount cannot be taken off lines that add up to zero")
    rate = rates.exchange_rate(document.currency)
    # Each amount is converted by itself: euros of the lines need not add up to those of the document.
    _set_amounts(document, totals.invoice, rate)
    document.exchange_rate = format_amount(rate)
    # Seen: a negative invoice is a credit note, and says so as a draft too.
    document.credit_note = totals.invoice.with_tax < 0
    for line, amounts in zip(lines, totals.lines, strict=True):
        _set_amounts(line, amounts, rate)


def _set_amounts(priced: PricedBody, amounts: Amounts, rate: Decimal) -> None:
    priced.currency_amount_before_tax = format_amount(amounts.before_tax)
    priced.currency_tax = format_amount(amounts.tax)
    priced.currency_amount = format_amount(amounts.with_tax)
    priced.tax = format_amount(arithmetic.round_half_up(amounts.tax * rate, 2))
    priced.amount = format_amount(arithmetic.round_half_up(amounts.with_tax * rate, 2))


def lines_of(context: RequestContext, document: int) -> list[Record[InvoiceLine]]:
    """Lines of the document with this id, in the order of their ranks."""
    return context.records.select(InvoiceLine, Selection(order="id ASC"), parent=document)


@dataclass(frozen=True, slots=True)
class LineChanges:
    """The lines of a document after changes that are not stored yet."""

    document: int
    deleted: Sequence[Record[InvoiceLine]]
    remaining: Sequence[Record[InvoiceLine]]
    created: Sequence[InvoiceLine]

    @property
    def lines(self) -> list[InvoiceLine]:
        """All lines that the document has now, in the order of their ranks."""
        return [*(record.body for record in self.remaining), *self.created]

    def store(self, context: RequestContext) -> None:
        """Write the changes. Remaining lines too: their amounts may have changed with the others."""
        context.records.delete(self.deleted)
        for record in self.remaining:
            context.records.update(record)
        insert_lines(context, self.document, self.created)


def change_lines(
    context: RequestContext,
    document: int,
    changes: JsonObject,
    update: Callable[[InvoiceLine, JsonObject], InvoiceLine],
    create: Callable[[JsonObject, int], InvoiceLine],
) -> LineChanges:
    """Carry out ``{create, update, delete}`` on the lines of a document, without storing them.

    ``update`` gives a line after one of the updates, ``create`` a new line of a rank.

    Raises:
        ApiError: 404 for a line that is not there.
    """
    lines = {line.id: line for line in lines_of(context, document)}
    for change in changes.get("update", ()):
        line = context.find_among(lines, change, "Invoice line")
        line.body = update(line.body, change)
    deleted = [
        lines.pop(context.find_among(lines, change, "Invoice line").id)
        for change in changes.get("delete", ())
    ]
    last_rank = max((line.body.rank for line in lines.values()), default=0)
    created = [create(line, rank) for rank, line in enumerate(changes.get("create", ()), last_rank + 1)]
    return LineChanges(document, deleted, list(lines.values()), created)


def insert_lines(context: RequestContext, document: int, lines: Iterable[InvoiceLine]) -> None:
    """Store new lines of the document with this id."""
    for line in lines:
        context.records.insert(InvoiceLine.KIND, line, parent=document)
