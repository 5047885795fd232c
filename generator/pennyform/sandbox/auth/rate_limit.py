"""25 requests per 5 seconds and token, and the headers that say so.

The guide gives these numbers, but not the window. It slides by default: the strictest reading, so that
clients that stay under it here stay under it anywhere.
"""

from __future__ import annotations

import math
from collections import deque
from datetime import datetime

from pennyform.sandbox.api_errors import too_many_requests

REQUESTS = 25
SECONDS = 5.0
# Any text can be sent as a token: forgetting all counts now and then bounds the memory they take.
_MOST_CLIENTS = 10_000


class RateLimiter:
    """Counts per client, in memory: a limit need not survive a restart.

    Unless ``enforced`` nothing is counted, and the headers show an untouched allowance.
    """

    def __init__(self, *, enforced: bool) -> None:
        self._enforced = enforced
        self._requests: dict[str, deque[float]] = {}

    def admit(self, client: str, now: datetime, window: str = "sliding") -> dict[str, str]:
        """Count one request.

        Args:
            client: the token's digest.
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
        if client not in self._requests and len(self._requests) >= _MOST_CLIENTS:
            self._requests.clear()
        times = self._requests.setdefault(client, deque())
        # The clock can be set back: what lies in the future is as outdated as what is 5 seconds old.
        while times and not 0 <= moment - times[0] < SECONDS:
            if window == "fixed":
                times.clear()
            else:
                times.popleft()
        if len(times) >= REQUESTS:
            reset = times[0] + SECONDS
            raise too_many_requests(max(1, math.ceil(reset - moment)), _headers(0, reset))
        times.append(moment)
        return _headers(REQUESTS - len(times), times[0] + SECONDS)


def _headers(remaining: int, reset: float) -> dict[str, str]:
    return {
        "ratelimit-limit": str(REQUESTS),
        "ratelimit-remaining": str(remaining),
        "ratelimit-reset": str(math.ceil(reset)),
    }
