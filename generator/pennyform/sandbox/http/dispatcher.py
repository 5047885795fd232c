"""Dispatches requests: to ``/_sandbox`` and the pages, or through faults to the API and into the log."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING

from pennyform.sandbox.faults.fault import RequestOutcome
from pennyform.sandbox.faults.parsing import HEADER, FaultError, from_header
from pennyform.sandbox.messages import Request, make_response
from pennyform.sandbox.service import SandboxService

if TYPE_CHECKING:
    from pennyform.sandbox.admin.routes import Admin
    from pennyform.sandbox.ui import Pages

_API = "/api/"
_ADMIN = "_sandbox"


class Dispatcher:
    """What a transport calls: a function from a request to its outcome."""

    def __init__(self, sandbox: SandboxService) -> None:
        self._sandbox = sandbox

    def __call__(self, request: Request) -> RequestOutcome:
        """Answer one request, or say what happens instead."""
        if not request.path.startswith(_API):
            is_admin = request.path.split("/")[1:2] == [_ADMIN]
            response = self._admin.answer(request) if is_admin else self._pages.answer(request)
            if response is not None:
                return RequestOutcome(response)
        started, at = time.perf_counter(), self._sandbox.clock()
        try:
            faults = from_header(request.headers.get(HEADER, ""))
        except FaultError as error:
            body = {"message": f"{HEADER}: {error}"}
            outcome = RequestOutcome(make_response(400, body, {"content-type": "application/json"}))
        else:
            outcome = self._sandbox.faults.deliver(request, self._sandbox, faults)
        self._sandbox.log.record(request, outcome, at, started)
        return outcome

    # Both are imported when first needed: a client of the API needs neither them nor Jinja.

    @cached_property
    def _admin(self) -> Admin:
        from pennyform.sandbox.admin.routes import Admin

        return Admin(self._sandbox)

    @cached_property
    def _pages(self) -> Pages:
        from pennyform.sandbox.ui import Pages

        return Pages(self._sandbox)
