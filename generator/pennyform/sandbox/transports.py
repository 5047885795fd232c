"""httpx transports that reach the sandbox without a socket."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from pennyform.sandbox.messages import Request, Response


class Transport(httpx.BaseTransport):
    """For ``httpx.Client``. ``handle`` answers in the calling thread."""

    def __init__(self, handle: Callable[[Request], Response]) -> None:
        self._handle = handle

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Read the request to its end and answer it."""
        return _outgoing(self._handle(_incoming(request, request.read())))


class AsyncTransport(httpx.AsyncBaseTransport):
    """For ``httpx.AsyncClient``. Answers without yielding: a request takes well under a millisecond."""

    def __init__(self, handle: Callable[[Request], Response]) -> None:
        self._handle = handle

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Read the request to its end and answer it."""
        return _outgoing(self._handle(_incoming(request, await request.aread())))


def _incoming(request: httpx.Request, body: bytes) -> Request:
    url = request.url
    return Request(
        method=request.method,
        path=url.path,
        query=url.query.decode("ascii"),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        origin=f"{url.scheme}://{url.netloc.decode('ascii')}",
    )


def _outgoing(response: Response) -> httpx.Response:
    return httpx.Response(response.status, headers=dict(response.headers), content=response.body)
