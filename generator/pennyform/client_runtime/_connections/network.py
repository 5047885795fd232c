# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""Connections whose every operation ends by one deadline.

httpx has a time-out for each operation: a byte now and then keeps a request alive. Here each gets no more
time than is left in all, for connecting, TLS, sending, informational answers, headers and body.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any, Protocol

import httpcore

from .._bounds import ATTEMPT, MOST_HEAD_BYTES

# Sent at a time: the HTTP library gives each piece that the system takes the whole time-out again.
_PIECE = 2**14
# For one of several addresses, so that one that never answers leaves time for the next.
_SECONDS_OF_ONE = 10.0

Resolve = Callable[[str, int, float | None], list[str]]
"""Host, port and the seconds that are left → IP addresses."""


class Limits(Protocol):
    """What the operations on a connection may take."""

    def seconds(self, timeout: float | None, error: type[Exception]) -> float | None:
        """The time for the next operation, at most ``timeout``; raises ``error`` or its like."""
        ...

    def count(self, data: bytes) -> bytes:
        """Count what came in, unless it is too much."""
        ...


class _OfAttempt:
    """The limits of the attempt that is under way; none outside of one."""

    def seconds(self, timeout: float | None, error: type[Exception]) -> float | None:
        """At most ``timeout``, and what is left of the attempt; raises ``error`` if nothing is."""
        attempt = ATTEMPT.get()
        if attempt is None:
            return timeout
        seconds = attempt.seconds_left(error)
        return seconds if timeout is None else min(seconds, timeout)

    def count(self, data: bytes) -> bytes:
        """Count what comes before the headers end: there may be any number of informational answers."""
        attempt = ATTEMPT.get()
        if attempt is not None and attempt.head_bytes is not None:
            if attempt.head_bytes > MOST_HEAD_BYTES:
                raise httpcore.ReadError(f"headers of more than {MOST_HEAD_BYTES} bytes")
            attempt.head_bytes += len(data)
        return data


def bound(client: object) -> None:
    """Let all connections of an httpx client, also those through proxies, end by the deadline.

    A transport that opens its connections otherwise stays as it is; its answers are bounded as they are read.
    """
    # httpx has no option for it, although httpcore has: a test fails where they keep it elsewhere.
    transports = [getattr(client, "_transport", None), *getattr(client, "_mounts", {}).values()]
    for transport in transports:
        pool: Any = getattr(transport, "_pool", None)
        backend = getattr(pool, "_network_backend", None)
        if isinstance(backend, httpcore.NetworkBackend):
            pool._network_backend = Backend(backend, _OfAttempt(), resolve)
        elif isinstance(backend, httpcore.AsyncNetworkBackend):
            pool._network_backend = AsyncBackend(backend, _OfAttempt())


def resolve(host: str, port: int, seconds: float | None) -> list[str]:
    """The IP addresses of a host. The system's resolver knows no deadline: a thread waits for it."""
    answers: queue.SimpleQueue[list[Any] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as problem:
            answers.put(problem)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise httpcore.ConnectTimeout from None
    if isinstance(answer, Exception):
        raise httpcore.ConnectError(str(answer)) from answer
    return list(dict.fromkeys(str(entry[4][0]) for entry in answer))


class _Bounded:
    """A stream or backend of httpcore; what is not bounded goes on to the one inside."""

    def __init__(self, inner: Any, limits: Limits) -> None:
        self._inner = inner
        self._limits = limits

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Stream(_Bounded):
    """A connection within limits."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive what has arrived."""
        seconds = self._limits.seconds(timeout, httpcore.ReadTimeout)
        return self._limits.count(self._inner.read(max_bytes, seconds))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        for start in range(0, len(buffer), _PIECE):
            seconds = self._limits.seconds(timeout, httpcore.WriteTimeout)
            self._inner.write(buffer[start : start + _PIECE], seconds)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Stream:
        """Go on with TLS, which waits for all its messages together."""
        seconds = self._limits.seconds(timeout, httpcore.ConnectTimeout)
        stream = self._inner.start_tls(ssl_context, server_hostname, seconds)
        return Stream(stream, self._limits)


class AsyncStream(_Bounded):
    """A connection within limits."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive what has arrived."""
        seconds = self._limits.seconds(timeout, httpcore.ReadTimeout)
        return self._limits.count(await self._inner.read(max_bytes, seconds))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        for start in range(0, len(buffer), _PIECE):
            seconds = self._limits.seconds(timeout, httpcore.WriteTimeout)
            await self._inner.write(buffer[start : start + _PIECE], seconds)

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncStream:
        """Go on with TLS, which waits for all its messages together."""
        seconds = self._limits.seconds(timeout, httpcore.ConnectTimeout)
        stream = await self._inner.start_tls(ssl_context, server_hostname, seconds)
        return AsyncStream(stream, self._limits)


class Backend(_Bounded):
    """Opens connections within limits.

    Args:
        inner: what connects to an IP address.
        limits: of these connections.
        resolve: finds the IP addresses.
    """

    def __init__(self, inner: Any, limits: Limits, resolve: Resolve) -> None:
        super().__init__(inner, limits)
        self._resolve = resolve

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> Stream:
        """Open a connection, to one address after the other: the system would give each the whole time."""
        addresses = self._resolve(host, port, self._limits.seconds(timeout, httpcore.ConnectTimeout))
        failure: Exception = httpcore.ConnectError("the host has no address")
        for number, address in enumerate(addresses, 1):
            seconds = self._limits.seconds(timeout, httpcore.ConnectTimeout)
            if number < len(addresses):
                seconds = _SECONDS_OF_ONE if seconds is None else min(seconds, _SECONDS_OF_ONE)
            try:
                stream = self._inner.connect_tcp(address, port, seconds, **options)
                return Stream(stream, self._limits)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as problem:
                failure = problem
        raise failure


class AsyncBackend(_Bounded):
    """The same for tasks, where the event loop can interrupt looking up an address."""

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, **options: Any
    ) -> AsyncStream:
        """Open a connection."""
        seconds = self._limits.seconds(timeout, httpcore.ConnectTimeout)
        return AsyncStream(await self._inner.connect_tcp(host, port, seconds, **options), self._limits)
