"""A company token that is asked before each write, and that sees what is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
from pennylane_company import BearerToken

_READS = frozenset({"GET", "HEAD"})


class GuardedToken(BearerToken):
    """A company token whose requests and answers pass by two functions.

    Args:
        token: the token.
        before_write: called for each request that is no read, when it has had its turn under the rate and
            waits for nothing any more; what it raises is raised instead of sending.
        observe: is given the path and the body of each answer that is a success.
    """

    def __init__(
        self,
        token: str,
        before_write: Callable[[], None] | None = None,
        observe: Callable[[str, bytes], None] | None = None,
    ) -> None:
        super().__init__(token)
        self._before_write = before_write
        self._observe = observe

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        """Called by httpx for each request."""
        flow = super().auth_flow(request)
        observe = self._observe
        if observe is not None:
            # What is observed passes by before it is unpacked.
            request.headers["accept-encoding"] = "identity"
        ready = next(flow)
        if self._before_write is not None and request.method not in _READS:
            self._before_write()
        response: Any = yield ready
        if observe is None or not response.is_success:
            return
        path = request.url.path
        if response.is_closed:
            observe(path, response.content)
        else:
            response.stream = _Observed(response.stream, lambda content: observe(path, content))


class _Observed(httpx.SyncByteStream):
    """A body that is handed on as it is read, and to ``observe`` once it has ended."""

    def __init__(self, stream: httpx.SyncByteStream, observe: Callable[[bytes], None]) -> None:
        self._stream = stream
        self._observe = observe

    def __iter__(self) -> Iterator[bytes]:
        chunks = []
        for chunk in self._stream:
            chunks.append(chunk)
            yield chunk
        self._observe(b"".join(chunks))

    def close(self) -> None:
        self._stream.close()
