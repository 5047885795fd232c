"""What opens without a token: signed links to files; and ``/_sandbox`` and the pages, to no other site.

A page of any site can make a browser send requests to 127.0.0.1 (CSRF), and a site can give itself that
address (DNS rebinding). So a foreign ``Origin`` is rejected, and so is a host name that anyone could own.
Requests that change something also need a body declared as JSON: browsers ask (CORS preflight) before they
send one to another origin, and nothing here allows it.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from pennyform.sandbox.api_errors import ApiError
from pennyform.sandbox.messages import Request

LINK_PREFIX = "/public/files/"
# No secret: it makes a link that somebody changed, or prolonged, fail as it does on the real service.
_KEY = b"pennyform sandbox"
_PATH = re.compile(rf"{LINK_PREFIX}(([0-9]+)/([a-z_]+)/([0-9]+)/([0-9]+))/([0-9a-f]+)/[^/]+")
# Names that nobody can register (RFC 2606, RFC 6762, .internal), and the one that clients use in-process.
_RESERVED = ("localhost", "internal", "local", "test", "example", "app.pennylane.com")


@dataclass(frozen=True, slots=True)
class SignedLink:
    """The record whose file a link opens."""

    company: int
    kind: str
    record: int


def sign_link(company: int, kind: str, record: int, until: int) -> str:
    """The part of a link between the prefix and the file's name; it opens until a Unix time."""
    target = f"{company}/{kind}/{record}/{until}"
    return f"{target}/{_signature(target)}"


def verify_link(path: str, now: datetime) -> SignedLink | None:
    """The record that a link leads to; None when it is no link, was tampered with, or has expired."""
    match = _PATH.fullmatch(path)
    if match is None or not hmac.compare_digest(match[6], _signature(match[1])):
        return None
    if int(match[5]) <= now.timestamp():
        return None
    return SignedLink(int(match[2]), match[3], int(match[4]))


def _signature(target: str) -> str:
    return hmac.new(_KEY, target.encode(), hashlib.sha256).hexdigest()[:32]


def check_origin(request: Request) -> None:
    """Let a request pass that no other site can have sent; 403 for others."""
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
