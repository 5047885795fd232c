"""Where faults play: the service behind them, what is on its way to it, and what it used to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pennyform.sandbox.faults.clock import AdjustableClock
from pennyform.sandbox.faults.kinds import is_list
from pennyform.sandbox.faults.outcome import RequestOutcome
from pennyform.sandbox.faults.stale_reads import Pages, Past
from pennyform.sandbox.messages import Request, Response


class Service(Protocol):
    """What faults stand in front of."""

    @property
    def clock(self) -> AdjustableClock:
        """The service's clock."""

    def handle(self, request: Request) -> Response:
        """Answer one request."""

    def copy(self) -> bytes:
        """All that is kept, as it is now."""

    def handle_as_of(self, copy: bytes, request: Request) -> Response:
        """Answer one request from a copy; nothing that it writes is kept."""


@dataclass(frozen=True, slots=True)
class _Underway:
    due: datetime
    request: Request


class Stage:
    """What outlives a single request."""

    def __init__(self) -> None:
        self._underway: list[_Underway] = []
        self._past = Past()
        self._pages = Pages()
        self._longest_lag: float | None = None
        self._caching = False

    @property
    def late(self) -> int:
        """How many requests are still on their way."""
        return len(self._underway)

    def prepare(self, *, longest_lag: float | None, cache: bool) -> None:
        """Begin to remember what the faults will ask for, or stop.

        Args:
            longest_lag: seconds for which the past is needed; None when it is not.
            cache: whether answers to lists are needed.
        """
        self._longest_lag, self._caching = longest_lag, cache
        if longest_lag is None:
            self._past.clear()
        if not cache:
            self._pages.clear()

    def let_arrive(self, service: Service) -> None:
        """Hand over what is due by now, in the order of sending."""
        now = service.clock()
        due = [late for late in self._underway if late.due <= now]
        self._underway = [late for late in self._underway if late.due > now]
        for late in due:
            self.deliver(late.request, service)

    def post(self, request: Request, due: datetime) -> None:
        """Put a request on its way."""
        self._underway.append(_Underway(due, request))

    def deliver(self, request: Request, service: Service, *, cached: bool = True) -> RequestOutcome:
        """Hand a request over now.

        Args:
            request: to be answered.
            service: by whom.
            cached: whether the cache takes this answer.
        """
        if request.method != "GET":
            self._keep_the_past(service)
        response = service.handle(request)
        if cached and self._caching and response.status == 200 and is_list(request.path):
            self._pages.keep(request, response)
        return RequestOutcome(response)

    def _keep_the_past(self, service: Service) -> None:
        if self._longest_lag is not None:
            now = service.clock()
            self._past.forget(now - timedelta(seconds=self._longest_lag))
            self._past.keep(now, service.copy())

    def as_of(self, seconds: float, service: Service) -> Callable[[Request], RequestOutcome]:
        """Delivery to the books of ``seconds`` ago."""
        copy = self._past.at(service.clock() - timedelta(seconds=seconds))
        if copy is None:
            return lambda request: self.deliver(request, service)
        return lambda request: RequestOutcome(service.handle_as_of(copy, request))

    def page(self, request: Request) -> Response | None:
        """What the cache holds for this very request."""
        return self._pages.find(request)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request's view of the stage: what its faults may ask for."""

    stage: Stage
    service: Service
    cached: bool

    def deliver(self, request: Request) -> RequestOutcome:
        """Hand the request over now."""
        return self.stage.deliver(request, self.service, cached=self.cached)

    def deliver_later(self, request: Request, seconds: float) -> None:
        """Hand it over once the sandbox's clock has moved on by ``seconds``."""
        self.stage.post(request, self.service.clock() + timedelta(seconds=seconds))

    def as_of(self, seconds: float) -> Callable[[Request], RequestOutcome]:
        """Delivery to the books of ``seconds`` ago."""
        return self.stage.as_of(seconds, self.service)

    def last_page(self, request: Request) -> Response | None:
        """The answer that a cache kept for this very request."""
        return self.stage.page(request)

    def jump(self, seconds: float) -> None:
        """Move the sandbox's clock."""
        self.service.clock.advance(timedelta(seconds=seconds))
