"""25 requests per 5 seconds and token, and the headers that say so.

The window slides unless told otherwise: the strictest reading, so that who stays under it here stays under it
anywhere.
"""

from __future__ import annotations

import math
from collections import deque
from datetime import datetime

from pennyform.sandbox.api_errors import too_many_requests

REQUESTS = 25
SECONDS = 5.0
_MOST_CALLERS = 10_000


class RateLimiter:
    """Counts per caller, in memory: a limit need not survive a restart.

    Args:
        enforced: when false nothing is counted, and the headers show an untouched allowance.
    """

    def __init__(self, *, enforced: bool) -> None:
        self._enforced = enforced
        self._calls: dict[str, deque[float]] = {}

    def admit(self, caller: str, now: datetime, window: str = "sliding") -> dict[str, str]:
        """Count one request.

        Args:
            caller: the token's digest.
            now: time of the request.
            window: ``sliding`` or ``fixed``, as :class:`~pennyform.sandbox.Rules` has it.

        Returns:
            ``ratelimit-limit``, ``ratelimit-remaining`` and ``ratelimit-reset`` (unix seconds).

        Raises:
            ApiError: 429 with the same headers and ``retry-after``.
        """
        moment = now.timestamp()
        if not self._enforced:
            return _headers(REQUESTS, moment + SECONDS)
        calls = self._recent(caller, moment, window)
        if len(calls) >= REQUESTS:
            problem = too_many_requests(max(1, math.ceil(calls[0] + SECONDS - moment)))
            problem.headers.update(_headers(0, calls[0] + SECONDS))
            raise problem
        calls.append(moment)
        return _headers(REQUESTS - len(calls), calls[0] + SECONDS)

    def _recent(self, caller: str, moment: float, window: str) -> deque[float]:
        if caller not in self._calls and len(self._calls) >= _MOST_CALLERS:
            self._calls.clear()
        calls = self._calls.setdefault(caller, deque())
        while calls and not 0 <= moment - calls[0] < SECONDS:
            if window == "fixed":
                calls.clear()
            else:
                calls.popleft()
        return calls


def _headers(remaining: int, reset: float) -> dict[str, str]:
    return {
        "ratelimit-limit": str(REQUESTS),
        "ratelimit-remaining": str(remaining),
        "ratelimit-reset": str(math.ceil(reset)),
    }
