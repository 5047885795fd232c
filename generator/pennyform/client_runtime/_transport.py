# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""Sending and waiting, in threads and in tasks; what to send and how long to wait is decided elsewhere."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any, Generic, Self, TypeVar, cast

import httpx

from ._bounds import ATTEMPT, DEFAULT_BOUNDS, Attempt, Body, Bounds
from ._connections.clock import Clock
from ._connections.failures import TRANSPORT_FAILURES
from ._connections.http_client import Connections
from ._exchange import Exchange, Operation, Reply, Steps, answer
from ._pages import AsyncPage, AsyncPages, Cursor, ListAnswer, ListCall, Number, Page
from ._parameters import NOTHING, Values

T = TypeVar("T")
R = TypeVar("R")
H = TypeVar("H")


class _Core(Generic[H]):
    """What both cores have: the rules, and the connections."""

    def __init__(
        self,
        exchange: Exchange,
        clock: Clock,
        auth: httpx.Auth,
        timeout: httpx.Timeout,
        connections: Connections[H],
        bounds: Bounds = DEFAULT_BOUNDS,
    ) -> None:
        self._exchange = exchange
        self._clock = clock
        self._auth = auth
        # Waiting for a free connection is no operation on one: it is bounded beforehand.
        self._timeout = _shortened(timeout, bounds.seconds).as_dict()
        self._bounds = bounds
        self._connections = connections
        # Who was derived from another core leaves closing to it.
        self._derived = False
        # The service's own time, as its last answer stated it.
        self.date = ""

    def with_options(self, timeout: httpx.Timeout | float | None, max_retries: int | None) -> Self:
        """A core with the same connections, credentials and limiter; None leaves a setting as it is."""
        core = copy(self)
        core._derived = True
        if timeout is not None:
            core._timeout = _shortened(httpx.Timeout(timeout), self._bounds.seconds).as_dict()
        if max_retries is not None:
            retries = replace(self._exchange.retries, attempts=max_retries + 1)
            core._exchange = replace(self._exchange, retries=retries)
        return core

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._exchange.origin!r})"


class Core(_Core[httpx.Client]):
    """Carries out calls, blocking the thread."""

    def call(
        self,
        operation: Operation[T],
        path: Values = NOTHING,
        query: Values = NOTHING,
        body: object | None = None,
        headers: Values = NOTHING,
        cookies: Values = NOTHING,
    ) -> T:
        """Carry out one operation and return its typed answer."""
        request = self._exchange.request(operation, path, query, body, headers, cookies)
        steps = self._exchange.steps(operation, request)
        return answer(operation, self.drive(steps), strict=self._exchange.strict)

    def fetch(self, call: ListCall[T]) -> Page[T]:
        """Fetch one page of a list."""
        return Page(self, call, self.call(*call.arguments()))

    def page(
        self,
        operation: Operation[ListAnswer[T]],
        path: Values = NOTHING,
        query: Values = NOTHING,
        first: Values = NOTHING,
        headers: Values = NOTHING,
        cookies: Values = NOTHING,
        cursor: Any = None,
    ) -> Page[T]:
        """A list from ``cursor`` on; ``query`` goes with every page, ``first`` with the first one."""
        place = Cursor(operation.name, self._bounds.pages, first, cursor)
        return self.fetch(ListCall(operation, path, query, place, headers, cookies))

    def numbered_page(
        self,
        operation: Operation[ListAnswer[T]],
        path: Values = NOTHING,
        query: Values = NOTHING,
        headers: Values = NOTHING,
        cookies: Values = NOTHING,
        number: Any = None,
    ) -> Page[T]:
        """A list whose pages are numbered, from page ``number`` on; ``query`` goes with every page."""
        place = Number(operation.name, self._bounds.pages, number or 1)
        return self.fetch(ListCall(operation, path, query, place, headers, cookies))

    def close(self) -> None:
        """Close the connections. Calling it twice does no harm."""
        http = None if self._derived else self._connections.close()
        if http is not None:
            http.close()

    def drive(self, steps: Steps[R]) -> R:
        """Send and wait as ``steps`` say, to their end."""
        outcome: Reply | Exception | None = None
        try:
            while True:
                step = steps.send(outcome)
                if isinstance(step, httpx.Request):
                    outcome = self._exchange.redacted(step, self._send(step))
                    if isinstance(outcome, Reply):
                        self.date = outcome.headers.get("date", self.date)
                else:
                    self._clock.sleep(step)
                    outcome = None
        except StopIteration as finished:
            return cast("R", finished.value)
        finally:
            # Whatever the steps hold must not wait for a garbage collector when a task is cancelled.
            steps.close()

    def _send(self, request: httpx.Request) -> Reply | Exception:
        attempt, enclosing = Attempt(self._bounds, self._clock), ATTEMPT.get()
        ATTEMPT.set(attempt)
        try:
            return self._reply(request, attempt)
        except TRANSPORT_FAILURES as failure:
            return attempt.explained(failure)
        finally:
            ATTEMPT.set(enclosing)
            if enclosing is not None:
                enclosing.restart()

    def _reply(self, request: httpx.Request, attempt: Attempt) -> Reply:
        http = self._connections.get()
        attempt.restart()  # Reading the certificates, once, is no part of it.
        request.extensions["timeout"] = self._timeout
        response = http.send(request, auth=self._auth, follow_redirects=False, stream=True)
        try:
            body = Body(response, self._bounds, attempt)
            if not response.is_stream_consumed:
                for chunk in response.iter_raw():
                    body.add(chunk)
            return Reply(response.status_code, response.headers, body.content())
        except TRANSPORT_FAILURES:
            # A refusal stays one, whatever became of its explanation.
            if 400 <= response.status_code < 500:
                return Reply(response.status_code, response.headers, b"")
            raise
        finally:
            response.close()


class AsyncCore(_Core[httpx.AsyncClient]):
    """Carries out calls, as asyncio tasks."""

    async def call(
        self,
        operation: Operation[T],
        path: Values = NOTHING,
        query: Values = NOTHING,
        body: object | None = None,
        headers: Values = NOTHING,
        cookies: Values = NOTHING,
    ) -> T:
        """Carry out one operation and return its typed answer."""
        request = self._exchange.request(operation, path, query, body, headers, cookies)
        steps = self._exchange.steps(operation, request)
        return answer(operation, await self.drive(steps), strict=self._exchange.strict)

    async def fetch(self, call: ListCall[T]) -> AsyncPage[T]:
        """Fetch one page of a list."""
        return AsyncPage(self, call, await self.call(*call.arguments()))

    def page(
        self,
        operation: Operation[ListAnswer[T]],
        path: Values = NOTHING,
        query: Values = NOTHING,
        first: Values = NOTHING,
        headers: Values = NOTHING,
        cookies: Values = NOTHING,
        cursor: Any = None,
    ) -> AsyncPages[T]:
        """A list from ``cursor`` on; ``query`` goes with every page, ``first`` with the first one."""
        place = Cursor(operation.name, self._bounds.pages, first, cursor)
        return AsyncPages(self, ListCall(operation, path, query, place, headers, cookies))

    def numbered_page(
        self,
        operation: Operation[ListAnswer[T]],
        path: Values = NOTHING,
        query: Values = NOTHING,
        headers: Values = NOTHING,
        cookies: Values = NOTHING,
        number: Any = None,
    ) -> AsyncPages[T]:
        """A list whose pages are numbered, from page ``number`` on; ``query`` goes with every page."""
        place = Number(operation.name, self._bounds.pages, number or 1)
        return AsyncPages(self, ListCall(operation, path, query, place, headers, cookies))

    async def close(self) -> None:
        """Close the connections. Calling it twice does no harm."""
        http = None if self._derived else self._connections.close()
        if http is not None:
            await http.aclose()

    async def drive(self, steps: Steps[R]) -> R:
        """Send and wait as ``steps`` say, to their end."""
        outcome: Reply | Exception | None = None
        try:
            while True:
                step = steps.send(outcome)
                if isinstance(step, httpx.Request):
                    outcome = self._exchange.redacted(step, await self._send(step))
                    if isinstance(outcome, Reply):
                        self.date = outcome.headers.get("date", self.date)
                else:
                    await self._clock.async_sleep(step)
                    outcome = None
        except StopIteration as finished:
            return cast("R", finished.value)
        finally:
            # Whatever the steps hold must not wait for a garbage collector when a task is cancelled.
            steps.close()

    async def _send(self, request: httpx.Request) -> Reply | Exception:
        attempt, enclosing = Attempt(self._bounds, self._clock), ATTEMPT.get()
        ATTEMPT.set(attempt)
        try:
            return await self._reply(request, attempt)
        except TRANSPORT_FAILURES as failure:
            return attempt.explained(failure)
        finally:
            ATTEMPT.set(enclosing)
            if enclosing is not None:
                enclosing.restart()

    async def _reply(self, request: httpx.Request, attempt: Attempt) -> Reply:
        http = self._connections.get()
        attempt.restart()  # Reading the certificates, once, is no part of it.
        request.extensions["timeout"] = self._timeout
        response = await http.send(request, auth=self._auth, follow_redirects=False, stream=True)
        try:
            body = Body(response, self._bounds, attempt)
            if not response.is_stream_consumed:
                async for chunk in response.aiter_raw():
                    body.add(chunk)
            return Reply(response.status_code, response.headers, body.content())
        except TRANSPORT_FAILURES:
            # A refusal stays one, whatever became of its explanation.
            if 400 <= response.status_code < 500:
                return Reply(response.status_code, response.headers, b"")
            raise
        finally:
            await response.aclose()


def _shortened(timeout: httpx.Timeout, seconds: float) -> httpx.Timeout:
    """``timeout``, with no operation longer than ``seconds``."""
    seconds_each = (timeout.connect, timeout.read, timeout.write, timeout.pool)
    connect, read, write, pool = (seconds if limit is None else min(limit, seconds) for limit in seconds_each)
    return httpx.Timeout(connect=connect, read=read, write=write, pool=pool)
