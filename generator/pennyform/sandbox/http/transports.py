"""httpx transports that reach the sandbox without a socket.

Faults become what httpx raises when they happen on a network: a client sees the same exceptions
in-process as over a port, and waits for them as long as its own timeouts allow.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

import httpx

from pennyform.sandbox.faults.outcome import Ending, RequestOutcome
from pennyform.sandbox.messages import Request

Sleep = Callable[[float], None]
AsyncSleep = Callable[[float], Awaitable[None]]
Dispatch = Callable[[Request], RequestOutcome]
Timeouts = Mapping[str, float | None]

_RAISED: dict[Ending, tuple[type[httpx.TransportError], str]] = {
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
    """For ``httpx.Client``. Requests are answered in the calling thread.

    Args:
        dispatch: answers, or says what happens instead.
        sleep: waits for a number of seconds.
    """

    def __init__(self, dispatch: Dispatch, sleep: Sleep) -> None:
        self._dispatch = dispatch
        self._sleep = sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Read the request to its end and answer it.

        Raises:
            httpx.TransportError: when a fault says so.
        """
        outcome = self._dispatch(_convert_request(request, request.read()))
        response = _plain_response(outcome)
        if response is not None:
            return response
        wait, ending = _until_headers(outcome, _timeouts(request))
        if wait:
            self._sleep(wait)
        _raise_unless_complete(ending, request)
        return _streamed_response(outcome, _Stream(outcome, request, self._sleep))


class AsyncTransport(httpx.AsyncBaseTransport):
    """For ``httpx.AsyncClient``. Answers without yielding: a request takes well under a millisecond.

    Args:
        dispatch: answers, or says what happens instead.
        sleep: waits for a number of seconds; ``asyncio.sleep`` when None.
    """

    def __init__(self, dispatch: Dispatch, sleep: AsyncSleep | None) -> None:
        self._dispatch = dispatch
        self._sleep = sleep or asyncio.sleep

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Read the request to its end and answer it.

        Raises:
            httpx.TransportError: when a fault says so.
        """
        outcome = self._dispatch(_convert_request(request, await request.aread()))
        response = _plain_response(outcome)
        if response is not None:
            return response
        wait, ending = _until_headers(outcome, _timeouts(request))
        if wait:
            await self._sleep(wait)
        _raise_unless_complete(ending, request)
        return _streamed_response(outcome, _AsyncStream(outcome, request, self._sleep))


class _Stream(httpx.SyncByteStream):
    def __init__(self, outcome: RequestOutcome, request: httpx.Request, sleep: Sleep) -> None:
        self._outcome, self._request, self._sleep = outcome, request, sleep

    def __iter__(self) -> Iterator[bytes]:
        for wait, piece, ending in _body_events(self._outcome, _timeouts(self._request)):
            if wait:
                self._sleep(wait)
            _raise_unless_complete(ending, self._request)
            yield piece


class _AsyncStream(httpx.AsyncByteStream):
    def __init__(self, outcome: RequestOutcome, request: httpx.Request, sleep: AsyncSleep) -> None:
        self._outcome, self._request, self._sleep = outcome, request, sleep

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for wait, piece, ending in _body_events(self._outcome, _timeouts(self._request)):
            if wait:
                await self._sleep(wait)
            _raise_unless_complete(ending, self._request)
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
    assert outcome.response
    response = outcome.response
    headers = {**response.headers, "content-length": str(len(response.body))}
    return httpx.Response(response.status, headers=headers, stream=stream)


def _timeouts(request: httpx.Request) -> Timeouts:
    timeouts: Timeouts = request.extensions.get("timeout", {})
    return timeouts


def _until_headers(outcome: RequestOutcome, timeouts: Timeouts) -> tuple[float, Ending]:
    """How long until the headers arrive, or until what happens instead of them."""
    limit = _read_timeout(timeouts)
    if outcome.delay > limit:
        return limit, Ending.READ_TIMEOUT
    if outcome.response is None:
        return outcome.delay + _time_to_notice(outcome.ending, timeouts), outcome.ending
    return outcome.delay, Ending.COMPLETE


def _body_events(outcome: RequestOutcome, timeouts: Timeouts) -> Iterator[tuple[float, bytes, Ending]]:
    """The body: how long until each piece, and what interrupts it."""
    limit = _read_timeout(timeouts)
    for piece in outcome.pieces():
        if outcome.pause > limit:
            yield limit, b"", Ending.READ_TIMEOUT
        yield outcome.pause, piece, Ending.COMPLETE
    if outcome.ending is not Ending.COMPLETE:
        yield _time_to_notice(outcome.ending, timeouts), b"", outcome.ending


def _read_timeout(timeouts: Timeouts) -> float:
    timeout = timeouts.get("read")
    return float("inf") if timeout is None else timeout


def _time_to_notice(ending: Ending, timeouts: Timeouts) -> float:
    """A timeout takes as long as the client allows. One that allows forever is spared the wait."""
    phase, _, event = ending.value.partition("_")
    return timeouts.get(phase) or 0.0 if event == "timeout" else 0.0


def _raise_unless_complete(ending: Ending, request: httpx.Request) -> None:
    if ending is not Ending.COMPLETE:
        kind, message = _RAISED[ending]
        raise kind(message, request=request)
