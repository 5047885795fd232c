"""Recovery: what became of a request whose answer was lost. Look-ups, repeated until absence is proven."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import OutcomeError, UnreadableError
from pennyform.engine.journal.journal import Journal
from pennyform.engine.journal.records import Absent, Found, Settled, Subject, Waited
from pennyform.engine.runtime import Runtime, pause
from pennyform.invoices.model import DesiredInvoice, Repository

# Steps of which finding the row proves that they were carried out.
_CREATIONS = {"create", "create_draft", "upload_file", "import"}
# Up to so many invoices are looked up one by one: more of them take fewer requests in pages of new drafts.
_LOOKED_UP_SINGLY = 3
# No waiting makes a mail visible.
_MAIL = "send_by_email"


@dataclass(frozen=True, slots=True)
class Resolution:
    """The ``ids`` of what look-ups showed, and what is ``absent`` for certain or still ``unknown``."""

    ids: Mapping[Subject, int]
    absent: frozenset[Subject]
    unknown: frozenset[Subject]


@dataclass(frozen=True, slots=True)
class UnknownOutcomeResolver:
    """Looks up what is uncertain, over a window that outlasts a request still on its way.

    ``interrupted`` cuts the window short. ``numbers`` are the legal numbers of electronic invoices by
    reference; their import carries no reference.
    """

    account: AccountClient
    journal: Journal
    runtime: Runtime
    interrupted: Callable[[], bool]
    numbers: Mapping[str, str] = field(default_factory=dict)

    def resolve(self, subjects: Collection[Subject], *, has_waited: bool = False) -> Resolution:
        """Look every subject up, again and again, until it is found or the window is over.

        What is found or proven absent is written into the journal. A subject whose last look-up failed, or
        whose window was cut short, stays unknown. When the window is over already (``has_waited``), one
        look-up is the last word.

        Raises:
            JournalError: what was found out cannot be written down.
        """
        ids: dict[Subject, int] = {}
        missing: set[Subject] = set()
        pending = sorted(subjects)
        pauses = (0.0,) if has_waited else self.runtime.patience.settle
        for number, seconds in enumerate(pauses, start=1):
            if not pending:
                break
            pause(self.runtime.clock, seconds, self.interrupted)
            if self.interrupted():
                break
            missing = set()
            for group in _group(pending, last=number == len(pauses)):
                try:
                    rows = self._look_up(group[0].kind, [subject.reference for subject in group])
                except OutcomeError:
                    continue  # Neither there nor missing: the next round asks again.
                for subject in group:
                    id_ = rows.get(subject.reference)
                    if id_ is None:
                        missing.add(subject)
                    else:
                        ids[subject] = id_
                        self.journal.write(Found(kind=subject.kind, reference=subject.reference, id=id_))
            pending = [subject for subject in pending if subject not in ids]
        absent = frozenset() if self.interrupted() else frozenset(missing)
        for kind, reference in sorted(absent):
            self.journal.write(Absent(kind=kind, reference=reference))
        return Resolution(ids, absent, frozenset(pending) - absent)

    def _look_up(self, kind: str, references: Sequence[str]) -> dict[str, int]:
        """The ids of those that the account shows now, by reference; several invoices among new drafts only.

        Raises:
            OutcomeError: it could not be read, or more than one invoice carries the reference.
        """
        match kind:
            case "customer":
                return {reference: row.id for reference, row in self.account.customers(references).items()}
            case "product":
                return {reference: row.id for reference, row in self.account.products(references).items()}
            case "invoice" if len(references) > 1:
                drafts = self.account.newest_drafts()
                return {
                    row.external_reference: row.id for row in drafts if row.external_reference in references
                }
            case "invoice":
                (reference,) = references
                invoices = self.account.invoices_with(reference)
                if not invoices and reference in self.numbers:
                    known = self.journal.replay.ids.get(Subject("invoice", reference))
                    rows = self.account.invoices_numbered(self.numbers[reference])
                    invoices = [row for row in rows if known in (None, row.id)]
                if len(invoices) > 1:
                    raise UnreadableError(f"{len(invoices)} invoices carry the reference {reference}")
                return {reference: invoices[0].id} if invoices else {}
            case _:
                raise ValueError(f"cannot look up {kind}")


def _group(subjects: Sequence[Subject], *, last: bool) -> list[Sequence[Subject]]:
    """The subjects in groups of one kind that are looked up together.

    Invoices can only be asked for one by one. While that is not the last word on them, many of them are
    looked for among the newest drafts instead.
    """
    groups: list[Sequence[Subject]] = []
    for kind in ("customer", "product", "invoice"):
        group = [subject for subject in subjects if subject.kind == kind]
        if kind == "invoice" and (last or len(group) <= _LOOKED_UP_SINGLY):
            groups += [[subject] for subject in group]
        elif group:
            groups.append(group)
    return groups


def e_invoice_numbers(invoices: Iterable[DesiredInvoice]) -> dict[str, str]:
    """The legal numbers that electronic invoices among ``invoices`` will have, by reference."""
    return {
        invoice.external_reference: invoice.e_invoice_number
        for invoice in invoices
        if invoice.e_invoice_number
    }


def resolve_past_outcomes(resolver: UnknownOutcomeResolver, repository: Repository) -> None:
    """Find out what earlier runs left open among the definitions at hand; what stays unknown stays open.

    Raises:
        JournalError: what was found out cannot be written down.
    """
    journal, runtime, state = resolver.journal, resolver.runtime, resolver.journal.state
    # A number alone makes no invoice ours: it is only asked for where an import was sent.
    imports = [
        invoice
        for invoice in repository.invoices
        if (subject := Subject("invoice", invoice.external_reference)) in state.ids
        or state.unsettled.get(subject) == "import"
    ]
    resolver = replace(resolver, numbers=e_invoice_numbers(imports))
    references = {invoice.external_reference for invoice in repository.invoices}
    subjects = {Subject("invoice", reference) for reference in references}
    subjects |= {Subject("customer", reference) for reference in repository.customers}
    subjects |= {Subject("product", reference) for reference in repository.products}
    open_steps = {subject: step for subject, step in state.unsettled.items() if subject in subjects}
    # Tasks that may still be on their way, and that the account will show once they arrived.
    tasks = sorted(
        subject
        for subject in state.unsettled
        if subject.kind not in {"invoice", "customer", "product", _MAIL} and subject.reference in references
    )
    must_wait = bool(tasks or set(open_steps.values()) - _CREATIONS)
    if must_wait:
        # A change still on its way would collide with the next one: seeing the invoice proves nothing.
        pause(runtime.clock, sum(runtime.patience.settle), resolver.interrupted)
    for kind, reference in () if resolver.interrupted() else tasks:
        journal.write(Waited(kind=kind, reference=reference))
    resolution = resolver.resolve(subjects if state.doubtful else open_steps, has_waited=must_wait)
    if state.doubtful and not resolution.unknown:
        journal.write(Settled())
