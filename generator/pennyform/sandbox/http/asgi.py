"""The ASGI application of the sandbox, and the dispatch of a request to its part.

A request is answered in the event loop itself. SQLite has one writer, and an answer takes less time than
handing it to a thread would.

ASGI cannot break a connection. Faults that need to use the connection that ``http.server`` leaves in
``scope["state"]``; under another server they end in its own error.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pennyform.sandbox.contract.request_validation import largest_body
from pennyform.sandbox.faults.fault import Ending, RequestOutcome
from pennyform.sandbox.faults.schedule import HEADER, FaultError, from_header
from pennyform.sandbox.messages import Request, Response, make_response
from pennyform.sandbox.service import SandboxService

if TYPE_CHECKING:
    from pennyform.sandbox.admin.routes import Admin
    from pennyform.sandbox.ui import Pages


_API = "/api/"
_ADMIN = "_sandbox"


class Dispatcher:
    """What a transport calls: a function from a request to its outcome."""

    def __init__(self, sandbox: SandboxService) -> None:
        self._sandbox = sandbox

    def __call__(self, request: Request) -> RequestOutcome:
        """Answer one request, or say what happens instead."""
        if not request.path.startswith(_API):
            is_admin = request.path.split("/")[1:2] == [_ADMIN]
            response = self._admin.answer(request) if is_admin else self._pages.answer(request)
            if response is not None:
                return RequestOutcome(response)
        started, at = time.perf_counter(), self._sandbox.clock()
        try:
            faults = from_header(request.headers.get(HEADER, ""))
        except FaultError as error:
            body = {"message": f"{HEADER}: {error}"}
            outcome = RequestOutcome(make_response(400, body, {"content-type": "application/json"}))
        else:
            outcome = self._sandbox.faults.deliver(request, self._sandbox, faults)
        self._sandbox.log.record(request, outcome, at, started)
        return outcome

    # Both are imported when first needed: a client of the API needs neither them nor Jinja.

    @cached_property
    def _admin(self) -> Admin:
        from pennyform.sandbox.admin.routes import Admin

        return Admin(self._sandbox)

    @cached_property
    def _pages(self) -> Pages:
        from pennyform.sandbox.ui import Pages

        return Pages(self._sandbox)


# The ASGI specification's own types: messages are mappings whose keys depend on their "type".
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

CONNECTION = "pennyform.connection"
# A client without a timeout would wait without end for an answer that a fault withholds.
LONGEST_SILENCE = 300.0
_SILENT = {Ending.READ_TIMEOUT, Ending.WRITE_TIMEOUT, Ending.CONNECT_TIMEOUT, Ending.POOL_TIMEOUT}
# SO_LINGER on, with 0 seconds: closing sends a reset instead of a FIN (socket(7)).
_LINGER_ZERO = struct.pack("ii", 1, 0)


def application(dispatch: Callable[[Request], RequestOutcome]) -> Application:
    """An ASGI application that answers HTTP with ``dispatch`` and rejects WebSockets."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            event = ""
            while event != "lifespan.shutdown":
                event = (await receive())["type"]
                await send({"type": f"{event}.complete"})
        elif scope["type"] == "http":
            request = await _read_request(scope, receive)
            if request is not None:
                await _carry_out(dispatch(request), scope, receive, send)

    return asgi


async def _read_request(scope: Scope, receive: Receive) -> Request | None:
    """The request to its end; None when the client went away."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    request = Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        origin=f"{scope['scheme']}://{headers.get('host', 'localhost')}",
    )
    # Of a body that is too large just enough is kept for the answer to say so; the rest is read and dropped,
    # as many clients do not look at a response before they have sent everything.
    limit = largest_body(request.media_type)
    parts, length = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        if length <= limit:
            parts.append(part)
        length += len(part)
        if not message.get("more_body"):
            return replace(request, body=b"".join(parts))


async def _carry_out(outcome: RequestOutcome, scope: Scope, receive: Receive, send: Send) -> None:
    if outcome.delay and await _disconnects_within(outcome.delay, receive):
        return
    if outcome.response is not None:
        await _send(outcome, outcome.response, receive, send)
    if outcome.ending is not Ending.COMPLETE:
        await _break_connection(outcome.ending, scope.get("state", {}).get(CONNECTION), receive)


async def _send(outcome: RequestOutcome, response: Response, receive: Receive, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    if response.status != 204:
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if outcome.ending is Ending.COMPLETE and not outcome.pause:
        await send({"type": "http.response.body", "body": response.body})
        return
    for piece in outcome.pieces():
        if outcome.pause and await _disconnects_within(outcome.pause, receive):
            return
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    if outcome.ending is Ending.COMPLETE:
        await send({"type": "http.response.body", "body": b""})


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
