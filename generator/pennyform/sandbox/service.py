"""The sandbox as a function from request to response: routing, authentication, validation, transactions.

What speaks a protocol (``http``), steers (``admin``) or shows (``ui``) the sandbox is built on this service;
:class:`~pennyform.sandbox.application.Sandbox` puts them together.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from pennyform import data
from pennyform.sandbox import auth, oauth, seed
from pennyform.sandbox.accounting import subscriptions
from pennyform.sandbox.api_errors import ApiError, as_declared, not_found, unavailable
from pennyform.sandbox.auth import Access, Company, RateLimiter
from pennyform.sandbox.clock import AdjustableClock, Clock, system_clock, with_zone
from pennyform.sandbox.contract import contract, request_validation
from pennyform.sandbox.contract.contract import Router
from pennyform.sandbox.documents import files
from pennyform.sandbox.faults import Faults
from pennyform.sandbox.handlers import handlers_for
from pennyform.sandbox.messages import Request, Response, make_response
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.request_log import RequestLog
from pennyform.sandbox.rules import Rules
from pennyform.sandbox.storage.database import Database, Snapshot, take_snapshot
from pennyform.sandbox.storage.records import DuplicateReferenceError, Records

_Authenticate = Callable[[sqlite3.Connection], Access]
_DUPLICATE_REFERENCE = "External reference has already been taken"


class TokenRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token to be made known.

    Attributes:
        token: what clients send after ``Bearer``.
        company: whose records it gives access to; the first company's when None.
        scopes: what it may do; everything when None.
        expires_at: from when on it is rejected, in UTC unless it says otherwise; never when None.
    """

    token: Annotated[str, Meta(min_length=1, max_length=1000)]
    company: int | None = None
    scopes: list[str] | None = None
    expires_at: datetime | None = None


class SandboxService:
    """A local Pennylane: one SQLite file behind the contract.

    Args:
        database: a path, created when absent, or ``":memory:"``. Several sandboxes, in this process or
            others, may share a file.
        clock: gives the time, with a time zone; statuses, timestamps, expiry and the rate limit follow it.
        rate_limit: whether 25 requests per 5 seconds and token is enforced.
        rules: how to decide what is not certain about the real service.
        faults: what goes wrong; nothing when left out. More can be scheduled at any time.
        schemas: the folder of schemas that follow from the contract to serve; pennyform's own when left out.

    Attributes:
        clock: ``clock``, which can be set and advanced here.
        faults: what goes wrong between a client and the responses of :meth:`handle`.
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
        schemas: Path | None = None,
    ) -> None:
        self.clock = AdjustableClock(clock)
        self.faults = faults or Faults()
        self.log = RequestLog()
        self.rules = rules or Rules()
        self._contract = contract.load((schemas or data.schemas()) / "company")
        self._handlers = handlers_for(self._contract)
        self._router = Router(self._contract.operations.values())
        self._rate_limiter = RateLimiter(enforced=rate_limit)
        self._request_numbers = itertools.count(1)
        self._store = Database(
            database, lambda connection: seed.fill_database(connection, self.scopes, self.clock())
        )

    # --- companies, tokens, OAuth applications ----------------------------------------------------------

    @property
    def scopes(self) -> frozenset[str]:
        """Every scope that a token can have."""
        return self._contract.scopes

    def companies(self) -> Sequence[Company]:
        """All companies, oldest first."""
        with self._store.transaction(write=False) as connection:
            return auth.companies(connection)

    def add_company(self, name: str) -> int:
        """Add another company, seeded like the first; returns its id. It has no token yet."""
        with self._store.transaction(write=True) as connection:
            return seed.add_company(connection, name, self.clock())

    def rename_company(self, company: int, name: str) -> None:
        """Give a company another name."""
        with self._store.transaction(write=True) as connection:
            auth.rename(connection, company, name)

    def add_token(
        self,
        token: str,
        *,
        company: int = seed.FIRST_COMPANY,
        scopes: Iterable[str] | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        """Make a token known, or change what a known one may do.

        Args:
            token: what clients send after ``Bearer``; only its digest is stored.
            company: whose records it gives access to.
            scopes: what it may do; everything when left out.
            expires_at: from when on it is rejected; never when left out.
        """
        granted = self.scopes if scopes is None else scopes
        with self._store.transaction(write=True) as connection:
            auth.add_token(connection, token, company, sorted(granted), name="added", expires_at=expires_at)

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

    # --- requests ---------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """Answer one request. Errors are responses too: nothing is raised for what a client sends."""
        return self._handle(request, self._store)

    def handle_as_of(self, snapshot: bytes, request: Request) -> Response:
        """Answer one request from what :meth:`copy` returned; nothing that it writes is stored."""
        return self._handle(request, Snapshot(snapshot, self._store.link_key()))

    def longest_body(self, head: Request) -> int:
        """How many bytes of a request's body are read: none of one that is refused whatever its body says.

        ``head`` is the request without its body.
        """
        if head.path.startswith(oauth.PREFIX):
            return oauth.LONGEST_FORM if head.method == "POST" else 0
        match = self._router.match(head.method, head.path)
        if match is None:
            return 0
        operation, _ = match
        try:
            with self._store.read() as connection:
                digest = auth.token_digest(head.headers)
                client = auth.authenticate(connection, digest, self.clock())
            auth.require_scope(client, operation)
        except ApiError:
            return 0
        return request_validation.longest_body(operation, head.media_type)

    def answer(self, company: Company, request: Request) -> Response:
        """Answer one request as a user of the company who may do everything, and needs no token."""
        user = Access("", company, tuple(self.scopes))
        try:
            return self._call_operation(request, lambda _: user, self._store, self.clock())
        except ApiError as error:
            return error.response()

    def _handle(self, request: Request, store: Database | Snapshot) -> Response:
        now = self.clock()
        headers = {"x-request-id": f"sandbox-{next(self._request_numbers):08d}"}
        try:
            if request.path.startswith(auth.LINK_PREFIX):
                with store.transaction(write=False) as connection:
                    response = files.answer_download(connection, request, now, self.rules)
            elif request.path.startswith(oauth.PREFIX):
                with store.transaction(write=True) as connection:
                    response = oauth.answer(connection, request, now, scopes=self.scopes, rules=self.rules)
            else:
                digest = auth.token_digest(request.headers)
                # The limit counts per token before anybody knows whether it is one: 401s carry its headers.
                headers |= self._rate_limiter.admit(digest, now, self.rules.rate_window)
                authenticate = partial(auth.authenticate, token_digest=digest, now=now)
                response = self._call_operation(request, authenticate, store, now)
        except ApiError as error:
            response = error.response()
        except sqlite3.OperationalError as error:
            # The disk is full, or another process held the file for too long: nothing was written.
            response = unavailable(str(error)).response()
        return replace(response, headers={**headers, **response.headers})

    def _call_operation(
        self, request: Request, authenticate: _Authenticate, store: Database | Snapshot, now: datetime
    ) -> Response:
        match = self._router.match(request.method, request.path)
        if match is None:
            raise not_found()
        operation, path_values = match
        with store.read() as connection:
            client = authenticate(connection)
            invoices_due = subscriptions.are_due(connection, client.company.id, now, self.rules)
        auth.require_scope(client, operation)
        parameters = request_validation.read_parameters(operation, path_values, request.query)
        body = request_validation.read_body(operation, request)
        # Subscriptions have no timer: the first request after a due date, even a GET, makes their invoices.
        with store.transaction(write=invoices_due or operation.method != "GET") as connection:
            records = Records(connection, client.company.id, now)
            context = RequestContext(
                operation, parameters, body, records, client, request.origin, self.rules, self._contract
            )
            if invoices_due:
                subscriptions.create_due_invoices(context)
            try:
                response_body = self._handlers[operation.operation_id](context)
            except DuplicateReferenceError as error:
                raise ApiError(self.rules.taken_status, _DUPLICATE_REFERENCE) from error
            except ApiError as error:
                raise as_declared(error, operation.error_statuses) from error
        return make_response(operation.status, response_body)

    # --- the whole database -----------------------------------------------------------------------------

    def copy(self) -> bytes:
        """A snapshot of everything that is stored."""
        with self._store.transaction(write=False) as connection:
            return take_snapshot(connection)

    def restore(self, snapshot: bytes) -> None:
        """Put back what :meth:`copy` returned, for everyone who has the database open.

        Raises:
            Failure: when it is no snapshot of a sandbox, or one of another version.
        """
        self._store.restore(snapshot)

    def reset(self) -> None:
        """Forget everything and begin anew, for everyone who has the database open."""
        self._store.reset()

    def books_id(self) -> str:
        """Tells these books from all others, those of the same file before a reset included."""
        return self._store.books_id()

    def link_key(self) -> bytes:
        """The key that links to files are signed with: new after every reset, and in no copy."""
        return self._store.link_key()

    def close(self) -> None:
        """Close the database."""
        self._store.close()


def grant_token(sandbox: SandboxService, request: TokenRequest) -> None:
    """Make a token known, or change what a known one may do.

    Raises:
        ValueError: for a company that does not exist, or a scope that no operation needs.
    """
    companies = [company.id for company in sandbox.companies()]
    company = companies[0] if request.company is None else request.company
    if company not in companies:
        raise ValueError(f"there is no company {company}")
    unknown = set(request.scopes or ()) - sandbox.scopes
    if unknown:
        raise ValueError(f"no operation asks for the scope {min(unknown)}")
    expiry = with_zone(request.expires_at) if request.expires_at else None
    sandbox.add_token(request.token, company=company, scopes=request.scopes, expires_at=expiry)
