"""Every request's way in: to the sandbox's own pages, or through the faults to the API and into the log."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from pennyform.sandbox.faults.outcome import RequestOutcome
from pennyform.sandbox.faults.parsing import HEADER, FaultError, from_header
from pennyform.sandbox.messages import Request, Response

if TYPE_CHECKING:
    from pennyform.sandbox.admin import Admin
    from pennyform.sandbox.application import Sandbox
    from pennyform.sandbox.ui.pages import Pages

_API = "/api/"
_ADMIN = "/_sandbox"


class Dispatcher:
    """What a transport asks: a function from a request to what becomes of it.

    Args:
        sandbox: behind it.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def __call__(self, request: Request) -> RequestOutcome:
        """Answer one request, or say what happens instead."""
        if not request.path.startswith(_API):
            own = self._own(request)
            if own is not None:
                return RequestOutcome(own)
        started, at = time.perf_counter(), self._sandbox.clock()
        outcome = self._delivered(request)
        self._sandbox.log.record(request, outcome, at, started)
        return outcome

    def _delivered(self, request: Request) -> RequestOutcome:
        faults, wish = self._sandbox.faults, request.headers.get(HEADER)
        if wish is None:
            return faults.meet(request, self._sandbox)
        try:
            return faults.meet(request, self._sandbox, from_header(wish))
        except FaultError as problem:
            body = msgspec.json.encode({"message": f"{HEADER}: {problem}"})
            return RequestOutcome(Response(400, {"content-type": "application/json"}, body))

    def _own(self, request: Request) -> Response | None:
        if request.path.partition("/")[2].partition("/")[0] == _ADMIN[1:]:
            return self._admin.answer(request)
        return self._page.answer(request)

    @cached_property
    def _admin(self) -> Admin:
        from pennyform.sandbox.admin import Admin

        return Admin(self._sandbox)

    @cached_property
    def _page(self) -> Pages:
        from pennyform.sandbox.ui.pages import Pages

        return Pages(self._sandbox)
