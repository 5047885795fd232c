"""What goes in and what comes out: HTTP without a socket.

Every transport (in-process, ASGI) turns its own objects into these two and nothing else, so that a
request means the same whichever way it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, read to its end.

    ``path`` is decoded, ``query`` is the raw text after ``?``; header names are lower case. ``origin`` is
    the scheme and authority the caller used (``https://app.pennylane.com``): links in answers point there.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer. ``body`` is empty for 204; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
