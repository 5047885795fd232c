"""One run that may write: locked, journalled, and begun by settling what earlier runs left open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pennyform.engine import lock
from pennyform.engine.apply import Applier
from pennyform.engine.clock import Clock
from pennyform.engine.journal import Journal, Memory, open_journal, peek, recall, set_aside
from pennyform.engine.limits import Patience
from pennyform.engine.observe import observe
from pennyform.engine.observed import Company, Observation
from pennyform.engine.plan import Plan
from pennyform.engine.planner import plan
from pennyform.engine.remote import Remote
from pennyform.engine.results import Report
from pennyform.engine.sender import Progress
from pennyform.engine.settle import Settler, settle_past
from pennyform.engine.storage import Storage
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
class World:
    """What the engine would otherwise take from the machine: time and durable files, and how long to wait."""

    clock: Clock
    storage: Storage
    patience: Patience


@dataclass(frozen=True, slots=True)
class Session:
    """An apply under way. Made by :func:`begin`, which holds the lock."""

    repository: Repository
    remote: Remote
    company: Company
    journal: Journal
    world: World
    interrupted: Callable[[], bool]

    def settle(self) -> Memory:
        """Find out what became of what earlier runs left open."""
        settler = Settler(self.remote, self.journal, self.world.clock, self.world.patience, self.interrupted)
        return settle_past(settler, self.repository)

    def observe(self, memory: Memory) -> Observation:
        """Look up what the definitions name; what is still unsettled is marked so."""
        observation = observe(self.repository, self.remote, memory=memory, company=self.company)
        unsettled = {subject.reference for subject in memory.unsettled if subject.kind == "invoice"}
        return replace(observation, unsettled=frozenset(unsettled - observation.invoices.keys()))

    def plan(self) -> Plan:
        """Observe, and decide anew with what is remembered now."""
        return plan(self.repository, self.observe(recall(self.journal.records)))

    def apply(self, plan: Plan, progress: Progress) -> Report:
        """Carry ``plan`` out."""
        applier = Applier(
            self.remote,
            self.journal,
            self.world.clock,
            self.world.patience,
            interrupted=self.interrupted,
            progress=progress,
        )
        return applier.apply(plan)


@contextmanager
def begin(
    repository: Repository,
    remote: Remote,
    state: State,
    world: World,
    *,
    interrupted: Callable[[], bool],
    repair: bool = False,
) -> Iterator[Session]:
    """Take the lock, open the journal, and hold both for as long as the context lasts.

    Args:
        repository: the definitions.
        remote: the account.
        state: where journal and lock lie.
        world: time, files and patience.
        interrupted: whether to stop before the next write.
        repair: set a damaged journal aside, and look everything up that it may have known.

    Raises:
        LockHeldError: another apply is under way.
        JournalError: the journal cannot be written.
        Failure: ``journal-damaged``.
        OSError: the lock's file cannot be made.
    """
    with lock.hold(state.lock):
        damaged = set_aside(state.journal, world.storage) if repair else None
        journal = open_journal(state.journal, world.storage, world.clock.now)
        if damaged is not None:
            journal.write("doubt", why=f"the journal before this one was damaged: {damaged.name}")
        yield Session(repository, remote, state.company, journal, world, interrupted)


def look(repository: Repository, remote: Remote, state: State, storage: Storage) -> Observation:
    """Look up what the definitions name without a lock, for a plan or a verification.

    Raises:
        Failure: ``journal-damaged``.
        OutcomeError: the account could not be read.
    """
    memory = peek(state.journal, storage)
    return observe(repository, remote, memory=memory, company=state.company)
