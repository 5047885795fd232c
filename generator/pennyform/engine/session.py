"""One run that may write: locked, journalled, and begun by finding out what earlier runs left open."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pennyform import __version__
from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import UnreadableError
from pennyform.engine.account.records import Company, RemoteState
from pennyform.engine.applying.applier import apply_plan, count_writes
from pennyform.engine.applying.context import ApplyContext, CompanyCheck, JournalledSender, Progress
from pennyform.engine.applying.finalization import BuyerCheck
from pennyform.engine.applying.report import ApplyReport
from pennyform.engine.issued import CheckDocument
from pennyform.engine.journal import lock
from pennyform.engine.journal.journal import Journal
from pennyform.engine.journal.records import Absent, Found, RunBegun, Subject, as_text
from pennyform.engine.journal.replayed_state import ReplayedState
from pennyform.engine.journal.store import JournalStore, import_journal
from pennyform.engine.plan_files.plan_file import digest
from pennyform.engine.planning.actions import Step
from pennyform.engine.planning.dependencies import keys_of
from pennyform.engine.planning.lookups import find_orphans, refresh
from pennyform.engine.planning.plan import Plan
from pennyform.engine.planning.planner import find_deletions, make_plan
from pennyform.engine.planning.preflight import preflight, require_scopes, select_invoices
from pennyform.engine.recovery import (
    UnknownOutcomeResolver,
    e_invoice_numbers,
    resolve_past_outcomes,
)
from pennyform.engine.runtime import Runtime
from pennyform.invoices.model import Repository
from pennyform.results.documents import json_data
from pennyform.safe_files import real_path


@dataclass(frozen=True, slots=True)
class CompanyState:
    """Whose account it is, and the journal of what was sent to it."""

    company: Company
    journal: JournalStore


@dataclass(frozen=True, slots=True)
class Session:
    """An apply under way. Made by :func:`open_session`, which holds the lock."""

    repository: Repository
    account: AccountClient
    company: Company
    journal: Journal
    runtime: Runtime
    interrupted: Callable[[], bool]

    def confirm_mails(self, *, mailed: Collection[str] = (), not_mailed: Collection[str] = ()) -> None:
        """Write down what a person knows and nothing shows: which invoices were mailed, which were not.

        Raises:
            PlanRejectedError: no definition has one of these references.
        """
        select_invoices(self.repository, [*mailed, *not_mailed])
        for record, references in ((Found, mailed), (Absent, not_mailed)):
            for reference in references:
                self.journal.write(record(kind=Step.MAIL, reference=reference, confirmed_by_user=True))

    def resolve_past_outcomes(self) -> None:
        """Find out what became of what earlier runs left open; what cannot be found out stays open."""
        resolve_past_outcomes(self._resolver(), self.repository)

    def plan(self, *, prune: bool = False, is_whole: bool = False) -> Plan:
        """Look up what the definitions name, and decide. What is still unsettled is left alone.

        What the journal has seen and the account does not show is looked up again: reads lag behind writes.

        Args:
            prune: also plan to delete drafts of this repository that no definition asks for.
            is_whole: whether the definitions are all that the repository has; only then it can be said which
                invoices none of them asks for.

        Raises:
            UnreadableError: it cannot be found out whether a customer or a product is there.
        """
        state = self.journal.state
        remote = refresh(self.repository, self.account, replayed=state, company=self.company)
        unsettled = _unsettled_invoices(state) - remote.invoices.keys()
        missed = _missed(self.repository, remote)
        if missed:
            unknown = self._resolver().resolve(missed).unknown
            unsettled |= {subject.reference for subject in unknown if subject.kind == "invoice"}
            for subject in sorted(unknown):
                if subject.kind != "invoice":
                    raise UnreadableError(f"the {subject.kind} {subject.reference} cannot be looked for")
            state = self.journal.state
            remote = refresh(self.repository, self.account, replayed=state, company=self.company)
        remote = replace(remote, unsettled=frozenset(unsettled - remote.invoices.keys()))
        notices = (*_distrusted(self.repository.root, self.journal.size), *_leftover_warnings(state))
        plan = make_plan(self.repository, remote, notices)
        if prune:
            plan = with_deletions(plan, self.repository, self.account)
        return with_orphans(plan, self.repository, remote, self.account) if is_whole else plan

    def apply(
        self,
        plan: Plan,
        progress: Progress,
        plan_id: str = "",
        check_document: CheckDocument | None = None,
    ) -> ApplyReport:
        """Carry ``plan`` out.

        Args:
            plan: what to do.
            progress: told after each write.
            plan_id: what a saved plan is called in the journal.
            check_document: looks at the document of an invoice before it is mailed or given to the platform.

        Raises:
            PlanRejectedError: the token lacks a scope for it; nothing was sent.
        """
        require_scopes(plan)
        clock = self.runtime.clock
        until = clock.monotonic() + self.runtime.patience.run
        sender = JournalledSender(
            self.journal,
            CompanyCheck(self.account, plan.company, clock),
            self.interrupted,
            overdue=lambda: clock.monotonic() >= until,
            progress=progress,
            total=count_writes(plan),
        )
        if plan.pending:
            origin = self.runtime.origin(self.repository.root)
            plan_id = plan_id or digest(json_data(plan.document()))
            who = (as_text(value) for value in origin)
            fields = dict(zip(origin._fields, who, strict=True))
            sender.note(RunBegun(plan=plan_id, pennyform=__version__, **fields))
        numbers = e_invoice_numbers(change.desired for change in plan.invoices)
        resolver = replace(self._resolver(), numbers=numbers)
        ids: dict[Subject, int] = {}
        buyers = BuyerCheck(self.account, self.runtime, self.interrupted, plan.invoices, ids)
        root = self.repository.root
        context = ApplyContext(
            self.account, sender, resolver, self.runtime, root, buyers, check_document, ids
        )
        return apply_plan(plan, context)

    def _resolver(self) -> UnknownOutcomeResolver:
        return UnknownOutcomeResolver(self.account, self.journal, self.runtime, self.interrupted)


@contextmanager
def open_session(
    repository: Repository,
    account: AccountClient,
    state: CompanyState,
    runtime: Runtime,
    *,
    interrupted: Callable[[], bool],
    repair: bool = False,
    old_journal: Path | None = None,
    retry: lock.Retry = lambda _: False,
) -> Iterator[Session]:
    """Take the lock, open the journal, and hold both for as long as the context lasts.

    Args:
        repository: the definitions.
        account: the account.
        state: whose account it is, and its journal.
        runtime: the machine.
        interrupted: whether to stop before the next write.
        repair: set a damaged journal aside, and look everything up that it may have known.
        old_journal: a journal of version 0.1 that a person wants to be taken over.
        retry: asked whether to try again when another apply holds the lock.

    Raises:
        LockHeldError: another apply is under way.
        JournalError: the journal cannot be written.
        Failure: ``journal-damaged``.
        LockFileError: the lock cannot be taken.
        PlanRejectedError: the definitions ask for what is not carried out, or for another company.
    """
    preflight(repository, state.company)
    store = state.journal
    store.check_place(repository.root)
    with store.hold(retry):
        if repair:
            store.quarantine()
        journal = store.open()
        if old_journal is not None:
            import_journal(old_journal, journal, runtime.storage)
        yield Session(repository, account, state.company, journal, runtime, interrupted)


def with_deletions(plan: Plan, repository: Repository, account: AccountClient) -> Plan:
    """``plan``, and the deletion of the drafts that left the repository.

    Raises:
        PlanRejectedError: nobody can say which drafts those are.
    """
    return replace(plan, deletions=find_deletions(repository, account.drafts()))


def with_orphans(plan: Plan, repository: Repository, remote: RemoteState, account: AccountClient) -> Plan:
    """``plan``, and the invoices that no definition of the whole ``repository`` asks for.

    Raises:
        OutcomeError: the account could not be read.
    """
    deleted = [deletion.remote.id for deletion in plan.deletions]
    return replace(plan, orphans=find_orphans(repository, remote, account, deleted))


@dataclass(frozen=True, slots=True)
class ReadOnlyState:
    """What the account holds, and what the journal has to say about it."""

    remote: RemoteState
    warnings: tuple[str, ...]


def refresh_read_only(repository: Repository, account: AccountClient, state: CompanyState) -> ReadOnlyState:
    """Look up what the definitions name without a lock, for a plan or a verification.

    Raises:
        Failure: ``journal-damaged``.
        OutcomeError: the account could not be read.
        PlanRejectedError: a definition names something that neither repository nor account has, asks for
            what is not carried out, or is for another company.
    """
    preflight(repository, state.company)
    state.journal.check_place(repository.root)
    journal = state.journal.replay()
    remote = refresh(repository, account, replayed=journal, company=state.company)
    references = {invoice.external_reference for invoice in repository.invoices}
    unknown = [
        f"an earlier apply left the outcome of {reference} unknown; the next apply finds it out"
        for reference in sorted(_unsettled_invoices(journal) & references)
    ]
    distrusted = _distrusted(repository.root, len(journal.ids))
    return ReadOnlyState(remote, (*distrusted, *unknown, *_leftover_warnings(journal)))


def _unsettled_invoices(state: ReplayedState) -> set[str]:
    return {subject.reference for subject in state.unsettled if subject.kind == "invoice"}


def _missed(repository: Repository, remote: RemoteState) -> list[Subject]:
    """What would be created, although the journal has seen it under an id and nothing is open about it."""
    state = remote.replayed
    invoices = {invoice.external_reference for invoice in repository.invoices} - remote.invoices.keys()
    # What carries another reference by now is not absent.
    absent = {Subject("invoice", reference) for reference in invoices - remote.renamed.keys()}
    absent |= {Subject("customer", name) for name in repository.customers.keys() - remote.customers.keys()}
    absent |= {Subject("product", name) for name in repository.products.keys() - remote.products.keys()}
    missed = {subject for subject in absent if subject in state.ids and subject not in state.unsettled}
    # A customer or product that no definition names was not looked up, and is not created.
    named = {Subject(key.kind, str(key.value)) for key in keys_of(repository)} if missed else set()
    return sorted(subject for subject in missed if subject.kind == "invoice" or subject in named)


def _leftover_warnings(state: ReplayedState) -> tuple[str, ...]:
    return tuple(
        f"draft {old} was replaced as {subject.reference} and is still there: delete it in Pennylane"
        for subject, old in sorted(state.aside.items())
    )


def _distrusted(root: Path, known: int) -> tuple[str, ...]:
    """That a journal lies in the repository ``root``, unless one of the user's own knows something."""
    folder = root / ".pennyform" / "journal"
    # Not through a link: what lies elsewhere is not for a plan.
    is_there = not known and real_path(folder) == real_path(root) / ".pennyform" / "journal"
    files = sorted(folder.glob("*.jsonl")) if is_there else []
    return tuple(
        f"{file.relative_to(root).as_posix()} is not read: a journal that comes with a repository proves "
        "nothing. If pennyform 0.1 wrote it here, name it once in 'pennyform apply --import-journal'"
        for file in files
    )
