"""``/_sandbox``: what a test needs to steer the sandbox, from any language. JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from pennyform.sandbox.admin import faults, requests, rules, state, time
from pennyform.sandbox.admin.admin_request import AdminRequest, Handler, refusal
from pennyform.sandbox.admin.origin_guard import check_origin
from pennyform.sandbox.api_errors import ApiError
from pennyform.sandbox.messages import Request, Response

if TYPE_CHECKING:
    from pennyform.sandbox.application import Sandbox

PREFIX = "/_sandbox"
ROUTES: Mapping[tuple[str, str], Handler] = {
    **state.ROUTES,
    **faults.ROUTES,
    **requests.ROUTES,
    **rules.ROUTES,
    **time.ROUTES,
}


class Admin:
    """Answers what stands under ``/_sandbox``.

    Args:
        sandbox: to be steered.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._snapshots: dict[str, bytes] = {}

    def answer(self, request: Request) -> Response:
        """Answer one request; every refusal is an answer too."""
        try:
            check_origin(request)
            status, body = _handler(request)(AdminRequest(self._sandbox, request, self._snapshots))
        except ApiError as problem:
            status, body = problem.status, problem.body
        headers = {"content-type": "application/json; charset=utf-8", "cache-control": "no-store"}
        return Response(204, {}) if status == 204 else Response(status, headers, msgspec.json.encode(body))


def _handler(request: Request) -> Handler:
    path = request.path.removeprefix(PREFIX).strip("/")
    collection, separator, _ = path.partition("/")
    pattern = f"{collection}/*" if separator else path
    found = ROUTES.get((request.method, pattern))
    if found:
        return found
    allowed = [method for method, known in ROUTES if known == pattern]
    if allowed:
        raise refusal(405, f"{request.method} is not possible here: use {' or '.join(allowed)}")
    known = sorted({f"{PREFIX}/{path}" for _, path in ROUTES})
    raise refusal(404, f"there is nothing here: try {', '.join(known)}")
