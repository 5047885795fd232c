"""A definition made concrete: ids in place of natural keys, product lines filled in, totals computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pennyform.engine.account.state import RemoteInvoice, Row
from pennyform.engine.planning.imported import stated_totals
from pennyform.invoices import totals
from pennyform.invoices.desired.json_bodies import from_json, to_json
from pennyform.invoices.model import DesiredInvoice, InvoiceBody, Key
from pennyform.results.values import InvoiceTotals

Identify = Callable[[Key], int | None]
Product = Callable[[Key | int], Row | None]

# What the API copies from the product into a line that does not say it, and the product's name for it.
AUTO_FILLED = {
    "label": "label",
    "raw_currency_unit_price": "price_before_tax",
    "unit": "unit",
    "vat_rate": "vat_rate",
}

# The kind of definitions that state what was issued elsewhere.
IMPORTED = "imported_invoice"

# What a draft may not carry, in the header and on a line: it is set right after finalizing.
AFTER_FINALIZING = ("transaction_reference",)
AFTER_FINALIZING_ON_LINES = ("imputation_dates",)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What an invoice should be in the account.

    ``body`` is the definition's, with ids where they are known (a :class:`Key` stays where the thing has yet
    to be created). ``lines`` are its lines with what the API fills in from products. ``totals`` are the
    amounts expected. ``customer`` is whom it is for, where that is known.
    """

    body: Mapping[str, Any]
    lines: tuple[Mapping[str, Any], ...]
    totals: InvoiceTotals
    customer: Row | None = None

    def amounts_alone(self) -> Resolved:
        """All that is ever shown of an invoice at which nothing is to be done."""
        return Resolved({}, (), self.totals)


@dataclass(frozen=True, slots=True)
class Resolver:
    """Makes definitions concrete.

    ``identify`` gives the id for a natural key, None when it is not known; ``product`` the fields that
    the API fills a line from, ``customer`` those of a customer; ``rounding`` is ``line`` or ``document``.
    """

    identify: Identify
    product: Product
    customer: Product
    rounding: str

    def resolve(self, invoice: DesiredInvoice, there: RemoteInvoice | None = None) -> Resolved:
        """Make ``invoice`` concrete as it would be created today, or as it stands once ``there`` is final.

        What a finalized line took from its product still holds, whatever the product says now: such fields
        are taken from the finalized line itself.
        """
        stated = whole_body(invoice)
        customer = self.customer(stated["customer_id"])
        body = with_ids(stated, self.identify)
        lines = [_filled(line, self.product) for line in stated["invoice_lines"]]
        if there is not None and not there.draft:
            pairs, seen = zip(body["invoice_lines"], lines, strict=True), there.lines
            lines = [_as_finalized(line, now, seen, index) for index, (line, now) in enumerate(pairs)]
        lines = with_ids(lines, self.identify)
        if invoice.kind == IMPORTED:
            # What Pennylane makes of a file's code for a unit is not for a definition to say.
            unsure = ("unit",) if invoice.e_invoice_lines else ()
            return Resolved(
                body, tuple(_without(line, unsure) for line in lines), stated_totals(body), customer
            )
        filled = from_json(InvoiceBody, {**body, "invoice_lines": lines})
        amounts = totals(filled, rounding=self.rounding, product=_no_product)
        return Resolved(body, tuple(lines), amounts.record(), customer)


def whole_body(invoice: DesiredInvoice) -> Mapping[str, Any]:
    """All that an invoice should say once it is final, as JSON with natural keys."""
    return to_json(invoice.body)


def with_ids(value: Any, identify: Identify) -> Any:
    """A copy of ``value`` in which each :class:`Key` is its id, or stays when ``identify`` gives None."""
    if isinstance(value, str):
        return value
    if isinstance(value, Key):
        found = identify(value)
        return value if found is None else found
    if isinstance(value, Mapping):
        return {name: with_ids(member, identify) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [with_ids(member, identify) for member in value]
    return value


def keys_in(value: Any) -> Iterator[Key]:
    """Every natural key in ``value``, in order of appearance."""
    if isinstance(value, str):
        return
    if isinstance(value, Key):
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from keys_in(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from keys_in(member)


def becomes_final(invoice: DesiredInvoice) -> bool:
    """Whether an invoice should not be a draft: it asks for finalizing, or was issued elsewhere."""
    return invoice.options.finalize or invoice.kind == IMPORTED


def draft_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a creating body that a draft may carry."""
    lines = [_without(line, AFTER_FINALIZING_ON_LINES) for line in body["invoice_lines"]]
    return {**_without(body, AFTER_FINALIZING), "invoice_lines": lines}


def _filled(line: Mapping[str, Any], product: Product) -> Mapping[str, Any]:
    key = line.get("product_id")
    if key is None:
        return line
    row = product(key) or {}
    return {**{name: row[source] for name, source in AUTO_FILLED.items() if source in row}, **line}


def _as_finalized(line: Row, now: Row, lines: Sequence[Row], index: int) -> Row:
    seen = lines[index] if index < len(lines) else {}
    product = seen.get("product") or {}
    if line.get("product_id") is None or line["product_id"] != product.get("id"):
        return now
    return {**{name: seen[name] for name in AUTO_FILLED}, **line}


def _no_product(_key: Key | int) -> None:
    """Lines that are filled in already need no product."""


def _without(mapping: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name not in names}
