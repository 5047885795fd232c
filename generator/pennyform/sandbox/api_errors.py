"""Refusals, in the shapes of the contract.

400 is ``{message, field?, payload?, code?}``; 401, 403, 404, 409 and 422 are ``{error, status}``; 429 is
plain text. A :class:`ApiError` is raised where the rule is broken and becomes the answer at the door; the
transaction it interrupts is rolled back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

_LONGEST_PAYLOAD = 200


class ApiError(Exception):
    """An answer that is not a success. ``body`` is text for ``text/plain``, anything else for JSON."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def bad_request(message: str, *, code: str = "", field: str = "", payload: str = "") -> ApiError:
    """400: the request does not follow the contract.

    Args:
        message: one sentence for a person.
        code: one of the contract's codes (``NotAnyOf``, ``InvalidPattern``, …); left out when empty.
        field: the field meant, dotted; only sent together with a code, as the contract has it.
        payload: the value that was refused, shortened.
    """
    body = {"message": message}
    if code:
        extra = {"field": field, "payload": payload[:_LONGEST_PAYLOAD], "code": code}
        body.update({name: value for name, value in extra.items() if value})
    return ApiError(400, body)


def _plain(status: int, error: str) -> ApiError:
    return ApiError(status, {"error": error, "status": status})


def unauthorized() -> ApiError:
    """401: missing, unknown and expired tokens are not told apart."""
    return _plain(401, "The access token is invalid")


def forbidden(scopes: Sequence[str]) -> ApiError:
    """403, naming the scopes any one of which would have done."""
    names = " or ".join(f'"{scope}"' for scope in scopes)
    return _plain(403, f"Access to this resource requires scope {names}.")


def not_found(what: str = "") -> ApiError:
    """404: it does not exist, or it belongs to another company."""
    return _plain(404, f"{what} was not found" if what else "Not Found")


def as_declared(problem: ApiError, refusals: Collection[int]) -> ApiError:
    """The problem itself, or a 400 for a 422 that the contract does not give the operation.

    Args:
        problem: raised by a rule, which does not know for which operation it is asked.
        refusals: statuses that the contract gives it.
    """
    return bad_request(problem.body["error"]) if problem.status == 422 and 422 not in refusals else problem


def conflict(error: str) -> ApiError:
    """409: the state of something stands in the way for now."""
    return _plain(409, error)


def too_large(limit: int) -> ApiError:
    """413: the body is longer than ``limit`` bytes."""
    return _plain(413, f"The request body is larger than {limit} bytes")


def unprocessable(error: str) -> ApiError:
    """422: well formed, but against a rule."""
    return _plain(422, error)


def too_many_requests(seconds: int) -> ApiError:
    """429, as plain text; ``retry-after`` is in whole seconds."""
    return ApiError(429, "Rate limit exceeded. Try again later.\n", {"retry-after": str(seconds)})


def unavailable(reason: str) -> ApiError:
    """503: the database cannot be written for now. Nothing of the request was kept."""
    return _plain(503, f"The sandbox's database cannot be used: {reason}")
