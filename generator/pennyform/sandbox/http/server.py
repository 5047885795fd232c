"""The sandbox on a port of this computer."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from pennyform.findings import failure
from pennyform.sandbox.http.asgi import CONNECTION, Application

# Requests that are still being answered, or that a fault delays, get this long when the server stops.
_SHUTDOWN_SECONDS = 1
# Longer than any client keeps an idle connection: the client must close first, or a request that it sends at
# that moment is lost.
_KEEP_ALIVE_SECONDS = 120


def listen(host: str, port: int) -> socket.socket:
    """Open a socket on an address or name; port 0 picks a free one.

    From now on clients are queued, even before the server runs.

    Raises:
        Failure: when the address cannot be used.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        raise failure(
            "sandbox-address",
            f"the sandbox cannot listen on {host}:{port}: {error}",
            fix="choose another --port; 0 picks a free one",
        ) from error
    # Inherited by every connection: without it each response waits 40 ms for a delayed acknowledgement.
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


class _Server(uvicorn.Server):
    """uvicorn's, except that the system itself ends the process on SIGTERM.

    Python handles a signal between two instructions only, and one call of a library may take long. What was
    answered is stored. As process 1 of a container it stops as uvicorn does: the system gives that process
    no default.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals while the server runs."""
        with super().capture_signals():
            if threading.current_thread() is threading.main_thread() and os.getpid() != 1:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
            yield


def server(application: Application) -> uvicorn.Server:
    """A server for ``run(sockets=[listener])``; ``should_exit = True`` stops it, and so does Ctrl-C."""
    base: Any = AutoHTTPProtocol  # the faster of uvicorn's protocols that is installed

    def connection_made(self: Any, transport: asyncio.Transport) -> None:
        # Faults that break a connection need it (``http.asgi``); ASGI itself does not hand it out.
        base.connection_made(self, transport)
        self.app_state = {**self.app_state, CONNECTION: transport}

    return _Server(
        uvicorn.Config(
            application,
            http=type("Protocol", (base,), {"connection_made": connection_made}),
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
    )
