"""A pytest plugin that writes down every exchange with the sandbox, whichever test it belongs to.

    PENNYFORM_EXCHANGES=FOLDER pytest -p tests.conformance.recorder

Exchanges that a fault spoiled are left out: what a broken proxy answers conforms to nothing.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path

from pennyform.sandbox.faults.fault import RequestOutcome
from pennyform.sandbox.http.dispatcher import Dispatcher
from pennyform.sandbox.messages import Request

FOLDER = "PENNYFORM_EXCHANGES"
_API = "/api/"


def pytest_configure() -> None:
    """Begin to listen, in each process that runs tests."""
    answer: Callable[[Dispatcher, Request], RequestOutcome] = Dispatcher.__call__
    path = Path(os.environ[FOLDER]) / f"{os.getpid()}.jsonl"

    def recorded(exchange: Dispatcher, request: Request) -> RequestOutcome:
        outcome = answer(exchange, request)
        if outcome.response and not outcome.applied and request.path.startswith(_API):
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(_written(request, outcome)) + "\n")
        return outcome

    setattr(Dispatcher, "__call__", recorded)  # noqa: B010 - to a type checker a method is no variable


def _written(request: Request, outcome: RequestOutcome) -> dict[str, object]:
    assert outcome.response
    return {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "content_type": request.headers.get("content-type", ""),
        "authorized": bool(request.headers.get("authorization")),
        "body": base64.b64encode(request.body).decode(),
        "status": outcome.response.status,
        "answer_type": outcome.response.headers.get("content-type", ""),
        "answer": base64.b64encode(outcome.response.body).decode(),
    }
