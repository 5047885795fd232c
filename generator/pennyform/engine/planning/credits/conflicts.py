"""Credit notes against what the account says about the invoices that they take back. Pure.

Pennylane links a credit note only once it is final, and refuses one that takes back more than remains of its
invoice: the number would be spent by then. What remains is known from the account alone: an invoice may have
been paid, or credited by hand or from a definition that is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal

from pennyform.engine.account.records import RemoteInvoice, RemoteState
from pennyform.engine.planning.actions import InvoiceChange, Step
from pennyform.engine.planning.credits.bodies import body_of, expected_amounts
from pennyform.engine.planning.dependencies import becomes_final
from pennyform.invoices.checks.credit_proposals import CodeAmount, LineWords, proposal
from pennyform.invoices.model import Id, Key
from pennyform.invoices.money.scalars import canonical, minor_units
from pennyform.invoices.money.totals import Totals, rounded_tax, totals
from pennyform.invoices.money.vat_codes import rates
from pennyform.results.plan import Action

_NOTHING = Decimal(0)
_ROUNDINGS = ("line", "document")
_PARTS = ("before tax", "of tax")

_NO_LINES = (
    "what it takes back cannot be told: nothing is left of the invoice, it has no such line, or its amounts "
    "do not follow from its lines; write `invoice_lines` instead of `credit`, or delete this definition"
)

# What is taxed at each VAT code, and the tax.
VatSums = Mapping[str, tuple[Decimal, Decimal]]


@dataclass(slots=True)
class CreditedInvoice:
    """An invoice, and what this run's credit notes take back of it.

    Attributes:
        name: its reference, or its id.
        amount: what it comes to, tax included.
        currency: of all amounts.
        remaining: what is neither paid nor credited yet.
        charged: its amounts by VAT code; None when they cannot be told from what the account shows.
        customer_id: whom it is for; None when that is not known yet.
        paid_here: this run marks it as paid.
        taken: what credit notes of this run take off ``remaining``.
        taken_by_code: what all its credit notes that are known take back, by VAT code.
    """

    name: str
    amount: Decimal
    currency: str
    remaining: Decimal
    charged: VatSums | None
    customer_id: Id | None
    paid_here: bool
    taken: Decimal = _NOTHING
    taken_by_code: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)

    def excess(self, note: InvoiceChange) -> str:
        """Why ``note`` cannot be taken off what remains; empty when it can."""
        return self._excess_in_all(note) or self._excess_by_code(note)

    def _excess_in_all(self, note: InvoiceChange) -> str:
        amount = amount_taken(note)
        open_amount = max(self.remaining - self.taken, _NOTHING)
        if amount <= open_amount:
            return ""
        why, undo = "", "undo its payment in Pennylane"
        if self.paid_here:
            why, undo = " (this run marks it as paid)", "leave out its `mark_as_paid`"
        elif self.remaining < self.amount:
            why = " (the rest is paid, or credited already)"
        elif self.taken:
            why = " (other credit notes of this run take back the rest)"
        comes_to = f"{self.name} comes to {canonical(self.amount)} {self.currency}"
        way_out = f"take back no more than that{self._rest(note, open_amount)}"
        return (
            f"{comes_to}, of which {canonical(open_amount)} can be taken back{why}; the credit note takes "
            f"back {canonical(amount)}: {way_out}, delete this definition if the invoice was credited "
            f"otherwise, or {undo}"
        )

    def _rest(self, note: InvoiceChange, open_amount: Decimal) -> str:
        """A line that takes back ``open_amount``; empty where what is left at each VAT code is not known."""
        codes = self.charged or {}
        if len(codes) != 1 or not codes.keys() <= rates().keys() or open_amount <= _NOTHING:
            return ""
        ((code, charged),) = codes.items()
        taken = self.taken_by_code.get(code, (_NOTHING, _NOTHING))
        unit = Decimal(1).scaleb(-minor_units(self.currency))
        percent = rates()[code].charged
        base = (open_amount * 100 / (100 + percent)).quantize(unit, ROUND_HALF_UP)
        tax = rounded_tax(base, percent, unit)
        if base + tax != open_amount or base > charged[0] - taken[0] or tax > charged[1] - taken[1]:
            return ""
        first = next(iter(note.resolved.lines), None)
        words = LineWords((first and first.label) or "Rest", (first and first.unit) or "piece")
        lines = proposal({code: CodeAmount(percent, base, tax)}, {code: words}, unit, "line")
        replaced = "`credit`" if note.desired.credit is not None else "its lines"
        also = " and `discount`" if note.desired.body.discount else ""
        return f" ({lines} in place of {replaced}{also})"

    def _excess_by_code(self, note: InvoiceChange) -> str:
        if self.charged is None:
            return ""
        for code, *sums in _taken_by_code(note.resolved.totals):
            charged = self.charged.get(code, (_NOTHING, _NOTHING))
            earlier = self.taken_by_code.get(code, (_NOTHING, _NOTHING))
            for what, total, before, limit in zip(_PARTS, sums, earlier, charged, strict=True):
                if total > _NOTHING and total + before > max(limit, _NOTHING):
                    charges = f"{self.name} charges {canonical(limit)} {self.currency} {what} at {code}"
                    taken = f"its credit notes take back {canonical(total + before)}"
                    return f"{charges}, and {taken}: take back no more than was charged at each VAT code"
        return ""

    def add(self, note: InvoiceChange, *, linked: bool) -> None:
        """Count ``note``; what is linked already is no part of what remains."""
        if not linked:
            self.taken += amount_taken(note)
        for code, base, tax in _taken_by_code(note.resolved.totals):
            earlier = self.taken_by_code.get(code, (_NOTHING, _NOTHING))
            self.taken_by_code[code] = (earlier[0] + base, earlier[1] + tax)


def hold_credits(changes: Sequence[InvoiceChange], state: RemoteState) -> tuple[InvoiceChange, ...]:
    """``changes``, with a conflict in place of each credit note that could not be linked once it is final.

    Args:
        changes: what is planned for all invoices.
        state: what was looked up.
    """
    by_reference = {change.external_reference: change for change in changes}
    conflicts = {
        change.external_reference: _no_lines(change, by_reference)
        for change in changes
        if change.desired.credit is not None and not change.desired.body.invoice_lines
    }
    groups: dict[Key, list[InvoiceChange]] = {}
    for change in changes:
        key, remote = change.desired.credit_note_of, change.remote
        is_final = remote is not None and not remote.draft
        if change.external_reference in conflicts:
            continue
        if key is not None and (is_final or (becomes_final(change.desired) and not change.ways_out)):
            # One key for all ways to name an invoice: its id, once the account has it.
            id_ = state.identify(key)
            key = key if id_ is None else Key(key.kind, "id", id_, key.place)
            groups.setdefault(key, []).append(change)
    rows = {row.id: row for rows in (*state.invoices.values(), *state.credited.values()) for row in rows}
    rows.update(state.credited_by_id)
    for key, notes in groups.items():
        remote = rows.get(int(key.value)) if key.field == "id" else None
        planned = by_reference.get(remote.external_reference if remote else str(key.value))
        conflicts.update(_conflicts(key, notes, remote, planned))
    return tuple(
        replace(
            change,
            action=Action.CONFLICT,
            steps=(),
            tasks=(),
            lacking=(),
            doubts=(),
            ways_out=(conflicts[change.external_reference],),
        )
        if change.external_reference in conflicts
        else change
        for change in changes
    )


def _no_lines(note: InvoiceChange, by_reference: Mapping[str, InvoiceChange]) -> str:
    """Why a credit note has no lines of its own."""
    key = note.desired.credit_note_of
    planned = by_reference.get(str(key.value)) if key is not None else None
    is_final = planned is not None and planned.remote is not None and not planned.remote.draft
    if planned is not None and planned.desired.deductions and not is_final:
        name = planned.external_reference
        why = f"its lines are those of {name}, with the numbers of the deposits of {name}"
        return f"{why}, which are known once that is final: run 'pennyform apply' again then"
    return _NO_LINES


def _conflicts(
    key: Key, notes: Sequence[InvoiceChange], remote: RemoteInvoice | None, planned: InvoiceChange | None
) -> Iterator[tuple[str, str]]:
    """The credit notes of one invoice that cannot be linked to it, each with why and what to do.

    Args:
        key: what they name it by.
        notes: the credit notes.
        remote: the invoice, if the account has it.
        planned: what becomes of it, if it is defined here.
    """
    final = remote if remote is not None and not remote.draft else None
    if final is None and (planned is None or not planned.irreversible):
        # By its reference, the planner has looked already whether it is, or will be, final.
        by_id = [note for note in notes if (of := note.desired.credit_note_of) and of.field == "id"]
        why = "is a draft" if remote else "does not exist"
        for note in by_id:
            yield note.external_reference, f"invoice {key.value} {why}: name a final invoice"
        return
    credited = _from_account(final, planned) if final is not None else _from_plan(planned)
    if credited is None:
        return
    for note in sorted(notes, key=_turn):
        linked = final is not None and note.remote is not None and note.remote.credited_invoice_id == final.id
        why = _unfit(note, credited, final) or ("" if linked else credited.excess(note))
        if why:
            yield note.external_reference, why
        elif not note.ways_out:
            credited.add(note, linked=linked)


def _turn(note: InvoiceChange) -> tuple[bool, bool, object, str]:
    """What is linked counts first, then what is final and cannot be changed any more; then the older ones."""
    remote = note.remote
    is_linked = remote is not None and remote.credited_invoice_id is not None
    is_final = remote is not None and not remote.draft
    return not is_linked, not is_final, note.desired.body.date, note.external_reference


def _unfit(note: InvoiceChange, credited: CreditedInvoice, final: RemoteInvoice | None) -> str:
    """Why ``note`` is no credit note of the invoice, whatever it comes to; empty when it may be one."""
    remote, customer = note.remote, note.resolved.body.customer_id
    linked_to = remote.credited_invoice_id if remote is not None else None
    if final is not None and linked_to not in (None, final.id):
        return f"it is linked to another invoice already (id {linked_to}): correct `credit_note_of`"
    if credited.amount < _NOTHING:
        return f"{credited.name} is a credit note itself: name the invoice that it takes back"
    if note.resolved.totals.currency != credited.currency:
        return f"it is in {note.resolved.totals.currency}, {credited.name} in {credited.currency}"
    is_known = isinstance(customer, int) and isinstance(credited.customer_id, int)
    if is_known and customer != credited.customer_id:
        fix = f"write `customer: {{id: {credited.customer_id}}}`"
        return f"it is for another customer than {credited.name}: {fix}"
    return ""


def _from_account(final: RemoteInvoice, planned: InvoiceChange | None) -> CreditedInvoice | None:
    if final.currency_amount is None:
        return None
    remaining = final.remaining_amount_with_tax
    paid_here = _marks_as_paid(planned)
    return CreditedInvoice(
        final.external_reference or f"invoice {final.id}",
        final.currency_amount,
        final.currency or "EUR",
        _NOTHING if paid_here else final.currency_amount if remaining is None else remaining,
        charged_by_code(final),
        final.customer_id,
        paid_here,
    )


def _from_plan(planned: InvoiceChange | None) -> CreditedInvoice | None:
    if planned is None:
        return None
    computed, paid_here = planned.resolved.totals, _marks_as_paid(planned)
    return CreditedInvoice(
        planned.external_reference,
        computed.amount,
        computed.currency,
        _NOTHING if paid_here else computed.amount,
        {vat.vat_rate: (vat.base, vat.tax) for vat in computed.vat},
        planned.resolved.body.customer_id,
        paid_here,
    )


def _marks_as_paid(planned: InvoiceChange | None) -> bool:
    return planned is not None and any(task.step is Step.PAY for task in planned.tasks)


# --- amounts ----------------------------------------------------------------------------------------------


def amount_taken(note: InvoiceChange) -> Decimal:
    """What a credit note takes back, tax included: as it stands once it is final."""
    remote = note.remote
    if remote is not None and not remote.draft and remote.currency_amount is not None:
        return -remote.currency_amount
    return -note.resolved.totals.amount


def _taken_by_code(note: Totals) -> Iterator[tuple[str, Decimal, Decimal]]:
    return ((vat.vat_rate, -vat.base, -vat.tax) for vat in note.vat)


def charged_by_code(final: RemoteInvoice) -> VatSums | None:
    """What an invoice of the account charges at each VAT code, before tax and tax.

    The account shows lines before a discount on the invoice: they are computed anew, and only what comes to
    the invoice's own totals is believed.

    Returns:
        The amounts; None when the lines do not add up to the invoice.
    """
    of_lines: dict[str, tuple[Decimal, Decimal]] = {}
    for line in final.lines:
        base, tax = of_lines.get(line.vat_rate or "", (_NOTHING, _NOTHING))
        before_tax, of_tax = line.currency_amount_before_tax or _NOTHING, line.currency_tax or _NOTHING
        of_lines[line.vat_rate or ""] = (base + before_tax, tax + of_tax)
    expected = expected_amounts(final)
    sums = tuple(sum((amounts[part] for amounts in of_lines.values()), _NOTHING) for part in (0, 1))
    if sums == expected and not (final.discount and final.discount.value):
        return of_lines
    for rounding in _ROUNDINGS:
        computed = _recomputed(final, rounding)
        if computed is not None and (computed.before_tax, computed.tax) == expected:
            return {vat.vat_rate: (vat.base, vat.tax) for vat in computed.vat}
    return None


def _recomputed(final: RemoteInvoice, rounding: str) -> Totals | None:
    body = body_of(final)
    try:
        return totals(body, rounding=rounding, product=lambda _: None) if body is not None else None
    except KeyError:
        return None  # a VAT code that this version does not know
