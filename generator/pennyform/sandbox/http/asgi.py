"""The sandbox behind ASGI.

A request is answered in the event loop itself. SQLite has one writer, and an answer takes less time than
handing it to a thread would.

ASGI has no word for a connection that breaks. Faults that need one use the connection that
``http.server`` leaves in ``scope["state"]``; under another server they end in its own error.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from pennyform.sandbox.contract.request_validation import largest_body
from pennyform.sandbox.faults.outcome import Ending, RequestOutcome
from pennyform.sandbox.messages import Request, Response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

CONNECTION = "pennyform.connection"
LONGEST_SILENCE = 300.0
_SILENT = {Ending.READ_TIMEOUT, Ending.WRITE_TIMEOUT, Ending.CONNECT_TIMEOUT, Ending.POOL_TIMEOUT}
_LINGER_NOT = struct.pack("ii", 1, 0)


def application(exchange: Callable[[Request], RequestOutcome]) -> Application:
    """An ASGI application that answers HTTP with ``exchange`` and refuses WebSockets."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            body = await _body(receive, _most_bytes(scope))
            if body is not None:
                await _carry_out(exchange(_request(scope, body)), scope, receive, send)

    return asgi


async def _live(receive: Receive, send: Send) -> None:
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return


def _most_bytes(scope: Scope) -> int:
    types = (value for name, value in scope["headers"] if name.lower() == b"content-type")
    return largest_body(next(types, b"").decode("latin-1"))


async def _body(receive: Receive, most: int) -> bytes | None:
    """The whole body, or just enough of it to be refused as too large; None when the caller went away."""
    parts, length = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        if length <= most:
            parts.append(part)
        length += len(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _request(scope: Scope, body: bytes) -> Request:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get("host", "localhost")
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body,
        origin=f"{scope['scheme']}://{host}",
    )


async def _carry_out(outcome: RequestOutcome, scope: Scope, receive: Receive, send: Send) -> None:
    if outcome.delay and await _hung_up(receive, outcome.delay):
        return
    if outcome.response is not None:
        await _send(outcome, outcome.response, receive, send)
    if outcome.ending is not Ending.COMPLETE:
        await _break_off(outcome.ending, scope.get("state", {}).get(CONNECTION), receive)


async def _send(outcome: RequestOutcome, response: Response, receive: Receive, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    if response.status != 204:
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if outcome.ending is Ending.COMPLETE and not outcome.pause:
        await send({"type": "http.response.body", "body": response.body})
        return
    for piece in outcome.pieces():
        if outcome.pause and await _hung_up(receive, outcome.pause):
            return
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    if outcome.ending is Ending.COMPLETE:
        await send({"type": "http.response.body", "body": b""})


async def _break_off(ending: Ending, connection: asyncio.Transport | None, receive: Receive) -> None:
    if ending in _SILENT:
        await _hung_up(receive, LONGEST_SILENCE)
    if connection is None:
        return
    if ending in (Ending.READ_ERROR, Ending.WRITE_ERROR):
        _reset(connection)
    else:
        connection.close()
    # The server must see that it is over before it notices that nothing complete was sent.
    await _disconnected(receive)


async def _hung_up(receive: Receive, seconds: float) -> bool:
    """Wait; whether the caller went away meanwhile, who is waited for no longer."""
    with suppress(TimeoutError):
        await asyncio.wait_for(_disconnected(receive), seconds)
        return True
    return False


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _reset(connection: asyncio.Transport) -> None:
    """Close without a farewell: the other side sees a reset."""
    wire = connection.get_extra_info("socket")
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    connection.abort()
