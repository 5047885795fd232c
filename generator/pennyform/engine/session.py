"""One run that may write: locked, journalled, and begun by settling what earlier runs left open."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import UnreadableError
from pennyform.engine.account.state import Company, RemoteState
from pennyform.engine.applying.applier import Applier
from pennyform.engine.applying.journalled_request import Progress
from pennyform.engine.applying.prune import orphans
from pennyform.engine.applying.report import ApplyReport
from pennyform.engine.journal import lock
from pennyform.engine.journal.journal import Journal, open_journal, quarantine, replay_file
from pennyform.engine.journal.records import Absent, Found, Subject
from pennyform.engine.journal.replayed_state import ReplayedState
from pennyform.engine.planning.actions import Step
from pennyform.engine.planning.lookups import refresh
from pennyform.engine.planning.natural_keys import keys_of
from pennyform.engine.planning.plan import Plan
from pennyform.engine.planning.planner import make_plan
from pennyform.engine.planning.preflight import preflight
from pennyform.engine.planning.scopes import require_scopes
from pennyform.engine.planning.targets import select_invoices
from pennyform.engine.recovery.settle import UnknownOutcomeResolver, resolve_past_outcomes
from pennyform.engine.runtime import Runtime
from pennyform.engine.runtime.files import Storage
from pennyform.invoices.model import Repository


@dataclass(frozen=True, slots=True)
class State:
    """Where the journal and the lock of one company lie.

    ``folder`` is the repository's ``.pennyform``; ``service`` tells accounts apart whose ids may be the same
    (the host's name, or ``sandbox``).
    """

    folder: Path
    service: str
    company: Company

    @property
    def journal(self) -> Path:
        """The company's journal."""
        return self.folder / "journal" / f"{self.service}-{self.company.id}.jsonl"

    @property
    def lock(self) -> Path:
        """The company's lock."""
        return self.journal.with_suffix(".lock")


@dataclass(frozen=True, slots=True)
class Session:
    """An apply under way. Made by :func:`open_session`, which holds the lock."""

    repository: Repository
    remote: AccountClient
    company: Company
    journal: Journal
    runtime: Runtime
    interrupted: Callable[[], bool]

    @property
    def memory(self) -> ReplayedState:
        """What the journal remembers by now."""
        return self.journal.state

    def confirm_mails(self, *, mailed: Collection[str] = (), not_mailed: Collection[str] = ()) -> None:
        """Write down what a person knows and nothing shows: which invoices were mailed, which were not.

        Raises:
            InadmissibleError: no definition has one of these references.
        """
        select_invoices(self.repository, [*mailed, *not_mailed])
        for record, references in ((Found, mailed), (Absent, not_mailed)):
            for reference in references:
                self.journal.write(record(kind=Step.MAIL, reference=reference, confirmed_by_user=True))

    def settle(self) -> None:
        """Find out what became of what earlier runs left open; what cannot be found out stays open."""
        resolve_past_outcomes(self._settler(), self.repository)

    def plan(self, *, prune: bool = False) -> Plan:
        """Look up what the definitions name, and decide. What is still unsettled is left alone.

        Args:
            prune: also plan to delete drafts of this repository that no definition asks for.
        """
        observation = self._observe()
        made = make_plan(self.repository, observation, _leftovers(observation.memory))
        return with_orphans(made, self.repository, self.remote) if prune else made

    def _observe(self) -> RemoteState:
        """Look up, and again where the journal has seen something that does not show: reads lag.

        Raises:
            UnreadableError: it cannot be found out whether a customer or a product is there.
        """
        memory = self.memory
        observation = refresh(self.repository, self.remote, memory=memory, company=self.company)
        open_ = _unsettled(memory) - observation.invoices.keys()
        missed = _missed(self.repository, observation)
        if missed:
            unknown = self._settler().settle(missed).unknown
            open_ |= {subject.reference for subject in unknown if subject.kind == "invoice"}
            for subject in sorted(unknown):
                if subject.kind != "invoice":
                    raise UnreadableError(f"the {subject.kind} {subject.reference} cannot be looked for")
            observation = refresh(self.repository, self.remote, memory=self.memory, company=self.company)
        return replace(observation, unsettled=frozenset(open_ - observation.invoices.keys()))

    def _settler(self) -> UnknownOutcomeResolver:
        return UnknownOutcomeResolver(self.remote, self.journal, self.runtime, self.interrupted)

    def apply(self, plan: Plan, progress: Progress) -> ApplyReport:
        """Carry ``plan`` out.

        Raises:
            InadmissibleError: the token lacks a scope for it; nothing was sent.
        """
        require_scopes(plan)
        applier = Applier(
            self.remote,
            self.journal,
            self.runtime,
            self.repository.root,
            interrupted=self.interrupted,
            progress=progress,
        )
        return applier.apply(plan)


@contextmanager
def open_session(
    repository: Repository,
    remote: AccountClient,
    state: State,
    runtime: Runtime,
    *,
    interrupted: Callable[[], bool],
    repair: bool = False,
    retry: lock.Retry = lambda _: False,
) -> Iterator[Session]:
    """Take the lock, open the journal, and hold both for as long as the context lasts.

    Args:
        repository: the definitions.
        remote: the account.
        state: where journal and lock lie.
        runtime: the machine.
        interrupted: whether to stop before the next write.
        repair: set a damaged journal aside, and look everything up that it may have known.
        retry: asked whether to try again when another apply holds the lock.

    Raises:
        LockHeldError: another apply is under way.
        JournalError: the journal cannot be written.
        Failure: ``journal-damaged``.
        LockFileError: the lock's file cannot be made.
        InadmissibleError: the definitions ask for what is not carried out, or for another company.
    """
    preflight(repository, state.company)
    with lock.hold(state.lock, retry, runtime.system_calls):
        if repair:
            quarantine(state.journal, runtime.storage, runtime.clock.now)
        journal = open_journal(state.journal, runtime.storage, runtime.clock.now)
        yield Session(repository, remote, state.company, journal, runtime, interrupted)


def with_orphans(plan: Plan, repository: Repository, remote: AccountClient) -> Plan:
    """``plan``, and the deletion of the drafts that left the repository.

    Raises:
        InadmissibleError: nobody can say which drafts those are.
    """
    return replace(plan, orphans=orphans(repository, remote.drafts()))


class Looked(NamedTuple):
    """What was looked up, and what the journal has to say about it."""

    observation: RemoteState
    warnings: tuple[str, ...]


def refresh_read_only(
    repository: Repository, remote: AccountClient, state: State, storage: Storage
) -> Looked:
    """Look up what the definitions name without a lock, for a plan or a verification.

    Raises:
        Failure: ``journal-damaged``.
        OutcomeError: the account could not be read.
        InadmissibleError: a definition names something that neither repository nor account has, asks for
            what is not carried out, or is for another company.
    """
    preflight(repository, state.company)
    memory = replay_file(state.journal, storage)
    observation = refresh(repository, remote, memory=memory, company=state.company)
    open_ = sorted(_unsettled(memory) & {invoice.external_reference for invoice in repository.invoices})
    unknown = [
        f"an earlier apply left the outcome of {reference} unknown; the next apply finds it out"
        for reference in open_
    ]
    return Looked(observation, (*unknown, *_leftovers(memory)))


def _unsettled(memory: ReplayedState) -> set[str]:
    return {subject.reference for subject in memory.unsettled if subject.kind == "invoice"}


def _missed(repository: Repository, observation: RemoteState) -> list[Subject]:
    """What would be created, although the journal has seen it under an id and nothing is open about it."""
    memory = observation.memory
    invoices = (Subject("invoice", invoice.external_reference) for invoice in repository.invoices)
    absent = [subject for subject in invoices if subject.reference not in observation.invoices]
    absent += (
        Subject("customer", name) for name in repository.customers.keys() - observation.customers.keys()
    )
    absent += (Subject("product", name) for name in repository.products.keys() - observation.products.keys())
    seen = [subject for subject in absent if subject in memory.ids and subject not in memory.unsettled]
    # A customer or product that no definition names was not looked up, and is not created.
    named = {Subject(key.kind, str(key.value)) for key in keys_of(repository.invoices)} if seen else set()
    return sorted(subject for subject in seen if subject.kind == "invoice" or subject in named)


def _leftovers(memory: ReplayedState) -> tuple[str, ...]:
    return tuple(
        f"draft {old} was replaced as {subject.reference} and is still there: delete it in Pennylane"
        for subject, old in sorted(memory.aside.items())
    )
