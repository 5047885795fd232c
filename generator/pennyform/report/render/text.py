"""What ``render`` found out, for people: one block for each invoice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pennyform.findings import visible

# What is done after creating, as people say it; in the order in which it is done.
_LATER = {
    "finalize": "finalize",
    "after_finalize": "set {}",
    "link_credit_note": "link to the invoice it credits",
    "appendices": "attach {}",
    "send_to_pa": "send to the platform",
    "send_by_email": "send by e-mail to {}",
    "categories": "categorise as {}",
    "mark_as_paid": "mark as paid",
    "matched_transactions": "match {}",
}


def render(rendering: Mapping[str, Any]) -> str:
    """The rendering as text; invoices are separated by empty lines."""
    blocks = ["\n".join(map(visible, _block(invoice))) for invoice in rendering["invoices"]]
    return "\n\n".join(blocks) + "\n" if blocks else "no invoices\n"


def _block(invoice: Mapping[str, Any]) -> Iterator[str]:
    body, totals = invoice["body"], invoice["totals"]
    yield f"{invoice['external_reference']}  for {_named(body['customer_id'], 'customer')}{_kind(invoice)}"
    yield f"  {body['date']}, due {body['deadline']}"
    if totals is None:
        yield "  totals unknown: a line names a product that is not declared here"
    else:
        yield from _amounts(body, totals)
    later = [
        words.format(_listed(invoice["then"][name]))
        for name, words in _LATER.items()
        if name in invoice["then"]
    ]
    if later:
        yield f"  then: {', '.join(later)}"
    if "provenance" in invoice:
        yield "  where it comes from:"
        yield from (f"  {line}" for one in invoice["provenance"] for line in _origin(one))


def _kind(invoice: Mapping[str, Any]) -> str:
    if "link_credit_note" in invoice["then"]:
        return f", credit note of {_named(invoice['then']['link_credit_note'], 'invoice')}"
    file = invoice["body"].get("file_attachment_id")
    return f", imported from {file['upload']['path']}" if file else ""


def _amounts(body: Mapping[str, Any], totals: Mapping[str, Any]) -> Iterator[str]:
    yield from _table([_line(line) for line in totals["lines"]])
    if body.get("discount"):
        yield f"  discount on the invoice: {_discount(body['discount'])}"
    yield from (_vat(vat) for vat in totals["vat"])
    currency = totals["currency"]
    yield (
        f"  {totals['currency_amount_before_tax']} + tax {totals['currency_tax']}"
        f" = {totals['currency_amount']} {currency}"
    )


def _named(looked_up: Any, what: str) -> str:
    """The value of a natural key; an id says what it is the id of."""
    if not isinstance(looked_up, Mapping):
        return f"{what} {looked_up}"
    field, value = next((name, value) for name, value in looked_up["lookup"].items() if name != "kind")
    return f"{what} {value}" if field == "id" else str(value)


def _listed(wish: Any) -> str:
    """What a wish is about, in short."""
    if isinstance(wish, Mapping):
        return (
            ", ".join(map(str, wish["recipients"])) or "the customer"
            if "recipients" in wish
            else ", ".join(wish)
        )
    if not isinstance(wish, list):
        return ""
    return ", ".join(one["path"] if "path" in one else _share(one) for one in wish) or "nothing"


def _share(one: Mapping[str, Any]) -> str:
    name = _named(one, one["lookup"]["kind"])
    return f"{name} {one['weight']}" if "weight" in one else name


def _origin(one: Mapping[str, Any]) -> Iterator[str]:
    """The value and its place, and below it the expression with what it uses."""
    value = one["value"]
    shown = _named(value, "id") if isinstance(value, Mapping) else value
    yield f"  {one['pointer']}: {shown}  ({' '.join(filter(None, (one['source'], one.get('place'))))})"
    if "expression" in one:
        uses = ", ".join(f"{name} {place}" for name, place in one.get("uses", {}).items())
        yield f"    = {one['expression']}{f'  with {uses}' if uses else ''}"


def _line(line: Mapping[str, Any]) -> tuple[str, ...]:
    amount = f"{line['quantity']} {line['unit']} x {line['raw_currency_unit_price']}"
    return visible(line["label"]), visible(amount), line["vat_rate"], line["currency_amount_before_tax"]


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
