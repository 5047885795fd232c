"""What a server answers with, and what the caller must get of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from . import wire
from .document import Schema
from .python import difference

# The classes of errors, as docs of the client have them: written here once more.
_ERRORS = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    409: "ConflictError",
    422: "UnprocessableError",
    429: "RateLimitedError",
}
# Refusals that the contract does not declare: status, media type, body.
UNDECLARED = (
    (400, "application/json", b'{"message":"no","code":"NotAnyOf","field":"amount","limit":1.10}'),
    (401, "application/json; charset=utf-8", b'{"error":"unknown"}'),
    (403, "text/plain", b"not allowed"),
    (404, "", b""),
    (409, "application/problem+json", b'{"title":"conflict","errors":[{"message":"held"}]}'),
    (418, "text/html; charset=utf-8", b"<p>\xc3\xa9</p>"),
    (422, "application/json", b'["a is missing","b is too long"]'),
    (422, "application/json", b'"text"'),
    (429, "application/json", b'{"message":"slower"}'),
    (500, "application/json", b'{"message":'),
    (503, "text/html", b"<html>"),
    # Neither confirms nor refuses.
    (302, "text/html", b"moved"),
    (408, "application/json", b'{"message":"late"}'),
)


@dataclass(frozen=True)
class Reply:
    """One answer.

    Attributes:
        status, content, media_type: what is sent.
        meant: the value that its body stands for.
        changed: whether that has something that only a newer contract has.
        request_id: a header's value.
    """

    status: int
    content: bytes = b""
    media_type: str = ""
    meant: Any = None
    changed: bool = False
    request_id: str = "r-1"

    @property
    def headers(self) -> dict[str, str]:
        """What is sent with it."""
        typed = {"content-type": self.media_type} if self.media_type else {}
        return {**typed, "x-request-id": self.request_id}

    def page(self, **changes: Any) -> Reply:
        """The same page of a list in another place of it."""
        meant: Schema = self.meant | {key: value for key, value in changes.items() if key in self.meant}
        return replace(self, meant=meant, content=wire.json_text(meant).encode())

    def joined(self, replies: Sequence[Reply]) -> Reply:
        """The items of all pages."""
        items = [item for reply in replies for item in reply.meant["items"]]
        return replace(self, meant=items)

    def lost(self, got: Any) -> str:
        """Where what the caller gets is not what was meant, or ""."""
        return difference(self.meant, got)

    def raw_problems(self, raw: Any) -> Iterator[str]:
        """Where ``with_raw_response`` says something else than was sent."""
        got = (raw.status, raw.body, raw.request_id, raw.headers.get("content-type", ""))
        expected = (self.status, self.content, self.request_id, self.media_type)
        if got != expected:
            yield f"the raw answer is {got}, not {expected}"

    def refusal_problems(self, error: Any, errors: Any, operation: str) -> Iterator[str]:
        """Where the error that is raised is not what the service said."""
        if self.status < 400 or self.status == 408:
            expected: list[Any] = ["OutcomeUnknownError", self.status, self.content]
            got: list[Any] = [type(error).__name__, error.status, error.body]
        else:
            name = _ERRORS.get(self.status, "ServerError" if self.status >= 500 else "APIError")
            body = said_in(self.content)
            known = body if isinstance(body, dict) else {}
            texts = [known.get(key) if isinstance(known.get(key), str) else None for key in ("code", "field")]
            expected = [name, self.status, wire.written(body), self.request_id, *texts]
            details = (
                [error.request_id, error.code, error.field] if isinstance(error, errors.APIError) else []
            )
            got = [type(error).__name__, error.status, wire.written(error.body), *details]
        if got != expected:
            yield f"the error is {got}, not {expected}"
        if error.operation != operation or operation not in str(error):
            yield f"the error is of {error.operation!r}: {error}"


def said_in(content: bytes) -> Any:
    """What a body of an error says: JSON, or else its text."""
    try:
        return wire.from_json(content)
    except ValueError:
        return content.decode("utf-8", "replace")
