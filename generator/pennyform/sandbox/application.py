"""The sandbox with everything that it is reached through: httpx transports and an ASGI application."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pennyform.sandbox.http.dispatcher import Dispatcher
from pennyform.sandbox.service import SandboxService

if TYPE_CHECKING:
    # httpx and asyncio are imported when a transport is made: a server needs no httpx, and starts faster.
    import httpx

    from pennyform.sandbox.http.asgi import Application
    from pennyform.sandbox.http.transports import AsyncSleep, Sleep


class Sandbox(SandboxService):
    """A local Pennylane: one SQLite file behind the contract.

    Its arguments and attributes are those of :class:`~pennyform.sandbox.service.SandboxService`. The ways in
    that it creates also answer what the service does not: ``/_sandbox`` and the page for a browser.
    """

    def transport(self, *, sleep: Sleep = time.sleep) -> httpx.BaseTransport:
        """For ``httpx.Client(transport=…)``: the same requests and responses, without a socket.

        Args:
            sleep: how the transport waits, where faults make it wait.
        """
        from pennyform.sandbox.http.transports import Transport

        return Transport(Dispatcher(self), sleep)

    def async_transport(self, *, sleep: AsyncSleep | None = None) -> httpx.AsyncBaseTransport:
        """For ``httpx.AsyncClient(transport=…)``; waits by ``asyncio.sleep`` unless told otherwise."""
        from pennyform.sandbox.http.transports import AsyncTransport

        return AsyncTransport(Dispatcher(self), sleep)

    def asgi(self, *, hosts: Iterable[str] = ()) -> Application:
        """An ASGI application, for a server such as uvicorn.

        Args:
            hosts: names by which it may be reached, besides ``localhost`` and IP addresses.
        """
        from pennyform.sandbox.http.asgi import application
        from pennyform.sandbox.http.visitors import Visitors

        return application(Dispatcher(self, Visitors(hosts)))
