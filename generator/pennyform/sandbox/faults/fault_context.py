"""What a fault is applied to: one request, and the delivery that it wraps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from pennyform.sandbox.faults.outcome import RequestOutcome
from pennyform.sandbox.faults.state import FaultState, Service
from pennyform.sandbox.messages import Request, Response

Deliver = Callable[[Request], RequestOutcome]


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
