"""The sandbox as one function from request to response, and the doors to it."""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pennyform import data
from pennyform.sandbox import oauth
from pennyform.sandbox.accounting import subscriptions
from pennyform.sandbox.api_errors import ApiError, as_declared, not_found, unavailable
from pennyform.sandbox.auth import access
from pennyform.sandbox.auth.access import Access, Company
from pennyform.sandbox.auth.rate_limit import RateLimiter
from pennyform.sandbox.clock import Clock, system_clock
from pennyform.sandbox.contract import contract, request_validation
from pennyform.sandbox.contract.router import Router
from pennyform.sandbox.documents import downloads, links
from pennyform.sandbox.faults import AdjustableClock, Faults
from pennyform.sandbox.handlers import handlers_for
from pennyform.sandbox.http.dispatcher import Dispatcher
from pennyform.sandbox.http.request_log import RequestLog
from pennyform.sandbox.messages import Request, Response
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.rules import Rules
from pennyform.sandbox.setup import seed
from pennyform.sandbox.storage.database import Database
from pennyform.sandbox.storage.records import DuplicateReferenceError, Records
from pennyform.sandbox.storage.snapshots import Snapshot, take_snapshot

if TYPE_CHECKING:
    import httpx

    from pennyform.sandbox.http.asgi import Application
    from pennyform.sandbox.http.transports import AsyncSleep, Sleep

_Recognise = Callable[[sqlite3.Connection], Access]
_TAKEN = "External reference has already been taken"


class Sandbox:
    """A local Pennylane: one SQLite file behind the contract.

    Args:
        database: a path, created when absent, or ``":memory:"``. Several sandboxes, in this process or
            others, may share a file.
        clock: gives the time, with a time zone; statuses, timestamps, expiry and the rate limit follow it.
        rate_limit: whether 25 requests per 5 seconds and token is enforced.
        rules: how to decide what is not certain about the real service.
        faults: what goes wrong; none when left out. More can be scheduled at any time.

    Attributes:
        clock: ``clock``, which can be set and advanced here.
        faults: what goes wrong between a client and the answers of :meth:`handle`.
        rules: ``rules``, which can be replaced at any time.
        log: the latest requests that came through a transport.

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
        faults: Faults | None = None,
    ) -> None:
        self.clock = AdjustableClock(clock)
        self.faults = faults or Faults()
        self.log = RequestLog()
        self.rules = rules or Rules()
        self._contract = contract.load(data.schemas() / "company")
        self._behaviours = handlers_for(self._contract)
        self._router = Router(self._contract.operations.values())
        self._limit = RateLimiter(enforced=rate_limit)
        self._requests = itertools.count(1)
        self._store = Database(database, self._plant)

    def _plant(self, connection: sqlite3.Connection) -> None:
        seed.plant(connection, self._contract.scopes, self.clock())

    @property
    def scopes(self) -> frozenset[str]:
        """Every scope that a token can have."""
        return self._contract.scopes

    def companies(self) -> Sequence[Company]:
        """All companies, oldest first."""
        with self._store.transaction(write=False) as connection:
            return access.companies(connection)

    def add_company(self, name: str) -> int:
        """Found another company, furnished like the first; returns its id. It has no token yet."""
        with self._store.transaction(write=True) as connection:
            return seed.found_company(connection, name, self.clock())

    def rename_company(self, company: int, name: str) -> None:
        """Give a company another name."""
        with self._store.transaction(write=True) as connection:
            access.rename(connection, company, name)

    def add_token(
        self,
        token: str,
        *,
        company: int = seed.COMPANY,
        scopes: Iterable[str] | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        """Make a token known, or change what a known one may do.

        Args:
            token: what callers send after ``Bearer``; only its digest is kept.
            company: whose books it opens.
            scopes: what it may do; everything when left out.
            expires_at: from when on it is refused; never when left out.
        """
        held = self._contract.scopes if scopes is None else scopes
        with self._store.transaction(write=True) as connection:
            access.add_token(connection, token, company, sorted(held), name="added", expires_at=expires_at)

    def add_application(
        self, client_id: str, client_secret: str = "", *, redirect_uris: Sequence[str] = ()
    ) -> None:
        """Make an OAuth application known, besides ``sandbox`` with the secret ``sandbox``.

        Args:
            client_id: its id.
            client_secret: its secret; without one it must use PKCE.
            redirect_uris: where it may send users back to, exactly; anywhere when left out.
        """
        with self._store.transaction(write=True) as connection:
            oauth.add_application(connection, client_id, client_secret, redirect_uris)

    def handle(self, request: Request) -> Response:
        """Answer one request. Every refusal is an answer too: nothing is raised for what a caller sends."""
        return self._handled(request, self._store)

    def copy(self) -> bytes:
        """All that is kept, as one value."""
        with self._store.transaction(write=False) as connection:
            return take_snapshot(connection)

    def handle_as_of(self, copy: bytes, request: Request) -> Response:
        """Answer one request from what :meth:`copy` gave; nothing that it writes is kept."""
        return self._handled(request, Snapshot(copy))

    def answer(self, company: Company, request: Request) -> Response:
        """Answer one request of somebody of the company who may do everything, and needs no token."""

        def recognise(_: sqlite3.Connection) -> Access:
            return Access("", company, tuple(self.scopes))

        try:
            return _answer(*self._answered(request, recognise, self._store, self.clock()), {})
        except ApiError as problem:
            return _answer(problem.status, problem.body, {})

    def _handled(self, request: Request, store: Database | Snapshot) -> Response:
        now = self.clock()
        headers = {"x-request-id": f"sandbox-{next(self._requests):08d}"}
        try:
            if request.path.startswith((links.PREFIX, oauth.PREFIX)):
                return self._beside(request, store, now, headers)
            token = access.token_digest(request.headers)
            headers |= self._limit.admit(token, now, self.rules.rate_window)
            recognise = partial(access.authenticate, token_digest=token, now=now)
            return _answer(*self._answered(request, recognise, store, now), headers)
        except ApiError as problem:
            return _answer(problem.status, problem.body, headers | problem.headers)
        except sqlite3.OperationalError as problem:
            # The disk is full, or another process held the file for too long: nothing was written.
            refusal = unavailable(str(problem))
            return _answer(refusal.status, refusal.body, headers)

    def _beside(
        self, request: Request, store: Database | Snapshot, now: datetime, headers: dict[str, str]
    ) -> Response:
        """What is no operation of the contract: files by their links, and OAuth."""
        if request.path.startswith(links.PREFIX):
            with store.transaction(write=False) as connection:
                answer = downloads.answer(connection, request, now)
        else:
            with store.transaction(write=True) as connection:
                answer = oauth.answer(connection, request, now, scopes=self.scopes, rules=self.rules)
        return replace(answer, headers={**headers, **answer.headers})

    def _answered(
        self, request: Request, recognise: _Recognise, store: Database | Snapshot, now: datetime
    ) -> tuple[int, Any]:
        found = self._router.match(request.method, request.path)
        if found is None:
            raise not_found()
        operation, path = found
        with store.glance() as connection:
            caller = recognise(connection)
            due = subscriptions.are_due(connection, caller.company.id, now, self.rules)
        access.require_scope(caller, operation)
        behaviour = self._behaviours[operation.operation_id]
        parameters = request_validation.parameters(operation, path, request.query)
        body = request_validation.body(operation, request)
        with store.transaction(write=due or operation.method != "GET") as connection:
            records = Records(connection, caller.company.id, now)
            context = RequestContext(operation, parameters, body, records, caller, request.origin, self.rules)
            if due:
                subscriptions.catch_up(context)
            return operation.status, self._carried_out(behaviour, context)

    def _carried_out(self, behaviour: Handler, context: RequestContext) -> Any:
        try:
            return behaviour(context)
        except DuplicateReferenceError as taken:
            status = self.rules.taken_status
            raise ApiError(status, {"error": _TAKEN, "status": status}) from taken
        except ApiError as problem:
            raise as_declared(problem, context.operation.error_statuses) from problem

    def transport(self, *, sleep: Sleep = time.sleep) -> httpx.BaseTransport:
        """For ``httpx.Client(transport=…)``: the same requests and answers, without a socket.

        Args:
            sleep: how the transport waits, where faults make it wait.
        """
        from pennyform.sandbox.http.transports import Transport

        return Transport(Dispatcher(self), sleep)

    def async_transport(self, *, sleep: AsyncSleep | None = None) -> httpx.AsyncBaseTransport:
        """For ``httpx.AsyncClient(transport=…)``; waits by ``asyncio.sleep`` unless told otherwise."""
        from pennyform.sandbox.http.transports import AsyncTransport

        return AsyncTransport(Dispatcher(self), sleep)

    def asgi(self) -> Application:
        """An ASGI application, for a server such as uvicorn."""
        from pennyform.sandbox.http.asgi import application

        return application(Dispatcher(self))

    def reset(self) -> None:
        """Forget everything and begin anew, for everyone who has the database open."""
        self._store.reset()

    def restore(self, copy: bytes) -> None:
        """Put back what :meth:`copy` gave, for everyone who has the database open.

        Raises:
            Failure: when it is no copy of a sandbox, or one of another version.
        """
        self._store.restore(copy)

    def close(self) -> None:
        """Let go of the database."""
        self._store.close()


def _answer(status: int, body: Any, headers: dict[str, str]) -> Response:
    if body is None:
        return Response(status, headers)
    if isinstance(body, str):
        return Response(status, {"content-type": "text/plain; charset=utf-8", **headers}, body.encode())
    return Response(
        status, {"content-type": "application/json; charset=utf-8", **headers}, msgspec.json.encode(body)
    )
