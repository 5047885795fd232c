"""Protection of what needs no token (``/_sandbox`` and the pages) against other sites in a browser.

A page of any site can make a browser send requests to 127.0.0.1 (CSRF), and a site can give itself that
address (DNS rebinding). So a foreign ``Origin`` is rejected, and so is a host name that anyone could own.
Requests that change something also need a body declared as JSON: browsers ask (CORS preflight) before they
send one to another origin, and nothing here allows it.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from pennyform.sandbox.api_errors import ApiError
from pennyform.sandbox.messages import Request

# Names that nobody can register (RFC 2606, RFC 6762, .internal), and the one that clients use in-process.
_RESERVED = ("localhost", "internal", "local", "test", "example", "app.pennylane.com")


def check_origin(request: Request) -> None:
    """Let a request pass that no other site can have sent.

    Raises:
        ApiError: 403.
    """
    host = urlsplit(request.origin).hostname or ""
    if not _is_private(host):
        raise ApiError(403, f"{host} may be anyone's: come by an IP address or as localhost")
    origin = request.headers.get("origin")
    if origin is not None and origin != request.origin:
        raise ApiError(403, f"requests of {origin[:100]} are refused")
    if request.method not in ("GET", "HEAD") and request.headers.get("sec-fetch-site") == "cross-site":
        raise ApiError(403, "requests of other sites are refused")


def _is_private(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return "." not in host or host.endswith(tuple(f".{name}" for name in _RESERVED)) or host in _RESERVED
