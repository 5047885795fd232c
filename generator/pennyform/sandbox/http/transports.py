"""httpx transports that reach the sandbox without a socket.

Faults become what httpx raises when they happen on a network: a client sees the same exceptions
in-process as over a port, and waits for them as long as its own timeouts allow.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from math import isfinite

import httpx

from pennyform.sandbox.faults.fault import Ending, RequestOutcome
from pennyform.sandbox.messages import Request

Sleep = Callable[[float], None]
AsyncSleep = Callable[[float], Awaitable[None]]
Dispatch = Callable[[Request], RequestOutcome]

_ERRORS: dict[Ending, tuple[type[httpx.TransportError], str]] = {
    Ending.CONNECT_ERROR: (httpx.ConnectError, "connection refused"),
    Ending.CONNECT_TIMEOUT: (httpx.ConnectTimeout, "timed out"),
    Ending.POOL_TIMEOUT: (httpx.PoolTimeout, "timed out"),
    Ending.WRITE_ERROR: (httpx.WriteError, "broken pipe"),
    Ending.WRITE_TIMEOUT: (httpx.WriteTimeout, "timed out"),
    Ending.READ_ERROR: (httpx.ReadError, "connection reset by peer"),
    Ending.READ_TIMEOUT: (httpx.ReadTimeout, "timed out"),
    Ending.DISCONNECTED: (httpx.RemoteProtocolError, "server disconnected before its answer was complete"),
}


class Transport(httpx.BaseTransport):
    """For ``httpx.Client``. Requests are answered in the calling thread; ``sleep`` waits for seconds."""

    def __init__(self, dispatch: Dispatch, sleep: Sleep) -> None:
        self._dispatch = dispatch
        self._sleep = sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Read the request to its end and answer it, or raise the ``httpx.TransportError`` of a fault."""
        outcome = self._dispatch(_convert_request(request, request.read()))
        response = _plain_response(outcome)
        if response is not None:
            return response
        for wait in _until_headers(outcome, request):
            self._sleep(wait)
        return _streamed_response(outcome, _Stream(outcome, request, self._sleep))


class AsyncTransport(httpx.AsyncBaseTransport):
    """For ``httpx.AsyncClient``. Answers without yielding: a request takes well under a millisecond.

    ``sleep`` waits for seconds; ``asyncio.sleep`` when None.
    """

    def __init__(self, dispatch: Dispatch, sleep: AsyncSleep | None) -> None:
        self._dispatch = dispatch
        self._sleep = sleep or asyncio.sleep

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Read the request to its end and answer it, or raise the ``httpx.TransportError`` of a fault."""
        outcome = self._dispatch(_convert_request(request, await request.aread()))
        response = _plain_response(outcome)
        if response is not None:
            return response
        for wait in _until_headers(outcome, request):
            await self._sleep(wait)
        return _streamed_response(outcome, _AsyncStream(outcome, request, self._sleep))


class _Stream(httpx.SyncByteStream):
    def __init__(self, outcome: RequestOutcome, request: httpx.Request, sleep: Sleep) -> None:
        self._outcome, self._request, self._sleep = outcome, request, sleep

    def __iter__(self) -> Iterator[bytes]:
        for wait, piece in _until_end(self._outcome, self._request):
            if wait:
                self._sleep(wait)
            yield piece


class _AsyncStream(httpx.AsyncByteStream):
    def __init__(self, outcome: RequestOutcome, request: httpx.Request, sleep: AsyncSleep) -> None:
        self._outcome, self._request, self._sleep = outcome, request, sleep

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for wait, piece in _until_end(self._outcome, self._request):
            if wait:
                await self._sleep(wait)
            yield piece


def _convert_request(request: httpx.Request, body: bytes) -> Request:
    url = request.url
    return Request(
        method=request.method,
        path=url.path,
        query=url.query.decode("ascii"),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        origin=f"{url.scheme}://{url.netloc.decode('ascii')}",
    )


def _plain_response(outcome: RequestOutcome) -> httpx.Response | None:
    """The response at once and in one piece, or None when a fault makes it late, slow or incomplete."""
    response = outcome.response
    if response is None or outcome.ending is not Ending.COMPLETE or outcome.delay or outcome.pause:
        return None
    return httpx.Response(response.status, headers=dict(response.headers), content=response.body)


def _streamed_response(
    outcome: RequestOutcome, stream: httpx.SyncByteStream | httpx.AsyncByteStream
) -> httpx.Response:
    response = outcome.response
    assert response  # an outcome without one has raised
    headers = {**response.headers, "content-length": str(len(response.body))}
    return httpx.Response(response.status, headers=headers, stream=stream)


def _until_headers(outcome: RequestOutcome, request: httpx.Request) -> Iterator[float]:
    """Seconds to wait until the headers arrive; raises what happens instead of them."""
    timeout = _timeout(request, "read")
    if outcome.delay > timeout:
        yield timeout
        raise _error(Ending.READ_TIMEOUT, request)
    if outcome.response is not None:
        if outcome.delay:
            yield outcome.delay
        return
    wait = outcome.delay + _time_to_notice(outcome.ending, request)
    if wait:
        yield wait
    raise _error(outcome.ending, request)


def _until_end(outcome: RequestOutcome, request: httpx.Request) -> Iterator[tuple[float, bytes]]:
    """Each piece of the body with the seconds to wait before it; raises what interrupts it."""
    timeout = _timeout(request, "read")
    for piece in outcome.pieces():
        if outcome.pause > timeout:
            yield timeout, b""
            raise _error(Ending.READ_TIMEOUT, request)
        yield outcome.pause, piece
    if outcome.ending is not Ending.COMPLETE:
        yield _time_to_notice(outcome.ending, request), b""
        raise _error(outcome.ending, request)


def _timeout(request: httpx.Request, phase: str) -> float:
    """What the client allows for a phase; infinite without a timeout."""
    timeout: float | None = request.extensions.get("timeout", {}).get(phase)
    return float("inf") if timeout is None else timeout


def _time_to_notice(ending: Ending, request: httpx.Request) -> float:
    """A timeout takes as long as the client allows. One that allows forever is spared the wait."""
    phase, _, event = ending.value.partition("_")
    timeout = _timeout(request, phase) if event == "timeout" else 0.0
    return timeout if isfinite(timeout) else 0.0


def _error(ending: Ending, request: httpx.Request) -> httpx.TransportError:
    kind, message = _ERRORS[ending]
    return kind(message, request=request)
