"""A sandbox on a port for the duration of a ``with`` block."""

from __future__ import annotations

from threading import Thread

from pennyform.extras import require_extra
from pennyform.sandbox.application import Sandbox
from pennyform.sandbox.messages import BASE_PATH
from pennyform.sandbox.seed import TOKEN

_SECONDS_TO_STOP = 10


class Served:
    """Serves a sandbox from a thread: what a test does to it, clients on the port see at once.

    Attributes:
        sandbox: the sandbox; it stays the caller's to close.
        token: a token that may do everything.
        url: ``http://127.0.0.1:PORT``; port 0 picks a free one.
        api_url: where the API begins.
    """

    def __init__(self, sandbox: Sandbox, *, port: int = 0) -> None:
        """Listen on the port.

        Raises:
            Failure: the extra `server` is not installed, or the port cannot be used.
        """
        require_extra("server", "a sandbox on a port")

        from pennyform.sandbox.http.server import address, listen, server

        self.sandbox = sandbox
        self.token = TOKEN
        self._listener = listen("127.0.0.1", port)
        self.url = address(self._listener)
        self.api_url = self.url + BASE_PATH
        self._server = server(sandbox.asgi())
        self._thread = Thread(target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True)

    def __enter__(self) -> Served:
        """Begin to answer. Clients need not wait: the socket queues them."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and free the port."""
        self._server.should_exit = True
        self._thread.join(_SECONDS_TO_STOP)
        self._listener.close()
