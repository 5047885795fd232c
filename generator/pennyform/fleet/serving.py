"""Figures of the fleet over HTTP: for Prometheus, and as a page. Nothing can be changed through it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pennyform.findings import failure

Route = tuple[str, Callable[[], str]]
"""The media type of an answer, and what makes its text."""

_REQUEST_SECONDS = 10


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A second one on the same port must not take half of the requests.
    allow_reuse_port = False


def listen(host: str, port: int, routes: Mapping[str, Route]) -> ThreadingHTTPServer:
    """A server that answers ``routes``; to be run by :meth:`serve_forever`.

    Args:
        host: the address to listen on. Requests name it, or an address: a page of somebody else that lets its
            name lead here gets no answer.
        port: the port; 0 picks a free one.
        routes: by path.

    Raises:
        Failure: it cannot listen there.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = _REQUEST_SECONDS
        server_version, sys_version = "pennyform", ""

        def do_GET(self) -> None:
            """Answer one request."""
            route = routes.get(self.path.partition("?")[0])
            if not _is_ours(self.headers.get("Host", ""), host):
                self._answer(403, "text/plain", "another host is meant\n")
            elif route is None:
                self._answer(404, "text/plain", "there is nothing here\n")
            else:
                try:
                    self._answer(200, route[0], route[1]())
                except Exception:
                    self._answer(503, "text/plain", "the figures cannot be read\n")

        def _answer(self, status: int, media_type: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{media_type}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing: who looks at figures is no event of the fleet."""

    try:
        return _Server((host, port), Handler)
    except (OSError, OverflowError) as problem:
        raise failure(
            "fleet-port", f"{host}:{port} cannot be listened on: {problem}", fix="name another port"
        ) from None


def _is_ours(header: str, host: str) -> bool:
    name = header.rpartition(":")[0] if header.rpartition(":")[2].isdigit() else header
    name = name.strip("[]").lower()
    if name in {"localhost", host.lower(), socket.gethostname().lower()}:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
