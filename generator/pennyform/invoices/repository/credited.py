"""Credit notes that leave their lines to the invoice that they take back: ``credit: all``, or lines of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby

from pennyform.findings import Finding, Severity, errors
from pennyform.invoices.checks.credit_notes import CreditNote, compare, credit_notes, terms
from pennyform.invoices.checks.references import ReferenceClaim, ResolvedInvoice
from pennyform.invoices.money.mirror import CreditedBody, CreditError, with_credit
from pennyform.invoices.money.totals import UnknownProductError, totals
from pennyform.invoices.repository.context import RepositoryContext
from pennyform.invoices.repository.definition import LinkedDefinition, Related, check_files, check_resolved
from pennyform.invoices.repository.expansion import with_subject
from pennyform.invoices.repository.related import definitions_named, files_mentioning
from pennyform.invoices.sources.discover import Sources
from pennyform.invoices.yaml.document import Document

# What follows from the invoice, and what cannot be told of a mirror.
_EXCLUDED = ("invoice_lines", "invoice_line_sections", "discount", "template", "deduct")


def complete_credits(
    linked: Sequence[LinkedDefinition], related: Related, sources: Sources, context: RepositoryContext
) -> CreditCompleter:
    """Complete ``linked``, which leave their lines to an invoice, and count them among ``related.notes``."""
    completer = CreditCompleter(context)
    names = {str(key.value) for other in linked if (key := other.resolved.invoice.credit_note_of)}
    # What is credited earlier counts, also where the run was given other files only.
    elsewhere = Related()
    for result in check_files(list(files_mentioning(names, sources, context)), context):
        elsewhere.add(result)
    unasked = [other for other in elsewhere.linked if other.resolved.invoice.credit is not None]
    notes = [*related.notes, *elsewhere.notes]
    earlier = {note.terms.reference for note in notes if note.of in names}
    read = definitions_named(names | earlier, related.claims, sources, context)
    completer.complete([*linked, *unasked], notes, read)
    completer.forget({other.resolved.invoice.external_reference for other in unasked})
    product, rounding = context.repository().product, context.settings.rounding
    made = [other for other in completer.completed.values() if other.invoice.body.invoice_lines]
    related.notes += credit_notes(made, product, rounding)
    return completer


def check_credit_notes(
    notes: Sequence[CreditNote],
    claims: Sequence[ReferenceClaim],
    sources: Sources,
    context: RepositoryContext,
) -> Iterator[Finding]:
    """What keeps credit notes from taking back the invoices that they name, where those are defined here.

    Args:
        notes: of the run, which has kept nothing of the invoices: they are resolved again.
        claims: which file each reference of the run is in.
        sources: of the run; when it was given a part of the repository, the rest is searched too.
        context: what the invoices depend on.
    """
    if not notes:
        return
    product, rounding = context.repository().product, context.settings.rounding
    again = definitions_named({note.of for note in notes}, claims, sources, context)
    invoices = {
        reference: terms(resolved.invoice, product, rounding) for reference, resolved in again.items()
    }
    yield from compare(notes, invoices, rounding)


class CreditCompleter:
    """Gives credit notes their lines, by date, and then the checks that waited for these."""

    def __init__(self, context: RepositoryContext) -> None:
        self._findings: dict[str, list[Finding]] = {}
        self.completed: dict[str, ResolvedInvoice] = {}
        self._context, self._product = context, context.repository().product
        self._rounding = context.settings.rounding

    def complete(
        self,
        linked: Sequence[LinkedDefinition],
        notes: Sequence[CreditNote],
        defined: Mapping[str, ResolvedInvoice],
    ) -> None:
        """Complete ``linked``.

        Args:
            linked: the credit notes that leave their lines to an invoice.
            notes: those of the run that say them themselves.
            defined: the definitions of the invoices that are taken back, and of ``notes``, by reference.
        """
        for of, group in groupby(sorted(linked, key=_turn), _credited_reference):
            earlier = [note for note in notes if note.of == of]
            source = self._source(defined.get(of))
            for definition in group:
                for note in [note for note in earlier if note.turn < _turn(definition)[1:]]:
                    earlier.remove(note)
                    if source is not None and note.terms.reference in defined:
                        body = defined[note.terms.reference].invoice.body
                        source.take_by_hand(totals(body, rounding=self._rounding, product=self._product))
                self._complete(definition, source)

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with the credit notes."""
        return [finding for findings in self._findings.values() for finding in findings]

    def forget(self, references: Collection[str]) -> None:
        """Leave out credit notes that only counted for what they take back."""
        for reference in references:
            self._findings.pop(reference, None)
            self.completed.pop(reference, None)

    def _source(self, credited: ResolvedInvoice | None) -> CreditedBody | None:
        if credited is None or credited.invoice.draws_on_others:
            return None
        try:
            return CreditedBody.of(credited.invoice.body, rounding=self._rounding, product=self._product)
        except UnknownProductError:
            return None

    def _complete(self, definition: LinkedDefinition, source: CreditedBody | None) -> None:
        resolved, document = definition.resolved, definition.resolved.document
        findings = list(_excluded(document))
        if not findings and source is None:
            findings.append(
                document.finding(
                    "credit-open",
                    "what it takes back is known only to the account",
                    ("credit",),
                    severity=Severity.NOTE,
                )
            )
        elif not findings and source is not None:
            try:
                invoice = with_credit(resolved.invoice, source)
            except CreditError as problem:
                path = ("credit",) if problem.index is None else ("credit", problem.index)
                summary = str(problem)
                findings.append(document.finding("credit-differs", summary, path, fix=problem.fix))
            else:
                # The lines stand where ``credit`` asks for them.
                marks, mark = dict(document.marks), document.mark(("credit",))
                marks["invoice_lines",] = mark
                marks.update(
                    {("invoice_lines", index): mark for index in range(len(invoice.body.invoice_lines))}
                )
                marked = Document(document.file, document.value, marks, document.spoiled)
                resolved = ResolvedInvoice(marked, invoice, resolved.origins)
                findings += check_resolved(resolved, self._context)
        reference = resolved.invoice.external_reference
        self._findings[reference] = with_subject(findings, definition.definition, "invoice")
        if not errors(findings):
            self.completed[resolved.invoice.external_reference] = resolved


def _excluded(document: Document) -> Iterator[Finding]:
    for name in _EXCLUDED:
        if name in document.value:
            summary = f"`credit` says what is taken back, and so does `{name}`"
            yield document.finding("credit-differs", summary, (name,), key=True, fix=f"delete `{name}`")


def _credited_reference(linked: LinkedDefinition) -> str:
    key = linked.resolved.invoice.credit_note_of
    return str(key.value) if key is not None and key.field == "external_reference" else ""


def _turn(linked: LinkedDefinition) -> tuple[str, object, str]:
    invoice = linked.resolved.invoice
    return _credited_reference(linked), invoice.body.date, invoice.external_reference
