"""Scheduled faults, and reading them from headers and files."""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from threading import RLock

import msgspec

from pennyform.sandbox.faults.fault import Deliver, Fault, FaultContext, FaultState, RequestOutcome, Service
from pennyform.sandbox.faults.kinds import KINDS, Duplicate, Lag, Stale
from pennyform.sandbox.json_types import Json
from pennyform.sandbox.messages import Request

HEADER = "x-sandbox-fault"
# Faults wrap each other, and each duplicate doubles what is inside it.
MOST_FAULTS = 100
_MOST_BY_HEADER = 8
_MOST_DUPLICATES = 3
_LONGEST_KIND = 100


class FaultError(ValueError):
    """The text is no fault; the message says why, and what would be one."""


def from_json(value: Json, *, strict: bool = True) -> Fault:
    """Read one fault.

    Args:
        value: ``{"kind": …}`` and what the kind takes.
        strict: whether text that reads as a number is refused where a number belongs.

    Raises:
        FaultError: when it is none.
    """
    kind = value.get("kind") if isinstance(value, Mapping) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise FaultError(_unknown_kind(kind))
    try:
        fault: Fault = msgspec.convert(value, KINDS[kind], strict=strict)
    except msgspec.ValidationError as error:
        raise FaultError(f"{kind}: {error}") from error
    return fault


def _unknown_kind(kind: Json) -> str:
    if not isinstance(kind, str) or len(kind) > _LONGEST_KIND:
        return f"a fault is an object with a kind: {', '.join(KINDS)}"
    nearest = difflib.get_close_matches(kind, KINDS, n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"use one of {', '.join(KINDS)}"
    return f"there is no fault {kind!r}: {hint}"


def from_header(text: str) -> list[Fault]:
    """Read faults for one request: ``latency; seconds=2, unavailable; after_commit=true``.

    Raises:
        FaultError: when one cannot be read, or needs to know what was before this request; for too many.
    """
    if text.count(",") >= _MOST_BY_HEADER:
        raise FaultError(f"a header has at most {_MOST_BY_HEADER} faults")
    faults = [from_json(_from_words(part), strict=False) for part in text.split(",") if part.strip()]
    for fault in faults:
        if isinstance(fault, Lag | Stale):
            raise FaultError(f"{fault.kind} must be switched on before what it is to hide: not by a header")
    return faults


def _from_words(text: str) -> dict[str, str]:
    kind, *words = (part.strip() for part in text.split(";"))
    pairs = [word.partition("=") for word in words if word]
    return {"kind": kind, **{name.strip(): value.strip() for name, _, value in pairs}}


@dataclass(slots=True)
class ScheduledFault:
    """A fault and its counters.

    Attributes:
        number: by which it can be removed; counts from 1.
        fault: the fault.
        matched: how many requests matched it.
        applied: to how many of them it was applied.
    """

    number: int
    fault: Fault
    matched: int = 0
    applied: int = 0


class Faults:
    """All faults of one sandbox, and what they need to remember.

    Whatever the order in which threads come, one seed decides alike about the n-th request that matches a
    fault: each draw depends on nothing but the seed, the fault's number and n.
    """

    def __init__(self, seed: int = 0, faults: Iterable[Fault] = ()) -> None:
        self.seed = seed
        self._scheduled: list[ScheduledFault] = []
        self._number = 0
        self._state = FaultState()
        self._lock = RLock()
        for fault in faults:
            self.schedule(fault)

    def schedule(self, fault: Fault) -> int:
        """Schedule a fault; returns its number. Of several on one request the first wraps the others.

        Raises:
            FaultError: when there are 100 already.
        """
        with self._lock:
            if len(self._scheduled) >= MOST_FAULTS:
                raise FaultError(f"at most {MOST_FAULTS} faults are scheduled")
            self._number += 1
            self._scheduled.append(ScheduledFault(self._number, fault))
            self._prepare()
            return self._number

    def remove(self, number: int) -> bool:
        """Remove the fault of a number; whether there was one."""
        with self._lock:
            before = len(self._scheduled)
            self._scheduled = [fault for fault in self._scheduled if fault.number != number]
            self._prepare()
            return len(self._scheduled) < before

    def clear(self) -> None:
        """Remove all faults. Late requests still arrive."""
        with self._lock:
            self._scheduled = []
            self._prepare()

    def scheduled(self) -> Sequence[ScheduledFault]:
        """All faults with their counters; one that was applied as often as it should stays in the list."""
        with self._lock:
            return [replace(scheduled) for scheduled in self._scheduled]

    @property
    def late(self) -> int:
        """How many requests are still on their way to the sandbox."""
        return self._state.late

    def deliver(self, request: Request, service: Service, extra: Sequence[Fault] = ()) -> RequestOutcome:
        """Deliver one request through the faults that apply to it; returns what the client gets to see.

        ``extra`` are faults of this request alone; they wrap the scheduled ones.
        """
        if not self._scheduled and not self._state.late and not extra:
            return RequestOutcome(service.handle(request))
        with self._lock:
            self._state.deliver_due(service)
            scheduled = [scheduled.fault for scheduled in self._scheduled if self._draw(scheduled, request)]
        candidates = [*extra, *scheduled]
        duplicates_before = accumulate((isinstance(fault, Duplicate) for fault in candidates), initial=0)
        faults = [
            fault
            for fault, before in zip(candidates, duplicates_before, strict=False)
            if not isinstance(fault, Duplicate) or before < _MOST_DUPLICATES
        ]
        # A stale page must be older than the response that it replaces: that one is not cached.
        cached = not _has(faults, Stale)
        deliver: Deliver = partial(self._state.deliver, service=service, cached=cached)
        for fault in reversed(faults):
            deliver = self._wrap(fault, deliver, service)
        return replace(deliver(request), applied=tuple(fault.kind for fault in faults))

    def _wrap(self, fault: Fault, deliver: Deliver, service: Service) -> Deliver:
        return lambda request: fault.apply(FaultContext(request, deliver, self._state, service))

    def _draw(self, scheduled: ScheduledFault, request: Request) -> bool:
        """Count a request; whether the fault applies to it."""
        fault = scheduled.fault
        if not fault.matches(request):
            return False
        scheduled.matched += 1
        if scheduled.matched <= fault.skip or (fault.times is not None and scheduled.applied >= fault.times):
            return False
        # Seeded with text, which is hashed alike in every process and version of Python.
        seed = f"{self.seed}/{scheduled.number}/{scheduled.matched}"
        if random.Random(seed).random() >= fault.chance:  # noqa: S311
            return False
        scheduled.applied += 1
        return True

    def _prepare(self) -> None:
        faults = [scheduled.fault for scheduled in self._scheduled]
        longest = max((fault.seconds for fault in faults if isinstance(fault, Lag)), default=None)
        self._state.prepare(longest_lag=longest, cache=_has(faults, Stale))


def _has(faults: Iterable[Fault], kind: type[Fault]) -> bool:
    return any(isinstance(fault, kind) for fault in faults)
