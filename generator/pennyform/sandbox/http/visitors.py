"""Who may talk to the sandbox: one check for every request, whatever its path, before its body is read.

A page of any site can make a browser send requests to 127.0.0.1 (CSRF), and a site can give its own name that
address (DNS rebinding). The sandbox's token is known to everybody, so neither may reach any path.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from pennyform.sandbox.api_errors import ApiError
from pennyform.sandbox.messages import Request

_LOCALHOST = "localhost"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_STEERING = "/_sandbox"
# What a form can send without a script, and a script without asking (CORS preflight).
_FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
# A link that a person clicked, as browsers say it (Fetch Metadata).
_CLICK = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-user": "?1"}
_API, _FILES, _OAUTH = "/api/", "/public/", "/oauth/"
_AUTHORIZE = "/oauth/authorize"
# Beyond these nothing in the sandbox looks at text.
_LONGEST_PATH = 8 * 1024
_LONGEST_QUERY = 64 * 1024
_LONGEST_HEADERS = 64 * 1024


class Visitors:
    """Who may talk to a sandbox that listens on a socket.

    Args:
        hosts: names by which it may be reached besides IP addresses and ``localhost``. Any other name may be
            a site's that points to this computer.
    """

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)

    def check(self, request: Request) -> None:
        """Let a request pass that no other site can have sent.

        Args:
            request: without its body; ``origin`` is ``scheme://`` and the ``Host`` header as it came.

        Raises:
            ApiError: 403 for others; 400 for a ``Host`` that cannot be read; 414 and 431 for one that is too
                long.
        """
        if len(request.path) > _LONGEST_PATH or len(request.query) > _LONGEST_QUERY:
            raise ApiError(414, "the address is too long")
        if sum(len(name) + len(value) for name, value in request.headers.items()) > _LONGEST_HEADERS:
            raise ApiError(431, "the headers are too long")
        authority = request.origin.partition("://")[2].lower()
        host = host_name(authority)
        if not host:
            raise ApiError(400, "the Host header cannot be read")
        if not self.knows(host):
            raise ApiError(
                403, f"{host[:100]} may be anyone's: use an IP address, localhost, or a name of --allow-host"
            )
        _check_origin(request, authority)

    def knows(self, host: str) -> bool:
        """Whether a host name cannot be another site's: an IP address, ``localhost``, or one of ``hosts``."""
        if host in self._hosts or host == _LOCALHOST or host.endswith(f".{_LOCALHOST}"):
            return True
        try:
            # A site gives its name an address; a browser that goes by an address says so.
            return bool(ipaddress.ip_address(host))
        except ValueError:
            return False


def host_name(authority: str) -> str:
    """The host of ``host:port`` or ``[address]:port``; empty when it is neither."""
    if authority.startswith("["):
        host, bracket, rest = authority[1:].partition("]")
        if not bracket or ":" not in host or (rest and rest[0] != ":"):
            return ""
        port = rest[1:]
    else:
        host, colon, port = authority.partition(":")
        rest = colon
    valid_port = not rest or (port.isascii() and port.isdigit() and len(port) <= 5)
    return host if valid_port and host.isascii() and host.isprintable() and " " not in host else ""


def _check_origin(request: Request, authority: str) -> None:
    headers = request.headers
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and origin.lower() not in (f"http://{authority}", f"https://{authority}"):
        raise ApiError(403, f"requests of {origin[:100]} are refused")
    if site not in (None, "same-origin", "none") and not _is_clicked_link(request):
        raise ApiError(403, "requests of other sites are refused")
    if request.method in _SAFE_METHODS:
        return
    # Older browsers send a form without Origin and Sec-Fetch-Site. Each calls itself Mozilla.
    is_browser = site is not None or headers.get("user-agent", "").startswith("Mozilla/")
    if is_browser and origin is None and site != "same-origin":
        raise ApiError(403, "requests of browsers that change something must name their Origin")
    if request.path.startswith(_STEERING) and origin is None and request.media_type in _FORM_TYPES:
        raise ApiError(415, "Content-Type must be application/json")


def _is_clicked_link(request: Request) -> bool:
    """Whether a person clicked a link to a page, or to the start of OAuth, which begins at another site."""
    if request.method != "GET" or any(request.headers.get(name) != value for name, value in _CLICK.items()):
        return False
    return request.path == _AUTHORIZE or not request.path.startswith((_API, _FILES, _OAUTH, _STEERING))
