"""What ``render`` found out, for people: one block for each invoice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def render(rendering: Mapping[str, Any]) -> str:
    """The rendering as text; invoices are separated by empty lines."""
    blocks = ["\n".join(_block(invoice)) for invoice in rendering["invoices"]]
    return "\n\n".join(blocks) + "\n" if blocks else "no invoices\n"


def _block(invoice: Mapping[str, Any]) -> Iterator[str]:
    body, totals = invoice["body"], invoice["totals"]
    yield f"{invoice['external_reference']}  for {_named(body['customer_id'])}"
    yield f"  {body['date']}, due {body['deadline']}"
    if totals is None:
        yield "  totals unknown: a line names a product that is not declared here"
        return
    yield from _table([_line(line) for line in totals["lines"]])
    if body.get("discount"):
        yield f"  discount on the invoice: {_discount(body['discount'])}"
    yield from (_vat(vat) for vat in totals["vat"])
    currency = totals["currency"]
    yield (
        f"  {totals['currency_amount_before_tax']} + tax {totals['currency_tax']}"
        f" = {totals['currency_amount']} {currency}"
    )


def _named(customer: Any) -> str:
    if not isinstance(customer, Mapping):
        return f"customer {customer}"
    lookup = customer["lookup"]
    return str(next(value for name, value in lookup.items() if name != "kind"))


def _line(line: Mapping[str, Any]) -> tuple[str, ...]:
    amount = f"{line['quantity']} {line['unit']} x {line['raw_currency_unit_price']}"
    return line["label"], amount, line["vat_rate"], line["currency_amount_before_tax"]


def _discount(discount: Mapping[str, Any]) -> str:
    return f"{discount['value']}{' %' if discount['type'] == 'relative' else ''}"


def _vat(vat: Mapping[str, Any]) -> str:
    return f"  {vat['vat_rate']}: {vat['percent']} % of {vat['base']} is {vat['tax']}"


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows in columns; the last column is flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        yield "  " + "  ".join([*cells, row[-1].rjust(widths[-1])])
