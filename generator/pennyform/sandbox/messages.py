"""Requests and responses: HTTP without a socket.

Every transport (in-process, ASGI) converts its own objects to these two and nothing else, so that a
request means the same whichever way it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

BASE_PATH = "/api/external/v2"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, read to its end.

    ``path`` is decoded, ``query`` is the raw text after ``?``; header names are lower case. ``origin`` is
    the scheme and authority the caller used (``https://app.pennylane.com``): links in responses point there.
    ``is_cut``: the body was longer than the limit, and was not kept.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    origin: str = ""
    is_cut: bool = False

    def exceeds(self, limit: int) -> bool:
        """Whether the body is longer than so many bytes."""
        return self.is_cut or len(self.body) > limit

    @property
    def media_type(self) -> str:
        """The ``Content-Type`` without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response. ``body`` is empty for 204; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def make_response(status: int, body: object, headers: Mapping[str, str] | None = None) -> Response:
    """A response from a value.

    Args:
        status: of the response.
        body: text is sent as plain text, None as no body, anything else as JSON.
        headers: besides ``content-type``; they win over it.
    """
    if body is None:
        return Response(status, headers or {})
    if isinstance(body, str):
        media_type, content = "text/plain", body.encode()
    else:
        media_type, content = "application/json", msgspec.json.encode(body)
    return Response(status, {"content-type": f"{media_type}; charset=utf-8", **(headers or {})}, content)
