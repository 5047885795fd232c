"""What goes wrong and when: a schedule of faults that a seed makes repeatable."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from threading import RLock

from pennyform.sandbox.faults.fault_context import Service, Stage, Visit
from pennyform.sandbox.faults.kinds import Deliver, Encounter, Fault, Lag, Stale
from pennyform.sandbox.faults.matching import matches
from pennyform.sandbox.faults.outcome import RequestOutcome
from pennyform.sandbox.messages import Request


@dataclass(slots=True)
class Scheduled:
    """A fault and what it has seen.

    Attributes:
        number: by which it can be removed; counts from 1.
        fault: the fault.
        seen: requests that matched it.
        met: how many of them it met.
    """

    number: int
    fault: Fault
    seen: int = 0
    met: int = 0


class Faults:
    """All faults of one sandbox, and what they need to remember.

    Whatever the order in which threads come, one seed decides alike about the n-th request that matches a
    fault: draws of different faults, and of different requests, do not touch each other.

    Args:
        seed: decides every draw.
        faults: to begin with.
    """

    def __init__(self, seed: int = 0, faults: Iterable[Fault] = ()) -> None:
        self.seed = seed
        self._scheduled: list[Scheduled] = []
        self._number = 0
        self._stage = Stage()
        self._lock = RLock()
        for fault in faults:
            self.schedule(fault)

    def schedule(self, fault: Fault) -> int:
        """Switch a fault on; returns its number. Of several on one request the first wraps the others."""
        with self._lock:
            self._number += 1
            self._scheduled.append(Scheduled(self._number, fault))
            self._prepare()
            return self._number

    def remove(self, number: int) -> bool:
        """Switch one off; whether there was one."""
        with self._lock:
            before = len(self._scheduled)
            self._scheduled = [found for found in self._scheduled if found.number != number]
            self._prepare()
            return len(self._scheduled) < before

    def clear(self) -> None:
        """Switch all off. What is under way late still arrives."""
        with self._lock:
            self._scheduled = []
            self._prepare()

    def scheduled(self) -> Sequence[Scheduled]:
        """Those switched on and what they have met; one that met all it was to meet stays in the list."""
        with self._lock:
            return [replace(found) for found in self._scheduled]

    @property
    def late(self) -> int:
        """How many requests are still on their way to the sandbox."""
        return self._stage.late

    def meet(self, request: Request, service: Service, extra: Sequence[Fault] = ()) -> RequestOutcome:
        """Deliver one request through the faults that meet it.

        Args:
            request: from a client.
            service: what it is delivered to.
            extra: faults of this request alone; they wrap the scheduled ones.

        Returns:
            What the client gets to see.
        """
        if not self._scheduled and not self._stage.late and not extra:
            return RequestOutcome(service.handle(request))
        with self._lock:
            self._stage.let_arrive(service)
            met = [*extra, *self._drawn(request)]
        visit = Visit(self._stage, service, cached=not _has(met, Stale))
        outcome = _wrapped(met, visit)(request)
        return replace(outcome, met=tuple(fault.kind for fault in met))

    def _drawn(self, request: Request) -> list[Fault]:
        return [found.fault for found in self._scheduled if self._meets(found, request)]

    def _meets(self, found: Scheduled, request: Request) -> bool:
        fault = found.fault
        if not matches(fault, request):
            return False
        found.seen += 1
        if found.seen <= fault.skip or (fault.times is not None and found.met >= fault.times):
            return False
        # Seeded with text, which is hashed alike in every process and version of Python.
        draw = random.Random(f"{self.seed}/{found.number}/{found.seen}").random()  # noqa: S311
        if draw >= fault.chance:
            return False
        found.met += 1
        return True

    def _prepare(self) -> None:
        faults = [found.fault for found in self._scheduled]
        longest = max((fault.seconds for fault in faults if isinstance(fault, Lag)), default=None)
        self._stage.prepare(longest_lag=longest, cache=_has(faults, Stale))


def _wrapped(faults: Sequence[Fault], visit: Visit) -> Deliver:
    deliver: Deliver = visit.deliver
    for fault in reversed(faults):
        deliver = _around(fault, deliver, visit)
    return deliver


def _around(fault: Fault, deliver: Deliver, visit: Visit) -> Deliver:
    return lambda request: fault.meet(Encounter(request, deliver, visit))


def _has(faults: Iterable[Fault], kind: type[Fault]) -> bool:
    return any(isinstance(fault, kind) for fault in faults)
