"""The routes of ``/_sandbox``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pennyform.sandbox.admin import handlers
from pennyform.sandbox.admin.handlers import AdminHandler, AdminRequest
from pennyform.sandbox.api_errors import ApiError
from pennyform.sandbox.messages import Request, Response
from pennyform.sandbox.service import SandboxService

PREFIX = "/_sandbox"
# Method and path below the prefix; ``*`` is a name.
ROUTES: Mapping[tuple[str, str], AdminHandler] = {
    ("GET", ""): handlers.get_status,
    ("POST", "companies"): handlers.add_company,
    ("POST", "tokens"): handlers.add_token,
    ("POST", "reset"): handlers.reset,
    ("PUT", "snapshots/*"): handlers.take_snapshot,
    ("POST", "snapshots/*"): handlers.restore_snapshot,
    ("GET", "faults"): handlers.get_faults,
    ("POST", "faults"): handlers.add_faults,
    ("PUT", "faults"): handlers.replace_faults,
    ("DELETE", "faults"): handlers.clear_faults,
    ("DELETE", "faults/*"): handlers.remove_fault,
    ("GET", "requests"): handlers.get_requests,
    ("DELETE", "requests"): handlers.clear_requests,
    ("GET", "rules"): handlers.get_rules,
    ("PUT", "rules"): handlers.change_rules,
    ("GET", "clock"): handlers.get_clock,
    ("PUT", "clock"): handlers.move_clock,
    ("DELETE", "clock"): handlers.restore_clock,
}


class Admin:
    """Answers requests below ``/_sandbox``, which steer a sandbox."""

    def __init__(self, sandbox: SandboxService) -> None:
        self._sandbox = sandbox
        self._snapshots: dict[str, bytes] = {}

    def longest_body(self, head: Request) -> int:
        """How many bytes of a request's body are read; ``head`` is the request without it."""
        try:
            _find_handler(head)
        except ApiError:
            return 0
        return handlers.LONGEST_BODY

    def answer(self, request: Request) -> Response:
        """Answer one request; errors are responses too."""
        try:
            response = _find_handler(request)(AdminRequest(self._sandbox, request, self._snapshots))
        except ApiError as error:
            response = error.response()
        if response.status == 204:
            return response
        return replace(response, headers={**response.headers, "cache-control": "no-store"})


def _find_handler(request: Request) -> AdminHandler:
    path = request.path.removeprefix(PREFIX).strip("/")
    collection, separator, _ = path.partition("/")
    pattern = f"{collection}/*" if separator else path
    handler = ROUTES.get((request.method, pattern))
    if handler:
        return handler
    allowed = [method for method, known in ROUTES if known == pattern]
    if allowed:
        raise ApiError(405, f"{request.method} is not possible here: use {' or '.join(allowed)}")
    known = sorted({f"{PREFIX}/{path}" for _, path in ROUTES})
    raise ApiError(404, f"there is nothing here: try {', '.join(known)}")
