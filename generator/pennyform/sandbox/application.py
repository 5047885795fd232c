"""The sandbox as one function from request to response, and the doors to it."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pennyform import data
from pennyform.sandbox import access, checks, contract, seed
from pennyform.sandbox.behaviours import BEHAVIOURS
from pennyform.sandbox.books import Books, TakenError
from pennyform.sandbox.call import Behaviour, Call
from pennyform.sandbox.clock import Clock, system_clock
from pennyform.sandbox.messages import Request, Response
from pennyform.sandbox.problems import Problem, not_found, not_kept, unavailable
from pennyform.sandbox.rate_limit import RateLimit
from pennyform.sandbox.routing import Router
from pennyform.sandbox.rules import Rules
from pennyform.sandbox.store import Store

if TYPE_CHECKING:
    import httpx

    from pennyform.sandbox.asgi import Application

_TAKEN = "External reference has already been taken"


class Sandbox:
    """A local Pennylane: one SQLite file behind the contract.

    Args:
        database: a path, created when absent, or ``":memory:"``. Several sandboxes, in this process or
            others, may share a file.
        clock: gives the time, with a time zone; statuses, timestamps, expiry and the rate limit follow it.
        rate_limit: whether 25 requests per 5 seconds and token is enforced.
        rules: how to decide what is not certain about the real service.

    Raises:
        Failure: when the contract or the database cannot be used.
    """

    def __init__(
        self,
        database: Path | str = ":memory:",
        *,
        clock: Clock = system_clock,
        rate_limit: bool = True,
        rules: Rules | None = None,
    ) -> None:
        self._clock = clock
        self._rules = rules or Rules()
        self._contract = contract.load(data.schemas() / "company")
        self._router = Router(self._contract.operations.values())
        self._limit = RateLimit(enforced=rate_limit)
        self._requests = itertools.count(1)
        self._store = Store(database, self._plant)

    def _plant(self, connection: sqlite3.Connection) -> None:
        seed.plant(connection, self._contract.scopes, self._clock())

    def add_company(self, name: str) -> int:
        """Found another company, furnished like the first; returns its id. It has no token yet."""
        with self._store.transaction(write=True) as connection:
            return seed.found_company(connection, name, self._clock())

    def add_token(
        self,
        token: str,
        *,
        company: int = seed.COMPANY,
        scopes: Iterable[str] | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        """Make a token known.

        Args:
            token: what callers send after ``Bearer``; only its digest is kept.
            company: whose books it opens.
            scopes: what it may do; everything when left out.
            expires_at: from when on it is refused; never when left out.
        """
        held = self._contract.scopes if scopes is None else scopes
        with self._store.transaction(write=True) as connection:
            access.add_token(connection, token, company, sorted(held), name="added", expires_at=expires_at)

    def handle(self, request: Request) -> Response:
        """Answer one request. Every refusal is an answer too: nothing is raised for what a caller sends."""
        now = self._clock()
        headers = {"x-request-id": f"sandbox-{next(self._requests):08d}"}
        try:
            token = access.presented(request.headers)
            headers |= self._limit.admit(token, now)
            return _answer(*self._answered(request, token, now), headers)
        except Problem as problem:
            return _answer(problem.status, problem.body, headers | problem.headers)
        except sqlite3.OperationalError as problem:
            # The disk is full, or another process held the file for too long: nothing was written.
            refusal = unavailable(str(problem))
            return _answer(refusal.status, refusal.body, headers)

    def _answered(self, request: Request, token: str, now: datetime) -> tuple[int, Any]:
        found = self._router.match(request.method, request.path)
        if found is None:
            raise not_found()
        operation, path = found
        with self._store.transaction(write=False) as connection:
            caller = access.recognise(connection, token, now)
        access.authorise(caller, operation)
        behaviour = BEHAVIOURS.get(operation.operation_id)
        if behaviour is None:
            raise not_kept(operation.operation_id)
        parameters = checks.parameters(operation, path, request.query)
        body = checks.body(operation, request)
        with self._store.transaction(write=operation.method != "GET") as connection:
            books = Books(connection, caller.company.id, now)
            call = Call(operation, parameters, body, books, caller, request.origin, self._rules)
            return operation.status, self._carried_out(behaviour, call)

    def _carried_out(self, behaviour: Behaviour, call: Call) -> Any:
        try:
            return behaviour(call)
        except TakenError as taken:
            status = self._rules.taken_status
            raise Problem(status, {"error": _TAKEN, "status": status}) from taken

    def transport(self) -> httpx.BaseTransport:
        """For ``httpx.Client(transport=…)``: the same requests and answers, without a socket."""
        from pennyform.sandbox.transports import Transport

        return Transport(self.handle)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """For ``httpx.AsyncClient(transport=…)``."""
        from pennyform.sandbox.transports import AsyncTransport

        return AsyncTransport(self.handle)

    def asgi(self) -> Application:
        """An ASGI application, for a server such as uvicorn."""
        from pennyform.sandbox.asgi import application

        return application(self.handle)

    def reset(self) -> None:
        """Forget everything and begin anew, for everyone who has the database open."""
        self._store.reset()

    def close(self) -> None:
        """Let go of the database."""
        self._store.close()


def kept_operations() -> frozenset[str]:
    """Ids of the operations that this sandbox carries out; it answers 501 to the others."""
    return frozenset(BEHAVIOURS)


def _answer(status: int, body: Any, headers: dict[str, str]) -> Response:
    if status == 204:
        return Response(status, headers)
    if isinstance(body, str):
        return Response(status, {"content-type": "text/plain; charset=utf-8", **headers}, body.encode())
    return Response(
        status, {"content-type": "application/json; charset=utf-8", **headers}, msgspec.json.encode(body)
    )
