"""What lagging and stale reads are answered from: the books as they were, and pages as they were given."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime

from pennyform.sandbox.messages import Request, Response

_MOST_COPIES = 256
_MOST_PAGES = 1000


class Past:
    """Copies of the books, each from just before a write."""

    def __init__(self) -> None:
        self._copies: deque[tuple[datetime, bytes]] = deque(maxlen=_MOST_COPIES)

    def keep(self, moment: datetime, copy: bytes) -> None:
        """Remember the books as they were until ``moment``."""
        self._copies.append((moment, copy))

    def forget(self, before: datetime) -> None:
        """Drop the copies that were overtaken before a time."""
        while self._copies and self._copies[0][0] <= before:
            self._copies.popleft()

    def clear(self) -> None:
        """Drop all copies."""
        self._copies.clear()

    def at(self, moment: datetime) -> bytes | None:
        """The books as they were then; None when nothing has been written since."""
        return next((copy for until, copy in self._copies if until > moment), None)


class Pages:
    """Answers to lists, as a cache in front of the service would keep them: per caller and URL."""

    def __init__(self) -> None:
        self._pages: OrderedDict[tuple[str, ...], Response] = OrderedDict()

    def keep(self, request: Request, response: Response) -> None:
        """Remember an answer, the latest of its request."""
        self._pages[_key(request)] = response
        if len(self._pages) > _MOST_PAGES:
            self._pages.popitem(last=False)

    def find(self, request: Request) -> Response | None:
        """The answer that this very request got before."""
        return self._pages.get(_key(request))

    def clear(self) -> None:
        """Drop all answers."""
        self._pages.clear()


def _key(request: Request) -> tuple[str, ...]:
    return request.path, request.query, request.headers.get("authorization", "")
