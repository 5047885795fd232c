# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""The rate limiter: calls wait for their turn, so that the service refuses none of them.

The service allows 25 requests per 5 seconds and token. All clients of one token in this process, of
threads and tasks alike, share one :class:`RateLimiter`: a request reserves the next free moment and waits
for it, first come, first served. No lock is held while waiting.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Generator, Hashable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from .errors import NotSentError, seconds

if TYPE_CHECKING:
    import httpx

    from ._connections.clock import Clock


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most ``requests`` in any ``period`` seconds.

    ``margin`` widens the period by some seconds, because requests do not reach the service at the pace at
    which they left. ``max_wait`` bounds the wait for a turn, in seconds; beyond it a call raises
    :class:`~.errors.NotSentError`.
    """

    requests: int = 25
    period: float = 5.0
    margin: float = 0.1
    max_wait: float = 300.0


class RateLimiter:
    """The limiter of one token: a sliding window over the moments of its latest requests."""

    def __init__(self, limit: RateLimit, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        # More than one window of them: some are missed, and what an answer says is about the past.
        self._taken: deque[float] = deque(maxlen=4 * limit.requests)
        self._closed_until = float("-inf")

    def take(self, operation: str) -> Generator[float, object, float]:
        """Yield the seconds to wait, until it is this caller's turn.

        Returns:
            The moment of the turn, in monotonic seconds; what :meth:`observe` is to be told.

        Raises:
            NotSentError: the wait would be longer than ``max_wait``.
        """
        turn = self._reserve(operation)
        while (wait := turn - self._clock.monotonic()) > 0:
            yield wait
            if self._clock.monotonic() >= self._closed_until:
                return turn
            turn = self._reserve(operation, missed=turn)
        return turn

    def pause(self, duration: float) -> None:
        """Let nobody start for ``duration`` seconds: the service asked for it."""
        with self._lock:
            now = self._clock.monotonic()
            self._closed_until = max(self._closed_until, now + duration)
            # Whoever waits for one of these will ask for another turn.
            missed = [moment for moment in self._taken if now < moment < self._closed_until]
            for moment in missed:
                self._taken.remove(moment)

    def observe(self, headers: httpx.Headers, turn: float) -> None:
        """Heed ``ratelimit-remaining`` and ``ratelimit-reset``: other processes may use the same token.

        Args:
            headers: of an answer.
            turn: when its request had its turn.
        """
        if headers.get("ratelimit-remaining", "").strip() != "0" or self._is_our_own_doing(turn):
            return
        reset = seconds(headers.get("ratelimit-reset"))
        if reset is not None:
            self.pause(min(max(reset - self._server_time(headers), 0.0), self._limit.period))

    def _is_our_own_doing(self, turn: float) -> bool:
        """Whether the requests of this queue alone use up the allowance: then it knows best when to go on."""
        since, now = turn - self._limit.period - self._limit.margin, self._clock.monotonic()
        with self._lock:
            return sum(since <= moment <= now for moment in self._taken) >= self._limit.requests

    def idle(self) -> bool:
        """Whether forgetting this queue would forget nothing that matters."""
        last = self._taken[-1] if self._taken else float("-inf")
        now = self._clock.monotonic()
        return now > max(last + self._limit.period + self._limit.margin, self._closed_until)

    def _reserve(self, operation: str, missed: float | None = None) -> float:
        with self._lock:
            if missed is not None and missed in self._taken:
                self._taken.remove(missed)
            now = self._clock.monotonic()
            turn = max(now, self._closed_until, self._next_free())
            if turn - now > self._limit.max_wait:
                raise NotSentError(
                    f"no turn within {self._limit.max_wait:g} s under the rate limit", operation=operation
                )
            self._taken.append(turn)
            return turn

    def _next_free(self) -> float:
        latest = self._taken[-1] if self._taken else float("-inf")
        if len(self._taken) < self._limit.requests:
            return latest
        return max(self._taken[-self._limit.requests] + self._limit.period + self._limit.margin, latest)

    def _server_time(self, headers: httpx.Headers) -> float:
        try:
            return parsedate_to_datetime(headers["date"]).timestamp()
        except (KeyError, ValueError):
            return self._clock.time()


_LIMITERS: OrderedDict[Hashable, RateLimiter] = OrderedDict()
_LIMITERS_LOCK = threading.Lock()


def shared_limiter(token: Hashable, limit: RateLimit, clock: Clock) -> RateLimiter:
    """The one queue of a token in this process.

    Args:
        token: what stands for the token (a digest of it), and for the service that it belongs to.
        limit: the rate; clients that disagree on it do not share a queue.
        clock: where time comes from; a test's clock never shares a queue with the real one.
    """
    key = (token, limit, id(clock))
    with _LIMITERS_LOCK:
        for stale in [other for other, limiter in _LIMITERS.items() if other != key and limiter.idle()]:
            del _LIMITERS[stale]
        return _LIMITERS.setdefault(key, RateLimiter(limit, clock))
