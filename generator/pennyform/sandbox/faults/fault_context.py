"""What a fault is applied to, and what faults remember: late requests, snapshots, list pages."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pennyform.sandbox.clock import AdjustableClock
from pennyform.sandbox.faults.outcome import RequestOutcome
from pennyform.sandbox.messages import Request, Response

# A snapshot is a whole database, and one is taken before each write while a lag is scheduled.
_MOST_SNAPSHOTS = 256
_MOST_PAGES = 1000

Deliver = Callable[[Request], RequestOutcome]


class Service(Protocol):
    """The service that requests are delivered to."""

    @property
    def clock(self) -> AdjustableClock:
        """The service's clock."""

    def handle(self, request: Request) -> Response:
        """Answer one request."""

    def copy(self) -> bytes:
        """A snapshot of everything that is stored."""

    def handle_as_of(self, snapshot: bytes, request: Request) -> Response:
        """Answer one request from a snapshot; nothing that it writes is stored."""


@dataclass(frozen=True, slots=True)
class _LateRequest:
    due: datetime
    request: Request


class FaultState:
    """The memory of one schedule of faults. Snapshots and pages are kept only while a fault needs them."""

    def __init__(self) -> None:
        self._late: list[_LateRequest] = []
        self._snapshots: deque[tuple[datetime, bytes]] = deque(maxlen=_MOST_SNAPSHOTS)
        self._pages: OrderedDict[tuple[str, ...], Response] = OrderedDict()
        self._longest_lag: float | None = None
        self._caching = False

    @property
    def late(self) -> int:
        """How many requests are still on their way."""
        return len(self._late)

    def prepare(self, *, longest_lag: float | None, cache: bool) -> None:
        """Begin to remember what the scheduled faults will need, or stop.

        Args:
            longest_lag: seconds for which snapshots are needed; None when none are.
            cache: whether list pages are needed.
        """
        self._longest_lag, self._caching = longest_lag, cache
        if longest_lag is None:
            self._snapshots.clear()
        if not cache:
            self._pages.clear()

    def deliver_due(self, service: Service) -> None:
        """Deliver the late requests that are due by now, in the order of sending."""
        now = service.clock()
        due = [late for late in self._late if late.due <= now]
        self._late = [late for late in self._late if late.due > now]
        for late in due:
            self.deliver(late.request, service)

    def deliver_later(self, request: Request, due: datetime) -> None:
        """Put a request on its way."""
        self._late.append(_LateRequest(due, request))

    def deliver(self, request: Request, service: Service, *, cached: bool = True) -> RequestOutcome:
        """Deliver a request now.

        Args:
            request: to be answered.
            service: that answers.
            cached: whether the cache stores a list page that comes back.
        """
        if request.method != "GET" and self._longest_lag is not None:
            now = service.clock()
            while self._snapshots and self._snapshots[0][0] <= now - timedelta(seconds=self._longest_lag):
                self._snapshots.popleft()
            self._snapshots.append((now, service.copy()))
        response = service.handle(request)
        if cached and self._caching and response.status == 200 and is_list(request.path):
            self._pages[_cache_key(request)] = response
            if len(self._pages) > _MOST_PAGES:
                self._pages.popitem(last=False)
        return RequestOutcome(response)

    def deliver_as_of(self, moment: datetime, request: Request, service: Service) -> RequestOutcome:
        """Let the records of an earlier moment answer a request."""
        # Each snapshot is from just before a write: the first one taken after the moment shows it.
        snapshot = next((snapshot for until, snapshot in self._snapshots if until > moment), None)
        if snapshot is None:
            return self.deliver(request, service)
        return RequestOutcome(service.handle_as_of(snapshot, request))

    def cached_page(self, request: Request) -> Response | None:
        """The response that this very request got before."""
        return self._pages.get(_cache_key(request))


@dataclass(frozen=True, slots=True)
class FaultContext:
    """One request that a fault is applied to.

    Attributes:
        request: as the client sent it, or as a fault that wraps this one changed it.
        next: delivers to the next fault, or to the service.
        state: what faults remember.
        service: behind them.
    """

    request: Request
    next: Deliver
    state: FaultState
    service: Service

    def deliver(self, request: Request | None = None) -> RequestOutcome:
        """Let the request pass, or another one in its place."""
        return self.next(request or self.request)

    def deliver_later(self, seconds: float) -> None:
        """Deliver the request once the sandbox's clock has moved on by ``seconds``."""
        self.state.deliver_later(self.request, self.service.clock() + timedelta(seconds=seconds))

    def deliver_as_of(self, seconds: float) -> RequestOutcome:
        """Let the records of ``seconds`` ago answer the request."""
        moment = self.service.clock() - timedelta(seconds=seconds)
        return self.state.deliver_as_of(moment, self.request, self.service)

    def cached_page(self) -> Response | None:
        """The response that a cache holds for this very request."""
        return self.state.cached_page(self.request)

    def advance_clock(self, seconds: float) -> None:
        """Move the sandbox's clock, back when ``seconds`` is negative."""
        self.service.clock.advance(timedelta(seconds=seconds))


def is_list(path: str) -> bool:
    """Whether a path leads to a collection: its last segment is a word, and not ``me``."""
    last = path.rpartition("/")[2]
    return not last.isdigit() and last != "me"


def _cache_key(request: Request) -> tuple[str, ...]:
    return request.path, request.query, request.headers.get("authorization", "")
