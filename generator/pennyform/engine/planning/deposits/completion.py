"""Deposits and numbers of other invoices as the account has them, put into the definitions that name them.

Once a deposit is final, the account says what it came to, its number and its date. Until then a balance
invoice has what the definition of the deposit says, and a number that is still to come. Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from pennyform.engine.account.records import RemoteInvoice, RemoteState
from pennyform.engine.planning.actions import InvoiceChange
from pennyform.engine.planning.credits.conflicts import charged_by_code
from pennyform.engine.planning.credits.lines import complete_credits
from pennyform.engine.planning.dependencies import number_keys
from pennyform.engine.planning.deposits.taken import taken_elsewhere
from pennyform.invoices.deductions.checks import deposit_problems, open_cents
from pennyform.invoices.deductions.lines import (
    Booking,
    Deposit,
    DepositAmount,
    bookings,
    deduction_lines,
    own_lines,
    with_lines,
)
from pennyform.invoices.expressions.l10n import language_of
from pennyform.invoices.model import (
    UNSET,
    DesiredInvoice,
    Id,
    InvoiceBody,
    InvoiceLine,
    Key,
    ProductBody,
    Repository,
    settled,
)
from pennyform.results.plan import Action

_NOTHING = Decimal(0)
_BLOCKED = frozenset({Action.CONFLICT, Action.UNSETTLED})


def complete(repository: Repository, state: RemoteState) -> Repository:
    """``repository`` with what the account knows: lines that take off final deposits, and legal numbers.

    A number that the account does not know yet stays pending.
    """
    accounts = Accounts(repository, state)
    completed = repository._replace(invoices=tuple(map(accounts.complete, repository.invoices)))
    return complete_credits(completed, state)


@dataclass(frozen=True, slots=True)
class Accounts:
    """What the account says about the deposits and the numbers that definitions name."""

    repository: Repository
    state: RemoteState

    def complete(self, invoice: DesiredInvoice) -> DesiredInvoice:
        """``invoice`` with the lines of its final deposits, and with the numbers that exist."""
        if invoice.deductions and isinstance(invoice.body, InvoiceBody):
            invoice = with_lines(invoice, self._lines(invoice, invoice.body))
        if not number_keys(invoice):
            return invoice
        return invoice._replace(body=settled(invoice.body, self.number))

    def number(self, reference: str) -> str | None:
        """The legal number of the final invoice of ``reference``; None when there is none."""
        rows = self.state.invoices.get(reference) or self.state.credited.get(reference, ())
        return rows[0].invoice_number or None if len(rows) == 1 and not rows[0].draft else None

    def final_deposit(self, key: Key) -> RemoteInvoice | None:
        """The final invoice that ``key`` names, if the account has it."""
        rows = self.state.invoices_of(key)
        return rows[0] if len(rows) == 1 and not rows[0].draft else None

    def _lines(self, invoice: DesiredInvoice, body: InvoiceBody) -> Iterator[Sequence[InvoiceLine]]:
        """The lines of each deduction: by the account where the deposit is final, else by its definition."""
        remote = self.state.customer(body.customer_id)
        customer = remote.body if remote else self.repository.customer(body.customer_id)
        language = language_of(body.language, customer.billing_language if customer else UNSET)
        rounding = self.repository.settings.rounding
        at = len(own_lines(invoice))
        for deduction in invoice.deductions:
            defined = body.invoice_lines[at : at + deduction.lines]
            at += deduction.lines
            final = self.final_deposit(deduction.deposit)
            deposit = final and deposit_of_account(
                final, self.credit_notes(final, invoice), bookings(defined, self._product)
            )
            # Of amounts that cannot be told, the planner makes a conflict.
            known = deposit and deposit.amounts is not None
            yield (
                deduction_lines(deduction, deposit, language=language, rounding=rounding)
                if deposit and known
                else defined
            )

    def credit_notes(self, deposit: RemoteInvoice, balance: DesiredInvoice) -> list[RemoteInvoice]:
        """The credit notes that took back a part of ``deposit`` before ``balance``."""
        return [
            row
            for row in self.state.of_customers.get(deposit.customer_id or 0, ())
            if row.credited_invoice_id == deposit.id
            and not row.draft
            and row.date is not None
            and row.date <= balance.body.date
        ]

    def late_credit_note(self, deposit: RemoteInvoice, balance: DesiredInvoice) -> RemoteInvoice | None:
        """A credit note of ``deposit`` that has a later date than ``balance``, which is yet to be issued."""
        late = (
            row
            for row in self.state.of_customers.get(deposit.customer_id or 0, ())
            if row.credited_invoice_id == deposit.id and not row.draft and row.date is not None
        )
        latest = max(late, key=lambda row: row.date or dt.date.min, default=None)
        return latest if latest and latest.date and latest.date > balance.body.date else None

    def open_cents(self, invoice: DesiredInvoice) -> Iterator[str]:
        """What is to be said of a balance invoice whose final deposits do not add up with it to the cent."""
        finals = [self.final_deposit(deduction.deposit) for deduction in invoice.deductions]
        deposits = [
            deposit_of_account(final, self.credit_notes(final, invoice))
            for final in finals
            if final is not None
        ]
        if not deposits or len(deposits) < len(finals):
            return
        rounding = self.repository.settings.rounding
        for code, cents, currency in open_cents(invoice, deposits, self._product, rounding):
            yield (
                f"deposits and balance come to {cents:+f} {currency} of tax at {code} beyond the full price: "
                "no line can make up for it"
            )

    def _product(self, key: Id) -> ProductBody | None:
        remote = self.state.product(key)
        return remote.body if remote else self.repository.product(key)


def deposit_of_account(
    final: RemoteInvoice,
    credit_notes: Sequence[RemoteInvoice],
    booked: Mapping[str, Booking] = MappingProxyType({}),
) -> Deposit:
    """What is left of the deposit ``final`` after ``credit_notes``.

    Args:
        final: the deposit invoice.
        credit_notes: what was taken back of it.
        booked: how its definition books it, by VAT code; no answer shows the ledger accounts.
    """
    sums = charged_by_code(final)
    for note in credit_notes:
        of_note = charged_by_code(note)
        if sums is None or of_note is None:
            sums = None
            break
        for code, (base, tax) in of_note.items():
            before_tax, of_tax = sums.get(code, (_NOTHING, _NOTHING))
            sums = {**sums, code: (before_tax + base, of_tax + tax)}
    return Deposit(
        final.external_reference or final.invoice_number,
        final.invoice_number,
        final.date or dt.date.min,
        final.customer_id or 0,
        final.currency or "EUR",
        None
        if sums is None
        else tuple(
            DepositAmount(code, base, tax, booked.get(code, Booking()))
            for code, (base, tax) in sums.items()
            if base or tax
        ),
        final.currency_amount,
        final.credited_invoice_id is not None,
    )


def deposit_obstacle(invoice: DesiredInvoice, accounts: Accounts, becoming_final: Collection[str]) -> str:
    """Why ``invoice`` cannot take off its deposits or print the numbers that it names; empty when it can.

    Args:
        invoice: it is not final yet.
        accounts: what the account says.
        becoming_final: the references whose definitions ask for finalizing.
    """
    for deduction in invoice.deductions:
        key = deduction.deposit
        final = accounts.final_deposit(key)
        if final is None:
            if key.field != "external_reference" or str(key.value) not in becoming_final:
                what = "only a final deposit can be taken off"
                return f"{key.value} is not final, and {what}: finalize it, or take it out of `deduct`"
        elif why := _misfit(invoice, final, accounts):
            return why
    for key in number_keys(invoice):
        reference = str(key.value)
        if accounts.number(reference) is None and reference not in becoming_final:
            return (
                f"{reference} is not final and has no number, which the invoice prints: finalize it, or take "
                f"`number('{reference}')` out"
            )
    return ""


def _misfit(invoice: DesiredInvoice, final: RemoteInvoice, accounts: Accounts) -> str:
    """Why the final deposit ``final`` cannot be taken off ``invoice``; empty when it can."""
    deposit = deposit_of_account(final, accounts.credit_notes(final, invoice))
    if deposit.amounts is None:
        return f"{deposit.reference} does not show what it came to at each VAT code: take it off by hand"
    customer = invoice.body.customer_id
    customer_id = accounts.state.identify(customer) if isinstance(customer, Key) else customer
    # A customer that has yet to be created has no deposit.
    is_same = final.customer_id is None or customer_id == final.customer_id
    for problem in deposit_problems(deposit, invoice, same_customer=is_same):
        return f"{problem.summary}: {problem.fix}"
    if (late := accounts.late_credit_note(final, invoice)) is not None:
        took_back = f"{late.invoice_number} of {late.date} took back a part of {deposit.reference}, or all"
        return f"{took_back}: date this invoice {late.date} or later, so that only the rest is taken off"
    other = taken_elsewhere(accounts.state, final, invoice.external_reference)
    if other is not None:
        name = other.invoice_number or other.external_reference or f"invoice {other.id}"
        way_out = "take it out of `deduct`, or make a credit note of all of that invoice final first"
        return f"{name} takes off {deposit.reference} already: {way_out}"
    return ""


def hold_dependents(changes: Sequence[InvoiceChange]) -> tuple[InvoiceChange, ...]:
    """``changes``, with a conflict in place of each that waits for an invoice which will not become final.

    Args:
        changes: what is planned, each after those that it depends on.
    """
    blocked: set[str] = set()
    held: list[InvoiceChange] = []
    for planned in changes:
        is_final = planned.remote is not None and not planned.remote.draft
        causes = () if is_final else [name for name in _needs(planned.desired) if name in blocked]
        change = planned
        if causes and planned.action not in _BLOCKED:
            change = planned.stopped(f"{causes[0]} cannot be carried out either: settle that first")
        if change.action in _BLOCKED:
            blocked.add(change.external_reference)
        held.append(change)
    return tuple(held)


def _needs(invoice: DesiredInvoice) -> Iterator[str]:
    """The references of the deposits that ``invoice`` takes off, and of invoices whose numbers it prints."""
    for key in (*(deduction.deposit for deduction in invoice.deductions), *number_keys(invoice)):
        if key.field == "external_reference":
            yield str(key.value)
