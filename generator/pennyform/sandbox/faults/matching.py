"""Whether a fault is meant for a request."""

from __future__ import annotations

import re
from functools import cache

from pennyform.sandbox.faults.kinds import Fault
from pennyform.sandbox.messages import Request

BASE_PATH = "/api/external/v2"


def matches(fault: Fault, request: Request) -> bool:
    """Whether method, path and text are the fault's; its ``skip``, ``times`` and ``chance`` are not asked."""
    if fault.method and fault.method != request.method:
        return False
    if not _pattern(fault.path).fullmatch(request.path.removeprefix(BASE_PATH)):
        return False
    return not fault.containing or _contains(request, fault.containing)


def _contains(request: Request, text: str) -> bool:
    return text in request.query or text.encode() in request.body


@cache
def _pattern(path: str) -> re.Pattern[str]:
    steps = {"**": ".*", "*": "[^/]+"}
    return re.compile("".join(steps.get(part, re.escape(part)) for part in re.split(r"(\*\*|\*)", path)))
