"""The sandbox's server without a socket: bytes go into uvicorn's own parser, and every task is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import uvicorn
from pennyform.sandbox.http.asgi import Application, Receive, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

_PATIENCE = 0.2  # seconds until a request that is not complete is taken for one that never will be


class _Socket(asyncio.Transport):
    """A connection that takes everything that is written to it, and keeps nothing."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 8787)})
        self._is_closing = False

    def write(self, data: Any) -> None:
        pass

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True

    abort = close

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        pass


class Wire:
    """Connections to one application, one after the other."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._problems: list[BaseException] = []
        self._loop = asyncio.new_event_loop()
        config = uvicorn.Config(
            self._watched, ws="none", lifespan="off", log_level="critical", access_log=False
        )
        config.load()
        self._config = config

    async def _watched(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        try:
            await self._application(scope, receive, send)
        except Exception as problem:
            self._problems.append(problem)
            raise

    def receive(self, content: bytes) -> None:
        """A connection on which ``content`` arrives, and no more; raises what the application raised."""
        self._problems.clear()
        self._loop.run_until_complete(self._connect(content))
        if self._problems:
            raise self._problems[0]

    async def _connect(self, content: bytes) -> None:
        state = ServerState()
        protocol = H11Protocol(self._config, state, {}, self._loop)
        protocol.connection_made(_Socket())
        protocol.data_received(content)
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=_PATIENCE)
        protocol.connection_lost(None)
        while state.tasks:
            await asyncio.wait(state.tasks)
