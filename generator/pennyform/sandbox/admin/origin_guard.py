"""Who may come in without a token: people and programs on this computer, not what their browser shows.

A page of any site can make its visitor's browser send requests to 127.0.0.1, and a site can give itself that
address. So a foreign origin is refused, and so is a name that somebody else may own. What changes
something needs a body declared as JSON, about which browsers ask first.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from pennyform.sandbox.admin.admin_request import refusal
from pennyform.sandbox.messages import Request

# Names that nobody can register, and the one that clients use in-process.
_RESERVED = ("localhost", "internal", "local", "test", "example", "app.pennylane.com")


def check_origin(request: Request) -> None:
    """Let a request pass that no other site can have sent.

    Raises:
        ApiError: 403.
    """
    host = urlsplit(request.origin).hostname or ""
    if not _is_nobodys(host):
        raise refusal(403, f"{host} may be anyone's: come by an IP address or as localhost")
    origin = request.headers.get("origin")
    if origin is not None and origin != request.origin:
        raise refusal(403, f"requests of {origin[:100]} are refused")
    if request.method not in ("GET", "HEAD") and request.headers.get("sec-fetch-site") == "cross-site":
        raise refusal(403, "requests of other sites are refused")


def _is_nobodys(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return "." not in host or host.endswith(tuple(f".{name}" for name in _RESERVED)) or host in _RESERVED
