"""What the fleet asks of its queue: jobs that wait, jobs that are worked on, and jobs whose worker is gone.

Behind this interface lies :mod:`pennyform.fleet.procrastinate_queue`. Another engine, such as Temporal, can
take its place: it must hand out a job at least once, must not hand out two jobs of one lock at a time as long
as their workers live, and must hand a job out again when its worker is gone. It need not be exact about
either: the lease of a company and its fence are what keep two workers from writing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """A job to be queued: the SHA-256 of its request, the lock of its company, and whose workers do it."""

    request: str
    lock: str
    fleet: str = ""


@dataclass(frozen=True, slots=True)
class JobTicket:
    """A job as a worker gets it; ``id`` is the queue's."""

    id: int
    request: str
    lock: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of a job that was tried.

    ``failed`` lets it rest as failed; ``retry_after`` lets it be tried again after so many seconds. Neither:
    it is done. ``exit_code`` is that of the verb, where the job failed.
    """

    retry_after: float | None = None
    failed: bool = False
    exit_code: int = 0


CarryOut = Callable[[JobTicket], Verdict]
"""Does one job, in a thread of its own, and says what is to become of it."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How a worker works.

    Attributes:
        concurrency: companies at once.
        stall_seconds: a worker that has not been heard of for so long is taken for gone.
        poll_seconds: how often to look for jobs that nobody announced.
        once: stop as soon as no job is left.
    """

    concurrency: int = 8
    stall_seconds: float = 60.0
    poll_seconds: float = 5.0
    once: bool = False


@dataclass(frozen=True, slots=True)
class QueueState:
    """Jobs by status, and the locks of those that are being worked on; ``stalled`` are without a worker."""

    counts: Mapping[str, int]
    running: Sequence[str]
    stalled: Sequence[str]
    workers: int = 0
    oldest_seconds: float = 0.0


@dataclass(eq=False, slots=True)
class Stop:
    """Tells a worker to take no more jobs, from any thread or signal handler."""

    _event: threading.Event = field(default_factory=threading.Event)
    _hooks: list[Callable[[], None]] = field(default_factory=list)

    def request(self) -> None:
        """Take no more jobs."""
        self._event.set()
        for hook in self._hooks:
            hook()

    def requested(self) -> bool:
        """Whether no more jobs are to be taken."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait so long at most; whether it was requested."""
        return self._event.wait(seconds)

    def on_request(self, hook: Callable[[], None]) -> None:
        """Call ``hook`` once it is requested."""
        self._hooks.append(hook)
        if self.requested():
            hook()


class Queue(Protocol):
    """The queue of the fleet."""

    def migrate(self) -> None:
        """Make its tables, or bring those of an earlier version up to date."""

    def submit(self, jobs: Sequence[QueuedJob]) -> list[int]:
        """Queue jobs, all or none; their ids."""

    def work(self, carry_out: CarryOut, settings: WorkerSettings, stop: Stop) -> None:
        """Hand jobs to ``carry_out`` until ``stop`` is requested and those under way have ended.

        Raises:
            QueueLostError: the queue cannot be reached; what was under way has ended.
        """

    def forget(self, days: int, *, delete: bool) -> tuple[int, dict[int, str]]:
        """Delete jobs that ended more than so many days ago; or, without ``delete``, only count them.

        Returns:
            How many there are, and of each other job the SHA-256 of its request, by its id.
        """

    def state(self, stall_seconds: float) -> QueueState:
        """How many jobs there are of each status, and which are being worked on."""


class QueueLostError(Exception):
    """The queue cannot be reached."""
