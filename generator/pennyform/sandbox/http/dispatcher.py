"""Dispatches requests: to ``/_sandbox`` and the pages, or through faults to the API and into the log."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

from pennyform.findings import Failure
from pennyform.sandbox.api_errors import ApiError, unavailable
from pennyform.sandbox.faults.fault import RequestOutcome
from pennyform.sandbox.faults.schedule import HEADER, FaultError, from_header
from pennyform.sandbox.messages import Request, Response, make_response
from pennyform.sandbox.service import SandboxService

if TYPE_CHECKING:
    from pennyform.sandbox.admin.routes import Admin
    from pennyform.sandbox.admin.ui import Pages
    from pennyform.sandbox.http.visitors import Visitors

_API = "/api/"
_ADMIN = "_sandbox"
# Whatever an answer holds, it is no page of ours: no script in it runs, and nobody shows it in a frame.
_INERT = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
}


class Dispatcher:
    """What a transport calls: a function from a request to its outcome.

    ``visitors`` is who may come; None when requests do not come from a socket, and so from no browser.
    """

    def __init__(self, sandbox: SandboxService, visitors: Visitors | None = None) -> None:
        self._sandbox = sandbox
        self._visitors = visitors
        self._lock = Lock()

    def longest_body(self, head: Request) -> int:
        """How many bytes of a request's body are read: none of one that is refused whatever its body says.

        ``head`` is the request without its body. :meth:`__call__` answers the request, without its body too.
        """
        try:
            if self._visitors:
                self._visitors.check(head)
            if _is_admin(head):
                return self._admin.longest_body(head)
            return self._sandbox.longest_body(head)
        except (ApiError, sqlite3.OperationalError):
            return 0

    def __call__(self, request: Request) -> RequestOutcome:
        """Answer one request, or say what happens instead."""
        started, at = time.perf_counter(), self._sandbox.clock()
        try:
            if self._visitors:
                self._visitors.check(request)
            response = None if request.path.startswith(_API) else self._answer_apart(request)
            if response is not None:
                return _make_inert(RequestOutcome(response))
            outcome = self._answer_with_faults(request)
        except ApiError as error:
            outcome = RequestOutcome(error.response())
        self._sandbox.log.record(request, outcome, at, started)
        return _make_inert(outcome)

    def _answer_apart(self, request: Request) -> Response | None:
        """The answer of what steers the sandbox or of a page, which no fault touches; None for others."""
        try:
            return self._admin.answer(request) if _is_admin(request) else self._pages.answer(request)
        except sqlite3.OperationalError as error:
            raise unavailable(str(error)) from error
        except Failure as error:
            raise unavailable(str(error)) from error

    def _answer_with_faults(self, request: Request) -> RequestOutcome:
        try:
            faults = from_header(request.headers.get(HEADER, ""))
        except FaultError as error:
            body = {"message": f"{HEADER}: {error}"}
            return RequestOutcome(make_response(400, body, {"content-type": "application/json"}))
        return self._sandbox.faults.deliver(request, self._sandbox, faults)

    # Both are imported when first needed: a client of the API needs neither them nor Jinja. A lock, as
    # `cached_property` makes two when two threads come at once, and one would forget its snapshots.

    @property
    def _admin(self) -> Admin:
        with self._lock:
            return self._made_admin

    @property
    def _pages(self) -> Pages:
        with self._lock:
            return self._made_pages

    @cached_property
    def _made_admin(self) -> Admin:
        from pennyform.sandbox.admin.routes import Admin

        return Admin(self._sandbox)

    @cached_property
    def _made_pages(self) -> Pages:
        from pennyform.sandbox.admin.ui import Pages

        return Pages(self._sandbox)


def _is_admin(request: Request) -> bool:
    return request.path.split("/", 2)[1:2] == [_ADMIN]


def _make_inert(outcome: RequestOutcome) -> RequestOutcome:
    """The outcome with headers that say so, and without characters that could end a header."""
    if outcome.response is None:
        return outcome
    # Text of callers gets into headers: addresses to redirect to, and what a fault says.
    headers = {
        name: "".join(character if character.isprintable() else " " for character in value)
        for name, value in {**_INERT, **outcome.response.headers}.items()
    }
    return replace(outcome, response=replace(outcome.response, headers=headers))
