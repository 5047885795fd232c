# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""Connections whose every operation ends by the deadline of the attempt that it is for.

httpx has a time-out for each operation: a byte now and then keeps a request alive. Here each gets no more
time than is left in all, for connecting, TLS, sending, informational answers, headers and body.
"""

from __future__ import annotations

import socket
import ssl
from typing import Any

import httpcore

from .._bounds import ATTEMPT, MOST_HEAD_BYTES

# Sent at a time: the HTTP library gives each piece that the system takes the whole time-out again.
_PIECE = 2**14


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
            pool._network_backend = _Backend(backend)
        elif isinstance(backend, httpcore.AsyncNetworkBackend):
            pool._network_backend = _AsyncBackend(backend)


def _time(timeout: float | None, error: type[Exception]) -> float | None:
    attempt = ATTEMPT.get()
    if attempt is None:
        return timeout
    seconds = attempt.seconds_left(error)
    return seconds if timeout is None else min(seconds, timeout)


def _count(data: bytes) -> bytes:
    """Count what arrives before the headers end: informational answers, of which there may be any number."""
    attempt = ATTEMPT.get()
    if attempt is not None and attempt.head_bytes is not None:
        if attempt.head_bytes > MOST_HEAD_BYTES:
            raise httpcore.ReadError(f"headers of more than {MOST_HEAD_BYTES} bytes")
        attempt.head_bytes += len(data)
    return data


def _addresses(host: str, port: int) -> list[str]:
    """All addresses of a host, to be tried one by one: the system would give each the whole time-out."""
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as problem:
        raise httpcore.ConnectError(str(problem)) from problem
    return list(dict.fromkeys(str(address[0]) for *_, address in entries))


class _Bounded:
    """A stream or backend of httpcore; what is not bounded goes on to the one inside."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Stream(_Bounded):
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive what has arrived."""
        seconds = _time(timeout, httpcore.ReadTimeout)
        return _count(self._inner.read(max_bytes, seconds))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        for start in range(0, len(buffer), _PIECE):
            seconds = _time(timeout, httpcore.WriteTimeout)
            self._inner.write(buffer[start : start + _PIECE], seconds)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        """Go on with TLS."""
        seconds = _time(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, seconds))


class _Backend(_Bounded):
    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> _Stream:
        """Open a connection."""
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in _addresses(host, port):
            seconds = _time(timeout, httpcore.ConnectTimeout)
            try:
                return _Stream(self._inner.connect_tcp(address, port, seconds, **options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as problem:
                failure = problem
        raise failure


class _AsyncStream(_Bounded):
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive what has arrived."""
        seconds = _time(timeout, httpcore.ReadTimeout)
        return _count(await self._inner.read(max_bytes, seconds))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        for start in range(0, len(buffer), _PIECE):
            seconds = _time(timeout, httpcore.WriteTimeout)
            await self._inner.write(buffer[start : start + _PIECE], seconds)

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _AsyncStream:
        """Go on with TLS."""
        seconds = _time(timeout, httpcore.ConnectTimeout)
        return _AsyncStream(await self._inner.start_tls(ssl_context, server_hostname, seconds))


class _AsyncBackend(_Bounded):
    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, **options: Any
    ) -> _AsyncStream:
        """Open a connection."""
        seconds = _time(timeout, httpcore.ConnectTimeout)
        return _AsyncStream(await self._inner.connect_tcp(host, port, seconds, **options))
