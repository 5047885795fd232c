"""What a handler is given, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

import msgspec

from pennyform.sandbox.api_errors import ApiError
from pennyform.sandbox.messages import Request

if TYPE_CHECKING:
    from pennyform.sandbox.application import Sandbox

Answer = tuple[int, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AdminRequest:
    """One request to the sandbox itself. ``snapshots`` are those taken so far, by name."""

    sandbox: Sandbox
    request: Request
    snapshots: dict[str, bytes]

    @property
    def name(self) -> str:
        """The last segment of the path."""
        return unquote(self.request.path.rpartition("/")[2])

    def body(self, kind: type[T]) -> T:
        """The body, as a kind of value.

        Raises:
            ApiError: 415 when it is not declared as JSON, 400 when it is none or not of this kind.
        """
        media_type = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise refusal(415, "Content-Type must be application/json")
        try:
            return msgspec.json.decode(self.request.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise refusal(400, str(problem)) from problem


Handler = Callable[[AdminRequest], Answer]


def refusal(status: int, error: str) -> ApiError:
    """An answer that is none of the API's, in the shape of its refusals."""
    return ApiError(status, {"error": error, "status": status})
