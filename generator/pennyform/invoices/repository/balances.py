"""Balance invoices: given the lines that take their deposits off, then checked as what waited for these."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pennyform.findings import Finding, Severity, errors
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.deductions.checks import DepositsTaken, check_balance, is_credited_in_full
from pennyform.invoices.deductions.lines import Deposit, deduction_lines, deposit_of, with_lines
from pennyform.invoices.expressions.l10n import language_of
from pennyform.invoices.model import UNSET, DesiredInvoice, InvoiceBody
from pennyform.invoices.repository.context import RepositoryContext
from pennyform.invoices.repository.definition import LinkedDefinition, Related, check_files, check_resolved
from pennyform.invoices.repository.expansion import with_subject
from pennyform.invoices.repository.related import definitions_named, files_mentioning
from pennyform.invoices.sources.discover import Sources
from pennyform.invoices.yaml.document import Document

if TYPE_CHECKING:
    from pennyform.invoices.checks.credit_notes import CreditNote


class BalanceCompleter:
    """Gives balance invoices the lines that take their deposits off, and then the checks that waited."""

    def __init__(
        self,
        related: Related,
        sources: Sources,
        context: RepositoryContext,
        mirrored: Mapping[str, ResolvedInvoice],
    ) -> None:
        self._mirrored = mirrored
        self.findings: list[Finding] = []
        self._related, self._sources, self._context = related, sources, context
        self._rounding = context.settings.rounding
        self._product = context.repository().product
        self._credits: dict[str, list[str]] = {}
        self._note_credits(related.notes)
        # Balance invoices of files that the run was not asked for.
        self._elsewhere: list[LinkedDefinition] = []
        self._notes_elsewhere: list[CreditNote] = []
        self._read_elsewhere: set[str] = set()
        self._known: dict[str, ResolvedInvoice] = {}
        self._with_lines: dict[str, ResolvedInvoice] = {}

    def complete(self) -> dict[str, ResolvedInvoice]:
        """The balance invoices without an error, completed, by reference."""
        deducting = [other for other in self._related.linked if other.resolved.invoice.credit is None]
        self._read_deposits([definition.resolved for definition in deducting])
        elsewhere = [other for other in self._elsewhere if other.resolved.invoice.credit is None]
        # A balance invoice that was credited gives its deposits free: its credit notes name it, not them.
        balances = (*deducting, *elsewhere)
        self._read_mentions({other.resolved.invoice.external_reference for other in balances})
        linked = sorted(balances, key=_by_date)
        completed: dict[str, ResolvedInvoice] = {}
        taken = DepositsTaken()
        for definition in linked:
            if definition in self._elsewhere:
                if not self._is_credited_in_full(self._completed(definition.resolved).invoice):
                    list(taken.take(definition.resolved))
                continue
            deposits = self._deposits(definition.resolved)
            resolved = self._completed(definition.resolved)
            is_credited = self._is_credited_in_full(resolved.invoice)
            self.findings += self._late_credits(resolved) if not is_credited else ()
            findings = [
                *(DepositsTaken() if is_credited else taken).take(resolved),
                *check_balance(resolved, deposits, self._product, self._rounding),
            ]
            # Amounts that a wrong deduction leads to say nothing of their own.
            findings += [] if errors(findings) else check_resolved(resolved, self._context)
            self.findings += with_subject(findings, definition.definition, "invoice")
            if not errors(findings):
                completed[resolved.invoice.external_reference] = resolved
        return completed

    def _read_deposits(self, balances: Sequence[ResolvedInvoice]) -> None:
        """Resolve again all deposits of ``balances``, those that are balance invoices themselves included."""
        pending = set(_deposits_named(balances))
        while pending:
            self._read_mentions(pending)
            references = pending.union(*(self._credits.get(reference, ()) for reference in pending))
            read = definitions_named(references, self._related.claims, self._sources, self._context)
            read |= {name: note for name, note in self._mirrored.items() if name in read}
            new = {name: resolved for name, resolved in read.items() if name not in self._known}
            self._known |= new
            pending = set(_deposits_named(new.values())) - self._known.keys()

    def _read_mentions(self, references: Collection[str]) -> None:
        """Read what names the deposits ``references`` in files that the run was not asked for."""
        files = [
            source
            for source in files_mentioning(references, self._sources, self._context)
            if source.name not in self._read_elsewhere
        ]
        self._read_elsewhere.update(source.name for source in files)
        for result in check_files(files, self._context):
            self._known |= {resolved.invoice.external_reference: resolved for resolved in result.invoices}
            self._note_credits(result.credit_notes)
            self._notes_elsewhere += result.credit_notes
            self._elsewhere += result.linked

    def _note_credits(self, notes: Iterable[CreditNote]) -> None:
        for note in notes:
            self._credits.setdefault(note.of, []).append(note.terms.reference)

    def _completed(self, resolved: ResolvedInvoice) -> ResolvedInvoice:
        """``resolved`` with its lines, and where those are written: at the deduction that they come from."""
        invoice, document, body = resolved.invoice, resolved.document, resolved.invoice.body
        if invoice.external_reference in self._with_lines:
            return self._with_lines[invoice.external_reference]
        deposits = self._deposits(resolved)
        language = ""
        if isinstance(body, InvoiceBody):
            customer = self._context.repository().customer(body.customer_id)
            language = language_of(body.language, customer.billing_language if customer else UNSET)
        lines = [
            deduction_lines(deduction, deposits[index], language=language, rounding=self._rounding)
            if index in deposits
            else ()
            for index, deduction in enumerate(invoice.deductions)
        ]
        completed = with_lines(invoice, lines)
        marks, at = dict(document.marks), len(body.invoice_lines)
        for index, group in enumerate(lines):
            for _ in group:
                marks["invoice_lines", at] = document.mark(("deduct", index))
                at += 1
        made = Document(document.file, document.value, marks, document.spoiled)
        result = ResolvedInvoice(made, completed, resolved.origins)
        self._with_lines[invoice.external_reference] = result
        return result

    def _deposits(self, resolved: ResolvedInvoice) -> dict[int, Deposit]:
        """The deposits of a balance invoice that are defined here, by the index of the deduction."""
        deposits = {}
        for index, deduction in enumerate(resolved.invoice.deductions):
            reference = str(deduction.deposit.value)
            known = self._known.get(reference)
            if known is None or deduction.deposit.field != "external_reference":
                continue
            invoice = self._completed(known).invoice if known.invoice.deductions else known.invoice
            notes = [
                self._known[name].invoice
                for name in self._credits.get(reference, ())
                if name in self._known and self._known[name].invoice.body.date <= resolved.invoice.body.date
            ]
            deposits[index] = deposit_of(invoice, notes, self._product, self._rounding)
        return deposits

    def _is_credited_in_full(self, balance: DesiredInvoice) -> bool:
        linked = [other.resolved.invoice for other in (*self._related.linked, *self._elsewhere)]
        notes = (*self._related.notes, *self._notes_elsewhere)
        return is_credited_in_full(balance, linked, notes, self._product, self._rounding)

    def _late_credits(self, balance: ResolvedInvoice) -> Iterator[Finding]:
        """Credit notes of its deposits that are dated after ``balance``, which has taken off all of them."""
        deposits = set(_deposits_named([balance]))
        for note in self._related.notes:
            if note.of in deposits and note.terms.date > balance.invoice.body.date:
                reference = balance.invoice.external_reference
                yield Finding(
                    "deduction-twice",
                    Severity.ERROR,
                    f"`{note.of}` is taken off by `{reference}` already, nothing is left to credit",
                    *note.places["credit_note_of"],
                    pointer="/credit_note_of",
                    detail=f"`{reference}` is of {balance.invoice.body.date}.",
                    fix=f"credit `{reference}` instead, or let the credit note come first: date it before "
                    f"`{reference}`, or that one later",
                )


def _by_date(linked: LinkedDefinition) -> tuple[object, ...]:
    invoice = linked.resolved.invoice
    return invoice.body.date, invoice.external_reference


def _deposits_named(balances: Iterable[ResolvedInvoice]) -> Iterator[str]:
    for resolved in balances:
        for deduction in resolved.invoice.deductions:
            if deduction.deposit.field == "external_reference":
                yield str(deduction.deposit.value)
