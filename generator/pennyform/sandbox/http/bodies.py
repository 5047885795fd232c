"""Bodies of requests as they arrive: how much of one is read, for how long, and how much is kept of all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pennyform.sandbox.api_errors import ApiError, unavailable
from pennyform.sandbox.messages import Request

# As ASGI defines it: messages are mappings whose keys depend on their "type".
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

BODY_SECONDS = 60.0
# Of all requests at a time: a few forms of the largest size.
MOST_BYTES_HELD = 256 * 1024 * 1024
# What is not read is dropped for so long before the connection is closed, as many clients do not look at an
# answer before they have sent everything.
DROP_SECONDS = 10.0
DROP_BYTES = 128 * 1024 * 1024


class BodyMemory:
    """Counts the bytes of bodies that are held at a time."""

    def __init__(self) -> None:
        self._held = 0

    def lease(self) -> Lease:
        """A part of it for one request, as a context manager."""
        return Lease(self)

    def add(self, length: int) -> None:
        """Hold so many bytes more, or fewer when negative.

        Raises:
            ApiError: 503 when others hold too much.
        """
        if self._held + length > MOST_BYTES_HELD:
            raise unavailable("other requests are too large, try again")
        self._held += length


class Lease:
    """What one request holds, until the block ends."""

    def __init__(self, memory: BodyMemory) -> None:
        self._memory = memory
        self._length = 0

    def add(self, length: int) -> None:
        """Hold so many bytes more; raises as :meth:`BodyMemory.add` does."""
        self._memory.add(length)
        self._length += length

    def __enter__(self) -> Lease:
        """Nothing is held yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give everything back."""
        self._memory.add(-self._length)


class DisconnectedError(Exception):
    """The client went away before its request was complete."""


def announces_body(head: Request) -> bool:
    """Whether a request says that a body follows."""
    return head.headers.get("content-length", "0") != "0" or "transfer-encoding" in head.headers


async def read_body(head: Request, receive: Receive, limit: int, lease: Lease) -> tuple[Request, bool]:
    """The request with its body, and whether a part of it was left unread.

    Args:
        head: the request without its body.
        receive: gives the parts of the body.
        limit: of a longer body nothing is kept: the request says that it is cut. 0 reads nothing.
        lease: counts what is held.

    Raises:
        ApiError: 408 for a body that takes too long, 503 when others hold too much memory.
        DisconnectedError: when the client went away.
    """
    length = head.headers.get("content-length", "")
    if not limit:
        return head, True
    if length.isdecimal() and int(length[:18]) > limit:
        return replace(head, is_cut=True), True
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise DisconnectedError
                part, more = message.get("body", b""), bool(message.get("more_body"))
                size += len(part)
                if size > limit:
                    return replace(head, is_cut=True), more
                lease.add(len(part))
                parts.append(part)
                if not more:
                    return replace(head, body=b"".join(parts)), False
    except TimeoutError as error:
        raise ApiError(408, f"the body did not arrive within {BODY_SECONDS:g} seconds") from error


async def drop_body(receive: Receive) -> bool:
    """Read and forget what still comes; whether that was all of it."""
    size = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(DROP_SECONDS):
            while size <= DROP_BYTES:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return True
                size += len(message.get("body", b""))
                if not message.get("more_body"):
                    return True
    return False
