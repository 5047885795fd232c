"""A verification for the terminal, rendered from its data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pennyform.report.shared.ansi import Paint
from pennyform.report.shared.formatting import cleaned, columns, count, difference

Data = Mapping[str, Any]

_UNVERIFIABLE = {
    "ledger_account_id": ("ledger account", "no answer of the API shows them"),
    "unit": ("unit", "Pennylane puts those of electronic invoices in words of its own"),
}
LOOKS = {
    "equal": ("=", "green"),
    "differs": ("≠", "red"),
    "missing": ("-", "red"),
    "duplicate": ("x", "red"),
}


def render(verification: Data, paint: Paint | None = None) -> str:
    """The verification as text, with a line feed at its end."""
    return "\n".join(_lines(cleaned(verification), paint or Paint())) + "\n"


def _lines(verification: Data, paint: Paint) -> Iterator[str]:
    company = verification["company"]
    yield f"Verification of {company['name']} (company {company['id']}, {verification['environment']})"
    yield ""
    invoices = verification["invoices"]
    rows = [_row(invoice) for invoice in invoices]
    for invoice, text in zip(invoices, columns(rows, right=frozenset({3})), strict=True):
        symbol, colour = LOOKS[invoice["status"]]
        yield f"  {paint(symbol, colour, 'bold')} {text}"
        yield from _details(invoice)
    yield ""
    yield from _unverifiable(invoices)
    yield closing(verification, paint)


def _row(invoice: Data) -> list[str]:
    totals = invoice["totals"]
    amount = f"{totals['currency_amount']} {totals['currency']}"
    return [invoice["external_reference"], state(invoice), said(invoice), amount]


def state(invoice: Data) -> str:
    """``draft``, the invoice's number, or nothing where there is no invoice."""
    if invoice["draft"] is None:
        return ""
    return "draft" if invoice["draft"] else invoice["invoice_number"] or "final"


def said(invoice: Data) -> str:
    """The verdict in a few words."""
    match invoice["status"]:
        case "equal":
            return "equal"
        case "missing":
            return "is not in the account"
        case "duplicate":
            return f"{len(invoice['ids'])} invoices carry this reference"
    return count(len(invoice["differences"]), "difference")


def _details(invoice: Data) -> Iterator[str]:
    for row in invoice["differences"]:
        yield f"      {difference(row)}"


def _unverifiable(invoices: list[Data]) -> Iterator[str]:
    for text in unverifiable(invoices):
        yield f"  note: {text}"
        yield ""


def unverifiable(invoices: list[Data]) -> list[str]:
    """What nobody can verify, in sentences without their full stop."""
    fields = Counter(text.rpartition("/")[2] for invoice in invoices for text in invoice["unverifiable"])
    return [
        f"{count(fields[name], noun)} on lines cannot be verified: {why}"
        for name, (noun, why) in _UNVERIFIABLE.items()
        if fields[name]
    ]


def closing(verification: Data, paint: Paint) -> str:
    """The counts in one line."""
    summary = verification["summary"]
    equal = summary.get("equal", 0)
    if equal == len(verification["invoices"]):
        return paint(f"Verified: {count(equal, 'invoice')}, all equal, to the cent.", "green")
    names = ("equal", "differs", "missing", "duplicate")
    said = ", ".join(f"{summary[name]} {name}" for name in names if summary.get(name))
    return paint(f"Drift: {said}.", "red")
