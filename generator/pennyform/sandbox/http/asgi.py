"""The sandbox as an ASGI application.

A request is answered in a thread: one that waits for a file which another process has locked would otherwise
keep all others waiting, and the server from stopping.

ASGI cannot break a connection. Faults that need to use the connection that ``http.server`` leaves in
``scope["state"]``; under another server they end in its own error.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, Protocol

from pennyform.sandbox.api_errors import ApiError
from pennyform.sandbox.contract.request_validation import LARGEST_BODY
from pennyform.sandbox.faults.fault import Ending, RequestOutcome
from pennyform.sandbox.http.bodies import (
    BodyMemory,
    DisconnectedError,
    Receive,
    announces_body,
    drop_body,
    read_body,
)
from pennyform.sandbox.http.workers import Workers
from pennyform.sandbox.messages import Request, Response

# The ASGI specification's own types: messages are mappings whose keys depend on their "type".
Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

CONNECTION = "pennyform.connection"
_READERS = 4
_OAUTH = "/oauth/"
# A client without a timeout would wait without end for an answer that a fault withholds.
LONGEST_SILENCE = 300.0
_SILENT = {Ending.READ_TIMEOUT, Ending.WRITE_TIMEOUT, Ending.CONNECT_TIMEOUT, Ending.POOL_TIMEOUT}
# SO_LINGER on, with 0 seconds: closing sends a reset instead of a FIN (socket(7)).
_LINGER_ZERO = struct.pack("ii", 1, 0)


class Dispatch(Protocol):
    """What answers requests, in several threads at a time."""

    def __call__(self, request: Request) -> RequestOutcome:
        """Answer one request."""

    def longest_body(self, head: Request) -> int:
        """How many bytes of the body of a request are read; 0 when it is answered without."""


class _Threads:
    """Who writes comes after others who write, as SQLite has one writer; nobody waits for them who reads."""

    def __init__(self) -> None:
        self._readers, self._writer = Workers(_READERS), Workers(1)

    def of(self, request: Request) -> Workers:
        reads = request.method in ("GET", "HEAD") and not request.path.startswith(_OAUTH)
        return self._readers if reads else self._writer

    @property
    def readers(self) -> Workers:
        return self._readers


def application(dispatch: Dispatch) -> Application:
    """An ASGI application that answers HTTP with ``dispatch`` and rejects WebSockets."""
    threads, memory = _Threads(), BodyMemory()

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            event = ""
            while event != "lifespan.shutdown":
                event = (await receive())["type"]
                await send({"type": f"{event}.complete"})
        elif scope["type"] == "http":
            head = _read_head(scope)
            with memory.lease() as lease, suppress(DisconnectedError):
                limit = LARGEST_BODY
                if announces_body(head):
                    limit = await threads.readers.run(dispatch.longest_body, head)
                try:
                    request, unread = await read_body(head, receive, limit, lease)
                except ApiError as error:
                    outcome, unread = RequestOutcome(error.response()), True
                else:
                    outcome = await threads.of(request).run(dispatch, request)
                await _carry_out(outcome, scope, receive, send, unread=unread)

    return asgi


def _read_head(scope: Scope) -> Request:
    """The request without its body. A header that comes twice has both values, as RFC 9110 joins them."""
    headers: dict[str, str] = {}
    for name_bytes, value_bytes in scope["headers"]:
        name, value = name_bytes.decode("latin-1").lower(), value_bytes.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        origin=f"{scope['scheme']}://{headers.get('host', 'localhost')}",
    )


async def _carry_out(
    outcome: RequestOutcome, scope: Scope, receive: Receive, send: Send, *, unread: bool
) -> None:
    connection: asyncio.Transport | None = scope.get("state", {}).get(CONNECTION)
    if outcome.delay and await _disconnects_within(outcome.delay, receive):
        return
    if outcome.response is not None:
        await _send(outcome, outcome.response, receive, send, unread=unread, connection=connection)
    if outcome.ending is not Ending.COMPLETE:
        await _break_connection(outcome.ending, connection, receive)


async def _send(
    outcome: RequestOutcome,
    response: Response,
    receive: Receive,
    send: Send,
    *,
    unread: bool,
    connection: asyncio.Transport | None,
) -> None:
    headers = [
        (name.encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in response.headers.items()
    ]
    if response.status != 204:
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if outcome.ending is Ending.COMPLETE and not outcome.pause and not unread:
        await send({"type": "http.response.body", "body": response.body})
        return
    for piece in outcome.pieces():
        if outcome.pause and await _disconnects_within(outcome.pause, receive):
            return
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    if outcome.ending is not Ending.COMPLETE:
        return
    # The client has the whole answer before the rest of its request is dropped.
    is_clean = not unread or await drop_body(receive)
    await send({"type": "http.response.body", "body": b""})
    if not is_clean and connection is not None:
        connection.close()


async def _break_connection(ending: Ending, connection: asyncio.Transport | None, receive: Receive) -> None:
    if ending in _SILENT:
        await _disconnects_within(LONGEST_SILENCE, receive)
    if connection is None:
        return
    if ending in (Ending.READ_ERROR, Ending.WRITE_ERROR):
        stream = connection.get_extra_info("socket")
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        connection.abort()
    else:
        connection.close()
    # The server must see that it is over before it notices that nothing complete was sent.
    await _wait_for_disconnect(receive)


async def _disconnects_within(seconds: float, receive: Receive) -> bool:
    """Wait; True as soon as the client goes away."""
    with suppress(TimeoutError):
        await asyncio.wait_for(_wait_for_disconnect(receive), seconds)
        return True
    return False


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
