"""Credit notes against the invoices that they take back: the same customer, no more than there was.

Pennylane refuses to link two that do not fit, and by then both are final. So it is checked before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.credit_proposals import CodeAmount, LineWords, proposal, summed, targets
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.model import DesiredInvoice, Id, Key, Place, lines_of
from pennyform.invoices.money.scalars import minor_units
from pennyform.invoices.money.totals import Product, UnknownProductError, fill_from_product, totals
from pennyform.invoices.yaml.document import Path


@dataclass(frozen=True, slots=True)
class Terms:
    """What an invoice and its credit notes must agree on, and nothing else of it.

    ``amount`` is what is to be paid, tax included, and ``vat`` its parts by VAT code; both are None when a
    price is only known to the account, as are the VAT codes that are missing in ``codes``.
    """

    reference: str
    customer: Id
    currency: str
    date: dt.date
    codes: tuple[str | None, ...]
    amount: Decimal | None
    vat: Mapping[str, CodeAmount] | None
    is_credit_note: bool

    @property
    def taken(self) -> dict[str, CodeAmount] | None:
        """What a credit note takes back, by VAT code."""
        # Its amounts are negative, as everywhere in Pennylane (docs/definitions.md).
        if self.vat is None:
            return None
        return {code: CodeAmount(part.percent, -part.base, -part.tax) for code, part in self.vat.items()}


@dataclass(frozen=True, slots=True)
class CreditNote:
    """A credit note of a definition: its terms, the reference that it takes back, and where all this stands.

    ``places`` are by field; those of VAT codes are in ``codes``, in the order of ``terms.codes``. ``words``
    are label and unit of its first line at each code; ``has_discount`` tells of a discount on the whole.
    """

    of: str
    terms: Terms
    places: Mapping[str, Place]
    codes: tuple[Place, ...]
    words: Mapping[str, LineWords]
    has_discount: bool

    @property
    def turn(self) -> tuple[dt.date, str]:
        """Of several that together take back too much, the last one is reported: by date, then reference."""
        return self.terms.date, self.terms.reference


def terms(invoice: DesiredInvoice, product: Product, rounding: str) -> Terms:
    """What ``invoice`` comes to under the rounding model of the repository."""
    body = invoice.body
    try:
        computed = totals(body, rounding=rounding, product=product)
    except UnknownProductError:
        computed = None
    return Terms(
        invoice.external_reference,
        body.customer_id,
        body.currency or "EUR",  # the API's default
        body.date,
        tuple(fill_from_product(line, product).vat_rate or None for line in lines_of(body)),
        computed.amount if computed else None,
        {part.vat_rate: CodeAmount(part.percent, part.base, part.tax) for part in computed.vat}
        if computed
        else None,
        invoice.credit_note_of is not None,
    )


def credit_notes(
    invoices: Sequence[ResolvedInvoice], product: Product, rounding: str
) -> Iterator[CreditNote]:
    """Those of the ``invoices`` that take back another one by its reference."""
    for resolved in invoices:
        key, body = resolved.invoice.credit_note_of, resolved.invoice.body
        # One whose lines follow from the invoice is compared once it has them.
        is_open = resolved.invoice.credit is not None and not body.invoice_lines
        if key is None or key.field != "external_reference" or is_open:
            continue
        fields: list[Path] = [("credit_note_of",), ("customer",), ("currency",), ("date",)]
        words: dict[str, LineWords] = {}
        for line in (fill_from_product(line, product) for line in lines_of(body)):
            if line.vat_rate:
                words.setdefault(line.vat_rate, LineWords(line.label or "", line.unit or "piece"))
        yield CreditNote(
            str(key.value),
            terms(resolved.invoice, product, rounding),
            {str(path[0]): resolved.document.place(path) for path in fields},
            tuple(
                resolved.document.place(("invoice_lines", line, "vat_rate"))
                for line in range(len(body.invoice_lines))
            ),
            words,
            bool(body.discount),
        )


def compare(notes: Sequence[CreditNote], known: Mapping[str, Terms], rounding: str) -> Iterator[Finding]:
    """What keeps ``notes`` from taking back the invoices that they name.

    Args:
        notes: the credit notes.
        known: the invoices that are defined here, by reference.
        rounding: the rounding model of the repository.
    """
    ordered = sorted(notes, key=lambda note: (note.of, *note.turn, note.places["credit_note_of"]))
    for reference, group in groupby(ordered, lambda note: note.of):
        invoice = known.get(reference)
        if invoice is None:
            continue
        taken = _Taken(invoice, rounding)
        for note in group:
            if invoice.is_credit_note:
                summary = f"`{invoice.reference}` is a credit note itself"
                yield _finding(note, "credit_note_of", summary, "name the invoice that it takes back")
                continue
            yield from _compare_parties(invoice, note)
            yield from taken.add(note)
        yield from taken.open_cents()


@dataclass(slots=True)
class _Taken:
    """What the credit notes of one invoice take back, one after the other."""

    invoice: Terms
    rounding: str
    amount: Decimal = Decimal(0)
    notes: list[CreditNote] = field(default_factory=list)
    parts: list[Mapping[str, CodeAmount]] = field(default_factory=list)
    exceeded: bool = False

    def add(self, note: CreditNote) -> Iterator[Finding]:
        """Count ``note``, and report where it takes back more than is left."""
        invoice, part = self.invoice, note.terms.taken
        if invoice.vat is None or part is None:
            yield from self._codes_not_charged(note)
        earlier, remaining = self.amount, self.remaining()
        # The amounts of a credit note are negative, as everywhere in Pennylane (docs/definitions.md).
        self.amount -= note.terms.amount or 0
        self.notes.append(note)
        self.parts.append(part or {})
        if invoice.amount is not None and self.amount > max(invoice.amount, Decimal(0)):
            together = f" together with {earlier:f} before it" if earlier else ""
            summary = f"the credit note takes back {self.amount - earlier:f}{together}, "
            summary += f"`{invoice.reference}` comes to {invoice.amount:f} {invoice.currency}"
        elif (excess := _excess(invoice, part or {}, remaining)) and invoice.vat is not None:
            summary = excess
        else:
            return
        self.exceeded = True
        yield _finding(note, "credit_note_of", summary, self._fix(note, part, remaining))

    def open_cents(self) -> Iterator[Finding]:
        """A few cents that roundings have left of the invoice, once all its credit notes are counted."""
        if self.invoice.amount is None or self.invoice.vat is None or self.exceeded or not self.notes:
            return
        rest, last = self.invoice.amount - self.amount, self.notes[-1]
        # Each credit note rounds once for each VAT code, and so did the invoice: by half a cent.
        roundings = (len(self.notes) + 1) * len(self.invoice.vat)
        if 0 < rest <= self._unit() * roundings and all(note.terms.vat is not None for note in self.notes):
            summary = f"{rest:f} {self.invoice.currency} of `{self.invoice.reference}` stay open"
            amounts = summed([self.parts[-1], self.remaining()])
            lines = proposal(amounts, _words([last, *self.notes], amounts), self._unit(), self.rounding)
            # A tax without a base is out of reach where each document has one tax for each code.
            reaches = lines and any(amount.base for amount in self.remaining().values())
            fix = f"write {lines}{_without_discount(last)}" if reaches or self.rounding == "line" else ""
            yield Finding(
                "cents-left-open",
                Severity.WARNING,
                summary,
                *last.places["credit_note_of"],
                pointer="/credit_note_of",
                fix=fix or "leave them open, or take back more of it with one credit note",
            )

    def remaining(self) -> dict[str, CodeAmount]:
        """What is left of the invoice at each VAT code."""
        taken = summed(self.parts)
        charged = self.invoice.vat or {}
        return {
            code: amount.minus(taken[code]) if code in taken else amount for code, amount in charged.items()
        }

    def _codes_not_charged(self, note: CreditNote) -> Iterator[Finding]:
        """VAT codes that the invoice has not, where its amounts are only known to the account."""
        invoice = self.invoice
        for code, place in zip(note.terms.codes, note.codes, strict=True):
            if code is not None and None not in invoice.codes and code not in invoice.codes:
                listed = ", ".join(f"`{charged}`" for charged in dict.fromkeys(invoice.codes))
                summary = f"`{invoice.reference}` has no line at `{code}`"
                fix = f"take back what was charged: {listed}"
                yield _finding(note, "invoice_lines", summary, fix, Severity.WARNING, place)

    def _fix(
        self, note: CreditNote, part: Mapping[str, CodeAmount] | None, remaining: Mapping[str, CodeAmount]
    ) -> str:
        if not part or self.invoice.vat is None:
            return "take back no more than is left of it"
        amounts = {
            code: amount for code, amount in targets(part, remaining).items() if amount.base or amount.tax
        }
        lines = proposal(amounts, _words([note], amounts), self._unit(), self.rounding)
        if not lines:
            codes = ", ".join(f"`{code}`" for code, amount in remaining.items() if amount.base > 0)
            rest = f"something is left at {codes}" if codes else "nothing is left of the invoice"
            return f"{rest}: take back what was charged, or delete the credit note"
        return f"write {lines}{_without_discount(note)}"

    def _unit(self) -> Decimal:
        return Decimal(1).scaleb(-minor_units(self.invoice.currency))


def _excess(invoice: Terms, part: Mapping[str, CodeAmount], remaining: Mapping[str, CodeAmount]) -> str:
    """At which VAT code more is taken back than is left of the invoice; empty when at none."""
    for code, amount in part.items():
        rest = remaining.get(code, CodeAmount(amount.percent, Decimal(0), Decimal(0)))
        pairs = (("before tax", amount.base, rest.base), ("of tax", amount.tax, rest.tax))
        for what, taken, open_amount in pairs:
            if taken > max(open_amount, Decimal(0)):
                charged = (invoice.vat or {}).get(code)
                if charged is None:
                    nothing = f"`{invoice.reference}` charges nothing at `{code}`"
                    return f"{nothing}, the credit note takes back {taken:f} {what}"
                return (
                    f"at `{code}` the credit note takes back {taken:f} {what}, of `{invoice.reference}` "
                    f"{open_amount:f} {invoice.currency} are left"
                )
    return ""


def _words(notes: Iterable[CreditNote], codes: Iterable[str]) -> dict[str, LineWords]:
    words = {code: LineWords("Rest", "piece") for code in codes}
    for note in reversed(list(notes)):
        words.update(note.words)
    return words


def _without_discount(note: CreditNote) -> str:
    return ", and delete `discount`" if note.has_discount else ""


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
