# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""The HTTP client behind the cores: made when first needed, or one that somebody else made."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.cookiejar import CookieJar
from typing import Any, Generic, TypeVar

import httpx

H = TypeVar("H")


class Connections(Generic[H]):
    """The HTTP client behind one or more cores, made when first needed.

    Args:
        make: makes it: reading the certificates takes as long as importing httpx.
        foreign: one that somebody else made, and closes.
    """

    def __init__(self, make: Callable[[], H], foreign: H | None = None) -> None:
        self._make = make
        self._foreign = foreign
        self._lock = threading.Lock()
        self._opened: H | None = None
        self._closed = False

    def get(self) -> H:
        """The HTTP client, every connection of which ends by the deadline of its attempt.

        Raises:
            RuntimeError: it is closed.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError("this client is closed")
            if self._opened is None:
                self._opened = self._make() if self._foreign is None else self._foreign
                if self._foreign is not None or hasattr(getattr(self._opened, "_transport", None), "_pool"):
                    from .network import bound

                    bound(self._opened)
            return self._opened

    def close(self) -> H | None:
        """Give out no client any more; the one that is to be closed now, if any."""
        self._closed = True
        return self._opened if self._foreign is None else None


class _NoCookies(CookieJar):
    """Keeps none: a call sends the cookies that it is given, and a service can set any number of them."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Called by httpx for each answer."""


def connect(
    transport: httpx.BaseTransport | None, origin: str, foreign: httpx.Client | None = None
) -> Connections[httpx.Client]:
    """Connections to ``origin``, through ``transport`` or somebody else's client if there is one.

    Raises:
        ValueError: there are both.
    """
    _check_only_one(transport, foreign)
    trust = _is_remote(origin)
    return Connections(
        lambda: httpx.Client(transport=transport, trust_env=trust, cookies=_NoCookies()), foreign
    )


def connect_async(
    transport: httpx.AsyncBaseTransport | None, origin: str, foreign: httpx.AsyncClient | None = None
) -> Connections[httpx.AsyncClient]:
    """The same for tasks."""
    _check_only_one(transport, foreign)
    trust = _is_remote(origin)
    return Connections(
        lambda: httpx.AsyncClient(transport=transport, trust_env=trust, cookies=_NoCookies()), foreign
    )


def _check_only_one(transport: object | None, foreign: object | None) -> None:
    if transport is not None and foreign is not None:
        raise ValueError("give a transport or an http_client, not both: a client has its own transport")


def _is_remote(origin: str) -> bool:
    """Whether a proxy from the environment may come in between: not between this process and itself."""
    return origin.startswith("https:")
