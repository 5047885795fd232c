# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""What can go wrong, as one tree.

::

    PennylaneError
    ├── MissingFieldError           a field was read that the contract promises and the answer lacks
    ├── NotSentError                nothing left this process; the call may be repeated
    │   └── SkippedOperationError       this package leaves the operation out; its message says why
    ├── OutcomeUnknownError         it may have been carried out; look before repeating a write
    ├── AuthorizationError          OAuth gave no access token, so the call was not sent
    │   └── AuthorizationUnknownError   it may have given one that never arrived; authorize again
    └── APIError                    the service answered and refused
        ├── BadRequestError         400  the request does not match the contract
        ├── AuthenticationError     401  the token is missing, wrong or expired
        ├── PermissionDeniedError   403  the token lacks the scope that the message names
        ├── NotFoundError           404  no such object, or it belongs to another company
        ├── ConflictError           409  something else is under way, or the object exists already
        ├── UnprocessableError      422  the request is well-formed, and not allowed in this state
        ├── RateLimitedError        429  too many requests; it was not carried out
        └── ServerError             5xx  a write may or may not have been carried out

Messages carry what the service said, never the token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import httpx


class PennylaneError(Exception):
    """The root of every error that this package raises for a call.

    ``operation`` is the contract's ``operationId``, such as ``postCustomerInvoices``.
    """

    def __init__(self, message: str, *, operation: str = "") -> None:
        super().__init__(f"{operation}: {message}" if operation else message)
        self.message = message
        self.operation = operation

    def __reduce__(self) -> tuple[Any, ...]:
        # What is in a pickle are the text and the attributes: constructors take keywords, also those of
        # subclasses, and an exception would be made again from its text alone.
        return _restored, (type(self), self.args), self.__dict__


def _restored(kind: type[PennylaneError], args: tuple[Any, ...]) -> PennylaneError:
    return kind.__new__(kind, *args)


class MissingFieldError(PennylaneError, AttributeError):
    """A field was read that the contract promises in every answer, and this one lacks it.

    An :class:`AttributeError` too, so that ``getattr(answer, name, default)`` works. ``model`` and ``field``
    are the names of the class and of the field.
    """

    def __init__(self, model: str, field: str) -> None:
        super().__init__(f"the answer lacks {model}.{field}, which the contract promises")
        self.model = model
        self.field = field


class NotSentError(PennylaneError):
    """Nothing left this process: no connection was made, or the wait for a turn was too long."""


class SkippedOperationError(NotSentError):
    """The operation is in the contract, and this package leaves it out: repeating the call does not help."""


class OutcomeUnknownError(PennylaneError):
    """The request may have been carried out, and no answer says so that can be relied on.

    Raised when the connection broke or timed out after it had opened, and when a success has a body that is
    not what the contract promises (a proxy's HTML page, truncated JSON). ``status`` and ``body`` are what
    arrived, or None and b"". After a write, look the object up before trying again.
    """

    def __init__(
        self, message: str, *, operation: str = "", status: int | None = None, body: bytes = b""
    ) -> None:
        super().__init__(message, operation=operation)
        self.status = status
        self.body = body


class AuthorizationError(PennylaneError):
    """No access token could be had by OAuth; the call that needed it was not sent.

    ``error`` is the service's word for it (``invalid_grant``, ``access_denied``, …), or "".
    """

    def __init__(self, message: str, *, error: str = "") -> None:
        super().__init__(message)
        self.error = error


class AuthorizationUnknownError(AuthorizationError):
    """A code or a refresh token was sent and no usable answer came: it may be used up."""


class APIError(PennylaneError):
    """The service answered with an error.

    Attributes:
        status: the HTTP status.
        message: what the service said, as text, whatever the shape of its answer.
        code: the machine-readable kind (``NotAnyOf``, ``InvalidPattern``, …) where there is one.
        field: the field that the answer blames, where it names one.
        body: the answer's JSON value, or its text.
        request_id: what support will ask for, where the answer carries it.
        headers: all headers of the answer.
    """

    def __init__(
        self, message: str, *, operation: str, status: int, body: Any = None, headers: httpx.Headers
    ) -> None:
        super().__init__(f"{status} {message}", operation=operation)
        self.message = message
        self.status = status
        self.body = body
        self.headers = headers
        self.request_id: str | None = headers.get("x-request-id")
        details = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
        self.code = _text(details.get("code"))
        self.field = _text(details.get("field"))


class BadRequestError(APIError):
    """400: the request does not match the contract; ``code`` and ``field`` may say where."""


class AuthenticationError(APIError):
    """401: the token is missing, wrong or expired; the service does not say which."""


class PermissionDeniedError(APIError):
    """403: the token lacks a scope, which ``message`` names."""


class NotFoundError(APIError):
    """404: there is no such object, or it belongs to another company."""


class ConflictError(APIError):
    """409: something else is under way (a PDF being made), or the object exists already."""


class UnprocessableError(APIError):
    """422: the request is well-formed but not allowed, given its values or the object's state."""


class RateLimitedError(APIError):
    """429: too many requests. The request was not carried out.

    ``retry_after`` is the number of seconds that the service asks to wait, or None.
    """

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait before the next request, from the ``retry-after`` header."""
        return seconds(self.headers.get("retry-after"))


class ServerError(APIError):
    """5xx: the service failed. A write may have been carried out before it did."""


BY_STATUS: dict[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableError,
    429: RateLimitedError,
}


def for_status(status: int) -> type[APIError]:
    """The class that stands for an HTTP status of 400 or more."""
    return BY_STATUS.get(status, ServerError if status >= 500 else APIError)


def seconds(text: str | None) -> float | None:
    """A non-negative number of seconds out of a header, or None when it holds anything else."""
    try:
        value = float(text) if text is not None else -1.0
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
