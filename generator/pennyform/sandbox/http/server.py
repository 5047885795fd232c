"""The sandbox on a port of this computer."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from pennyform.findings import failure
from pennyform.sandbox.http.asgi import CONNECTION, Application

# What is still being answered, or kept waiting by a fault, gets this long when the server stops.
_SECONDS_TO_FINISH = 1
# Longer than any client keeps a connection that it does not use: who hangs up first must be the client, or a
# request that it sends at that moment is lost.
_SECONDS_KEPT_OPEN = 120


def listen(host: str, port: int) -> socket.socket:
    """Open a socket. From now on callers are queued, even before anybody answers.

    Args:
        host: address or name to listen on.
        port: 0 picks a free one.

    Raises:
        Failure: when the address cannot be used.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as problem:
        raise failure(
            "sandbox-address",
            f"the sandbox cannot listen on {host}:{port}: {problem}",
            fix="choose another --port; 0 picks a free one",
        ) from problem
    # Inherited by every connection: without it each answer waits 40 ms for a delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def address(listener: socket.socket) -> str:
    """``http://127.0.0.1:8787``."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def server(application: Application) -> uvicorn.Server:
    """A server for ``run(sockets=[listener])``; ``should_exit = True`` stops it, and so does Ctrl-C.

    Args:
        application: as :meth:`~pennyform.sandbox.Sandbox.asgi` gives it.
    """
    return uvicorn.Server(
        uvicorn.Config(
            application,
            http=_protocol(),
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_keep_alive=_SECONDS_KEPT_OPEN,
            timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        )
    )


def _protocol() -> type[asyncio.Protocol]:
    """The faster one of uvicorn's that is installed, with the connection left in the scope."""
    base: Any = AutoHTTPProtocol

    def connection_made(self: Any, transport: asyncio.Transport) -> None:
        base.connection_made(self, transport)
        self.app_state = {**self.app_state, CONNECTION: transport}

    return type("Protocol", (base,), {"connection_made": connection_made})
