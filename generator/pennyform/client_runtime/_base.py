# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""What the clients of every contract have: how they are set up, and how they end."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from importlib import import_module
from random import random
from types import TracebackType
from typing import TYPE_CHECKING, Any

import httpx

from ._bounds import DEFAULT_BOUNDS, Bounds
from ._connections.clock import SYSTEM_CLOCK, Clock
from ._connections.http_client import connect, connect_async
from ._exchange import Exchange, Retries, user_agent
from ._limits import RateLimit, shared_limiter
from ._secrets.credentials import BearerToken, checked_origin
from ._secrets.records import VARIABLE, switch_on
from ._transport import AsyncCore, Core

if TYPE_CHECKING:
    from typing import Self

BASE_URL = "https://app.pennylane.com"
DEFAULT_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
DEFAULT_RATE_LIMIT = RateLimit()
DEFAULT_RETRIES = Retries()


def _exchange(
    token: str | httpx.Auth, base_url: str, limit: RateLimit | None, clock: Clock, **rules: Any
) -> tuple[Exchange, httpx.Auth]:
    """The rules of a client, and what puts its credentials on requests."""
    switch_on(os.environ.get(VARIABLE, ""))
    auth = BearerToken(token) if isinstance(token, str) else token
    # A company token has one rate, whichever object puts it on requests.
    account = hashlib.sha256(auth.secrets()[0].encode()).digest() if isinstance(auth, BearerToken) else auth
    origin = checked_origin(base_url)
    limiter = shared_limiter((origin, account), limit, clock) if limit is not None else None
    # An httpx.Auth of somebody else's may not tell its secrets; ours do, so that no error repeats them.
    secrets = getattr(auth, "secrets", tuple[str, ...])
    return Exchange(origin=origin, limiter=limiter, secrets=secrets, **rules), auth


def resource(module: str, name: str) -> Any:
    """A class of a resource, whose module is imported for it."""
    return getattr(import_module(f".resources.{module}", __package__), name)


class ClientBase:
    """The base of ``Client``, which says what the arguments are."""

    def __init__(  # noqa: PLR0913 - the settings that users have
        self,
        token: str | httpx.Auth,
        *,
        base_url: str = BASE_URL,
        transport: httpx.BaseTransport | None = None,
        http_client: httpx.Client | None = None,
        timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
        rate_limit: RateLimit | None = DEFAULT_RATE_LIMIT,
        retries: Retries = DEFAULT_RETRIES,
        bounds: Bounds = DEFAULT_BOUNDS,
        clock: Clock = SYSTEM_CLOCK,
        strict_answers: bool = False,
        app: str = "",
        random: Callable[[], float] = random,
    ) -> None:
        exchange, auth = _exchange(
            token,
            base_url,
            rate_limit,
            clock,
            retries=retries,
            strict=strict_answers,
            random=random,
            user_agent=user_agent(app),
        )
        connections = connect(transport, exchange.origin, http_client)
        self._core = Core(exchange, clock, auth, httpx.Timeout(timeout), connections, bounds)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._core!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. Calling it twice does no harm."""
        self._core.close()

    def with_options(
        self, *, timeout: httpx.Timeout | float | None = None, max_retries: int | None = None
    ) -> Self:
        """This client with other settings: it shares connections, rate limit and token, and closes nothing.

        Args:
            timeout: seconds for each of connecting, sending and receiving; as it is when left out.
            max_retries: how often a call is repeated after its first attempt; as it is when left out.

        Raises:
            ValueError: ``max_retries`` is negative.
        """
        if max_retries is not None and max_retries < 0:
            raise ValueError("max_retries counts from 0")
        client = object.__new__(type(self))
        client._core = self._core.with_options(timeout, max_retries)
        return client

    @property
    def server_date(self) -> str:
        """The header ``date`` of the last answer that had one: the service's own time. Empty before that."""
        return self._core.date


class AsyncClientBase:
    """The base of ``AsyncClient``, which says what the arguments are."""

    def __init__(  # noqa: PLR0913 - the settings that users have
        self,
        token: str | httpx.Auth,
        *,
        base_url: str = BASE_URL,
        transport: httpx.AsyncBaseTransport | None = None,
        http_client: httpx.AsyncClient | None = None,
        timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
        rate_limit: RateLimit | None = DEFAULT_RATE_LIMIT,
        retries: Retries = DEFAULT_RETRIES,
        bounds: Bounds = DEFAULT_BOUNDS,
        clock: Clock = SYSTEM_CLOCK,
        strict_answers: bool = False,
        app: str = "",
        random: Callable[[], float] = random,
    ) -> None:
        exchange, auth = _exchange(
            token,
            base_url,
            rate_limit,
            clock,
            retries=retries,
            strict=strict_answers,
            random=random,
            user_agent=user_agent(app),
        )
        connections = connect_async(transport, exchange.origin, http_client)
        self._core = AsyncCore(exchange, clock, auth, httpx.Timeout(timeout), connections, bounds)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._core!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections. Calling it twice does no harm."""
        await self._core.close()

    def with_options(
        self, *, timeout: httpx.Timeout | float | None = None, max_retries: int | None = None
    ) -> Self:
        """This client with other settings: it shares connections, rate limit and token, and closes nothing.

        Args:
            timeout: seconds for each of connecting, sending and receiving; as it is when left out.
            max_retries: how often a call is repeated after its first attempt; as it is when left out.

        Raises:
            ValueError: ``max_retries`` is negative.
        """
        if max_retries is not None and max_retries < 0:
            raise ValueError("max_retries counts from 0")
        client = object.__new__(type(self))
        client._core = self._core.with_options(timeout, max_retries)
        return client

    @property
    def server_date(self) -> str:
        """The header ``date`` of the last answer that had one: the service's own time. Empty before that."""
        return self._core.date
