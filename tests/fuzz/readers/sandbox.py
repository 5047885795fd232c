"""Requests to the sandbox: as bytes on a socket, and as calls of somebody who may make them."""

from __future__ import annotations

import httpx
from pennyform.sandbox import TOKEN, Sandbox

from tests.fuzz.wire import Wire

_INPUTS_OF_ONE_SANDBOX = 500


class _Books:
    """A sandbox that is begun anew from time to time, as inputs fill its books."""

    def __init__(self) -> None:
        self._uses = 0
        self._sandbox: Sandbox | None = None

    def sandbox(self) -> Sandbox:
        if self._sandbox is None or self._uses == _INPUTS_OF_ONE_SANDBOX:
            if self._sandbox:
                self._sandbox.close()
            self._sandbox, self._uses = Sandbox(rate_limit=False), 0
            self.wire = Wire(self._sandbox.asgi())
        self._uses += 1
        self._sandbox.faults.clear()
        return self._sandbox


_BOOKS = _Books()


def read_request(content: bytes) -> None:
    """The bytes that arrive on a socket."""
    _BOOKS.sandbox()
    if content:  # a transport never hands over nothing
        _BOOKS.wire.receive(content)


def read_call(content: bytes) -> None:
    """A call of the API by somebody who may: a line with method and path, then the body."""
    head, _, body = content.partition(b"\n")
    method, _, path = head.decode("latin-1").partition(" ")
    kind = "application/json"
    if body.startswith(b"--"):
        boundary = body[2:].partition(b"\r\n")[0].decode("latin-1")
        kind = f"multipart/form-data; boundary={boundary}"
    with httpx.Client(transport=_BOOKS.sandbox().transport(sleep=lambda _: None)) as client:
        try:
            request = client.build_request(
                "".join(filter(str.isalpha, method))[:10].upper() or "GET",
                httpx.URL("http://localhost").join(f"/{path.lstrip('/')}"),
                headers={
                    "authorization": f"Bearer {TOKEN}",
                    "content-type": kind.encode("latin-1", "replace"),
                },
                content=body,
            )
        except (httpx.InvalidURL, ValueError, UnicodeError):
            return
        answer = client.send(request)
        assert answer.status_code < 500 or answer.status_code == 503, f"{answer.status_code}: {answer.text}"
