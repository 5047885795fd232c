"""What became of a request whose answer was lost: look-ups, repeated until absence is proven."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import OutcomeError, UnreadableError
from pennyform.engine.account.state import Row
from pennyform.engine.journal.journal import Journal
from pennyform.engine.journal.records import Absent, Found, Settled, Subject, Waited
from pennyform.engine.journal.replayed_state import ReplayedState
from pennyform.engine.runtime import Runtime
from pennyform.engine.runtime.clock import pause
from pennyform.invoices.model import DesiredInvoice, ImportedInvoiceBody, Repository

Stop = Callable[[], bool]

# Steps of which finding the row proves that they were carried out.
_CREATIONS = {"create", "create_draft", "upload_file", "import"}
# Up to so many invoices are looked up one by one.
_FEW = 3
# No waiting makes a mail visible.
_MAIL = "send_by_email"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the look-ups showed: ``found`` with ids, ``absent`` for certain, or still ``unknown``."""

    found: dict[Subject, int]
    absent: frozenset[Subject]
    unknown: frozenset[Subject]


@dataclass(frozen=True, slots=True)
class UnknownOutcomeResolver:
    """Looks up what is uncertain, over a window that outlasts a request still on its way.

    ``numbers`` are the legal numbers of electronic invoices by reference; their import carries none.
    """

    remote: AccountClient
    journal: Journal
    runtime: Runtime
    stop: Stop = lambda: False
    numbers: Mapping[str, str] = field(default_factory=dict)

    def settle(self, subjects: Collection[Subject]) -> Resolution:
        """Look every subject up, again and again, until it is found or the window is over.

        What is found or proven absent is written into the journal. A subject whose last look-up failed, or
        whose window was cut short, stays unknown.

        Raises:
            JournalError: what was seen cannot be written down.
        """
        found: dict[Subject, int] = {}
        missing: set[Subject] = set()
        open_ = sorted(subjects)
        for number, seconds in enumerate(self.runtime.patience.settle, start=1):
            pause(self.runtime.clock, seconds, self.stop)
            if not open_ or self.stop():
                break
            missing = set()
            for some in self._together(open_, last=number == len(self.runtime.patience.settle)):
                self._look(some, found, missing)
            open_ = [subject for subject in open_ if subject not in found]
        absent = frozenset() if self.stop() else frozenset(missing)
        for subject in sorted(absent):
            self.journal.write(Absent(kind=subject.kind, reference=subject.reference))
        return Resolution(found, absent, frozenset(open_) - absent)

    def _together(self, subjects: Sequence[Subject], *, last: bool) -> Iterator[Sequence[Subject]]:
        """The subjects in groups of one kind that are looked up together.

        Invoices can only be asked for one by one. While that is not the last word on them, many of them are
        looked for among the newest drafts instead.
        """
        for kind in ("customer", "product", "invoice"):
            some = [subject for subject in subjects if subject.kind == kind]
            if kind == "invoice" and (last or len(some) <= _FEW):
                yield from ([subject] for subject in some)
            elif some:
                yield some

    def _look(self, subjects: Sequence[Subject], found: dict[Subject, int], missing: set[Subject]) -> None:
        try:
            ids = self._ids_of(subjects[0].kind, [subject.reference for subject in subjects])
        except OutcomeError:
            return
        for subject in subjects:
            id_ = ids.get(subject.reference)
            if id_ is None:
                missing.add(subject)
            else:
                found[subject] = id_
                self.journal.write(Found(kind=subject.kind, reference=subject.reference, id=id_))

    def _ids_of(self, kind: str, references: Sequence[str]) -> dict[str, int]:
        match kind:
            case "invoice":
                return self._invoices(references)
            case "customer":
                return _ids(self.remote.customers(references))
            case "product":
                return _ids(self.remote.products(references))
        raise ValueError(f"cannot look up {kind}")

    def _invoices(self, references: Sequence[str]) -> dict[str, int]:
        if len(references) > 1:
            drafts = self.remote.newest_drafts()
            return {row.external_reference: row.id for row in drafts if row.external_reference in references}
        (reference,) = references
        rows = self.remote.invoices_with(reference)
        if not rows and reference in self.numbers:
            rows = self.remote.invoices_numbered(self.numbers[reference])
        if len(rows) > 1:
            raise UnreadableError(f"{len(rows)} invoices carry the reference {reference}")
        return {reference: rows[0].id} if rows else {}


def _ids(rows: Mapping[str, Row]) -> dict[str, int]:
    return {reference: int(row["id"]) for reference, row in rows.items()}


def numbers(invoices: Iterable[DesiredInvoice]) -> dict[str, str]:
    """The legal numbers that electronic invoices among ``invoices`` will have, by reference."""
    return {
        invoice.external_reference: invoice.body.invoice_number
        for invoice in invoices
        if isinstance(invoice.body, ImportedInvoiceBody)
        and invoice.e_invoice_lines
        and invoice.body.invoice_number
    }


def resolve_past_outcomes(settler: UnknownOutcomeResolver, repository: Repository) -> None:
    """Settle what earlier runs left open among the definitions at hand; what stays unknown stays open.

    Raises:
        JournalError: what was seen cannot be written down.
    """
    settler = replace(settler, numbers=numbers(repository.invoices))
    memory = settler.journal.state
    everything = set(_subjects(repository))
    open_ = {subject: step for subject, step in memory.unsettled.items() if subject in everything}
    tasks = _open_tasks(memory, repository)
    if tasks or set(open_.values()) - _CREATIONS:
        # A change that is still on its way would meet the next one: seeing the invoice proves nothing.
        pause(settler.runtime.clock, sum(settler.runtime.patience.settle), settler.stop)
    for subject in [] if settler.stop() else tasks:
        settler.journal.write(Waited(kind=subject.kind, reference=subject.reference))
    settled = settler.settle(everything if memory.doubtful else open_)
    if memory.doubtful and not settled.unknown:
        settler.journal.write(Settled())


def _open_tasks(memory: ReplayedState, repository: Repository) -> list[Subject]:
    """Tasks that may still be on their way and that the account will show once they arrived."""
    references = {invoice.external_reference for invoice in repository.invoices}
    known = {"invoice", "customer", "product", _MAIL}
    return sorted(
        subject
        for subject in memory.unsettled
        if subject.kind not in known and subject.reference in references
    )


def _subjects(repository: Repository) -> Iterator[Subject]:
    yield from (Subject("invoice", invoice.external_reference) for invoice in repository.invoices)
    yield from (Subject("customer", reference) for reference in repository.customers)
    yield from (Subject("product", reference) for reference in repository.products)
