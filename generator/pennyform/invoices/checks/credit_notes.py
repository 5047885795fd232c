"""Credit notes against the invoices that they take back: the same customer, no more than there was.

A service that links the two refuses what does not fit, and by then both are final. So it is said before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.model import DesiredInvoice, Id, Key, Place, lines_of
from pennyform.invoices.money.totals import Product, UnknownProductError, fill_from_product, totals
from pennyform.invoices.yaml.document import Path

_RULE = "credit-note-differs"


class Terms(NamedTuple):
    """What an invoice and its credit notes must agree on, and nothing else of it.

    ``amount`` is what is to be paid, tax included; None when a price is only known to the account, as are
    the VAT codes that are missing in ``codes``.
    """

    reference: str
    customer: Id
    currency: str
    date: dt.date
    codes: tuple[str | None, ...]
    amount: Decimal | None
    is_credit_note: bool


class CreditNote(NamedTuple):
    """A credit note of a definition: its terms, the reference that it takes back, and where all this stands.

    ``places`` are by field; those of VAT codes are in ``codes``, in the order of ``terms.codes``.
    """

    of: str
    terms: Terms
    places: Mapping[str, Place]
    codes: tuple[Place, ...]


def terms(invoice: DesiredInvoice, product: Product, rounding: str) -> Terms:
    """What ``invoice`` comes to under the rounding model of the repository."""
    body = invoice.body
    try:
        amount = totals(body, rounding=rounding, product=product).amount
    except UnknownProductError:
        amount = None
    return Terms(
        invoice.external_reference,
        body.customer_id,
        body.currency or "EUR",
        body.date,
        tuple(fill_from_product(line, product).vat_rate or None for line in lines_of(body)),
        amount,
        invoice.credit_note_of is not None,
    )


def credit_notes(found: Sequence[ResolvedInvoice], product: Product, rounding: str) -> Iterator[CreditNote]:
    """Those of the invoices ``found`` that take back another one by its reference."""
    for one in found:
        key = one.invoice.credit_note_of
        if key is None or key.field != "external_reference":
            continue
        fields: list[Path] = [("credit_note_of",), ("customer",), ("currency",), ("date",)]
        lines = range(len(one.invoice.body.invoice_lines))
        yield CreditNote(
            str(key.value),
            terms(one.invoice, product, rounding),
            {str(path[0]): one.document.place(path) for path in fields},
            tuple(one.document.place(("invoice_lines", line, "vat_rate")) for line in lines),
        )


def compare(notes: Sequence[CreditNote], known: Mapping[str, Terms]) -> Iterator[Finding]:
    """What keeps ``notes`` from taking back the invoices that they name; ``known`` are those."""
    ordered = sorted(notes, key=lambda note: (note.of, note.terms.date, note.places["credit_note_of"]))
    for reference, group in groupby(ordered, lambda note: note.of):
        if reference in known:
            yield from _against(known[reference], list(group))


def _against(invoice: Terms, notes: Sequence[CreditNote]) -> Iterator[Finding]:
    taken = Decimal(0)
    for note in notes:
        if invoice.is_credit_note:
            summary = f"`{invoice.reference}` is a credit note itself"
            yield _finding(note, "credit_note_of", summary, "name the invoice that it takes back")
            continue
        yield from _parties(invoice, note)
        yield from _codes(invoice, note)
        taken -= note.terms.amount or 0
        if invoice.amount is not None and taken > max(invoice.amount, Decimal(0)):
            yield _too_much(invoice, note, taken)


def _parties(invoice: Terms, note: CreditNote) -> Iterator[Finding]:
    mine, theirs = note.terms.customer, invoice.customer
    if (
        isinstance(mine, Key)
        and isinstance(theirs, Key)
        and mine.field == theirs.field
        and mine.value != theirs.value
    ):
        summary = f"the credit note is for `{mine.value}`, `{invoice.reference}` for `{theirs.value}`"
        yield _finding(note, "customer", summary, f"write `{theirs.value}`, or name another invoice")
    if note.terms.currency != invoice.currency:
        summary = f"the credit note is in {note.terms.currency}, `{invoice.reference}` in {invoice.currency}"
        yield _finding(note, "currency", summary, f"write `currency: {invoice.currency}`")
    if note.terms.date < invoice.date:
        summary = f"the credit note is older than `{invoice.reference}`, which is of {invoice.date}"
        yield _finding(note, "date", summary, f"write {invoice.date} or a later day", Severity.WARNING)


def _codes(invoice: Terms, note: CreditNote) -> Iterator[Finding]:
    for code, place in zip(note.terms.codes, note.codes, strict=True):
        if code is not None and None not in invoice.codes and code not in invoice.codes:
            listed = ", ".join(f"`{one}`" for one in dict.fromkeys(invoice.codes))
            summary = f"`{invoice.reference}` has no line at `{code}`"
            fix = f"take back what was charged: {listed}"
            yield _at(place, "/invoice_lines", summary, fix, Severity.WARNING)


def _too_much(invoice: Terms, note: CreditNote, taken: Decimal) -> Finding:
    amount = f"{invoice.amount:f} {invoice.currency}"
    earlier = taken + (note.terms.amount or 0)
    together = f" together with {earlier:f} before it" if earlier else ""
    summary = (
        f"the credit note takes back {taken - earlier:f}{together}, `{invoice.reference}` comes to {amount}"
    )
    return _finding(note, "credit_note_of", summary, "take back no more than is left of it")


def _finding(
    note: CreditNote, field: str, summary: str, fix: str, severity: Severity = Severity.ERROR
) -> Finding:
    return _at(note.places[field], f"/{field}", summary, fix, severity)


def _at(place: Place, pointer: str, summary: str, fix: str, severity: Severity) -> Finding:
    detail = "Pennylane links a credit note to its invoice once both are final, and not when they differ."
    return Finding(_RULE, severity, summary, *place, pointer=pointer, detail=detail, fix=fix)
