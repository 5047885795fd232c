"""One request to the sandbox itself, as the handlers of ``/_sandbox`` get it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import unquote

import msgspec

from pennyform.sandbox.api_errors import ApiError
from pennyform.sandbox.messages import Request, Response
from pennyform.sandbox.service import SandboxService

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AdminRequest:
    """One request to the sandbox itself. ``snapshots`` are those taken so far, by name."""

    sandbox: SandboxService
    request: Request
    snapshots: dict[str, bytes]

    @property
    def name(self) -> str:
        """The last segment of the path."""
        return unquote(self.request.path.rpartition("/")[2])

    def body(self, type_: type[T]) -> T:
        """The body, decoded as a type.

        Raises:
            ApiError: 415 when it is not declared as JSON, 400 when it is no JSON or not of this type.
        """
        # A browser asks before it sends JSON to another site's address, so no page can change anything here.
        if self.request.media_type != "application/json":
            raise ApiError(415, "Content-Type must be application/json")
        try:
            return msgspec.json.decode(self.request.body, type=type_)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ApiError(400, str(error)) from error


AdminHandler = Callable[[AdminRequest], Response]
