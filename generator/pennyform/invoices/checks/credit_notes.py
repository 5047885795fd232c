"""Credit notes against the invoices that they take back: the same customer, no more than there was.

Pennylane refuses to link two that do not fit, and by then both are final. So it is checked before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.model import DesiredInvoice, Id, Key, Place, lines_of
from pennyform.invoices.model.lookalikes import difference, fold
from pennyform.invoices.money.totals import Product, UnknownProductError, fill_from_product, totals
from pennyform.invoices.yaml.document import Path


@dataclass(frozen=True, slots=True)
class Terms:
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


@dataclass(frozen=True, slots=True)
class CreditNote:
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
        body.currency or "EUR",  # the API's default
        body.date,
        tuple(fill_from_product(line, product).vat_rate or None for line in lines_of(body)),
        amount,
        invoice.credit_note_of is not None,
    )


def credit_notes(
    invoices: Sequence[ResolvedInvoice], product: Product, rounding: str
) -> Iterator[CreditNote]:
    """Those of the ``invoices`` that take back another one by its reference."""
    for resolved in invoices:
        key = resolved.invoice.credit_note_of
        if key is None or key.field != "external_reference":
            continue
        fields: list[Path] = [("credit_note_of",), ("customer",), ("currency",), ("date",)]
        lines = range(len(resolved.invoice.body.invoice_lines))
        yield CreditNote(
            str(key.value),
            terms(resolved.invoice, product, rounding),
            {str(path[0]): resolved.document.place(path) for path in fields},
            tuple(resolved.document.place(("invoice_lines", line, "vat_rate")) for line in lines),
        )


def misspelled(notes: Sequence[CreditNote], references: Iterable[str]) -> Iterator[Finding]:
    """Credit notes of a reference that only looks like one of ``references``, those of the invoices here."""
    known = {fold(reference): reference for reference in references}
    exact = set(known.values())
    for note in notes:
        alike = known.get(fold(note.of))
        if alike is not None and note.of not in exact:
            yield Finding(
                "lookalike-reference",
                Severity.ERROR,
                f"`{note.of}` looks like the invoice `{alike}`, and is not the same",
                *note.places["credit_note_of"],
                pointer="/credit_note_of",
                detail=f"In the text, {difference(note.of, alike)}.",
                fix=f"write `{alike}`",
            )


def compare(notes: Sequence[CreditNote], known: Mapping[str, Terms]) -> Iterator[Finding]:
    """What keeps ``notes`` from taking back the invoices that they name; ``known`` are those."""
    # By date: of several that together take back too much, the last one is reported.
    ordered = sorted(notes, key=lambda note: (note.of, note.terms.date, note.places["credit_note_of"]))
    for reference, group in groupby(ordered, lambda note: note.of):
        invoice = known.get(reference)
        if invoice is None:
            continue
        credited = Decimal(0)
        for note in group:
            if invoice.is_credit_note:
                summary = f"`{invoice.reference}` is a credit note itself"
                yield _finding(note, "credit_note_of", summary, "name the invoice that it takes back")
                continue
            yield from _compare_parties(invoice, note)
            for code, place in zip(note.terms.codes, note.codes, strict=True):
                if code is not None and None not in invoice.codes and code not in invoice.codes:
                    listed = ", ".join(f"`{charged}`" for charged in dict.fromkeys(invoice.codes))
                    summary = f"`{invoice.reference}` has no line at `{code}`"
                    fix = f"take back what was charged: {listed}"
                    yield _finding(note, "invoice_lines", summary, fix, Severity.WARNING, place)
            earlier = credited
            # The amounts of a credit note are negative, as everywhere in Pennylane (docs/definitions.md).
            credited -= note.terms.amount or 0
            if invoice.amount is not None and credited > max(invoice.amount, Decimal(0)):
                together = f" together with {earlier:f} before it" if earlier else ""
                summary = f"the credit note takes back {credited - earlier:f}{together}, "
                summary += f"`{invoice.reference}` comes to {invoice.amount:f} {invoice.currency}"
                yield _finding(note, "credit_note_of", summary, "take back no more than is left of it")


def _compare_parties(invoice: Terms, note: CreditNote) -> Iterator[Finding]:
    customer, invoiced = note.terms.customer, invoice.customer
    # An id and a reference may mean the same customer: only the account knows.
    if (
        isinstance(customer, Key)
        and isinstance(invoiced, Key)
        and customer.field == invoiced.field
        and customer.value != invoiced.value
    ):
        summary = f"the credit note is for `{customer.value}`, `{invoice.reference}` for `{invoiced.value}`"
        yield _finding(note, "customer", summary, f"write `{invoiced.value}`, or name another invoice")
    if note.terms.currency != invoice.currency:
        summary = f"the credit note is in {note.terms.currency}, `{invoice.reference}` in {invoice.currency}"
        yield _finding(note, "currency", summary, f"write `currency: {invoice.currency}`")
    if note.terms.date < invoice.date:
        summary = f"the credit note is older than `{invoice.reference}`, which is of {invoice.date}"
        yield _finding(note, "date", summary, f"write {invoice.date} or a later day", Severity.WARNING)


def _finding(
    note: CreditNote,
    field: str,
    summary: str,
    fix: str,
    severity: Severity = Severity.ERROR,
    place: Place | None = None,
) -> Finding:
    detail = "Pennylane links a credit note to its invoice once both are final, and not when they differ."
    place = place or note.places[field]
    return Finding(
        "credit-note-differs", severity, summary, *place, pointer=f"/{field}", detail=detail, fix=fix
    )
