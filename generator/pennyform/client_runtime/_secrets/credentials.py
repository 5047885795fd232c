# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""Company tokens: what they are made of, and where they may go: over https, or to this machine itself."""

from __future__ import annotations

import ipaddress
from collections.abc import Generator
from typing import NoReturn

import httpx

from .logs import keep_out_of_logs


def checked_origin(base_url: str) -> str:
    """The origin that requests may go to.

    Raises:
        ValueError: it is not an origin, or it is one that a token must not go to.
    """
    url = httpx.URL(base_url)
    if url.userinfo or url.path not in {"", "/"} or url.query or url.fragment:
        raise ValueError("base_url is an origin, such as https://app.pennylane.com: no path, no credentials")
    if not is_safe(url):
        raise ValueError("base_url must be https, or http to a loopback address: the token goes there")
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def is_safe(url: httpx.URL) -> bool:
    """Whether nobody in between can read what is sent to ``url``."""
    return bool(url.host) and (url.scheme == "https" or (url.scheme == "http" and _is_loopback(url.host)))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_printable(token: str) -> bool:
    """Whether a token is made of what tokens are made of: it goes into a header."""
    return bool(token) and all("!" <= character <= "~" for character in token)


class BearerToken(httpx.Auth):
    """Puts a company token on each request, as a client does with a text. It is kept out of every repr.

    A class of one's own may derive from it, to see requests and answers pass by.
    """

    def __init__(self, token: str) -> None:
        # Checked here, because the HTTP library's own complaint would show the whole header.
        if not is_printable(token):
            raise ValueError("the token is empty, or has a character that no token has (a space, a line end)")
        self._token = token
        keep_out_of_logs(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is not written into a pickle")

    def secrets(self) -> tuple[str, ...]:
        """What no message may repeat."""
        return (self._token,)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Called by httpx for each request."""
        request.headers["authorization"] = f"Bearer {self._token}"
        yield request
