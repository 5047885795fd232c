"""Error responses, in the shapes of the contract.

400 is ``{message, field?, payload?, code?}``; 401, 403, 404, 409 and 422 are ``{error, status}``; 429 is
plain text. An :class:`ApiError` is raised where a rule is broken; the service turns it into the response, and
the transaction that it interrupts is rolled back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pennyform.sandbox.messages import Response, make_response

_LONGEST_PAYLOAD = 200


class ApiError(Exception):
    """A response that is not a success.

    Attributes:
        status: of the response.
        message: what is wrong, for a person.
        headers: besides ``content-type``.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        body: str | Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """``body`` is as :func:`~pennyform.sandbox.messages.make_response` takes it.

        It is ``{error, status}`` when left out.
        """
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})
        self._body = {"error": message, "status": status} if body is None else body

    def response(self) -> Response:
        """The response that says so."""
        return make_response(self.status, self._body, self.headers)


def bad_request(message: str, *, code: str = "", field: str = "", payload: str = "") -> ApiError:
    """400: the request does not follow the contract.

    Args:
        message: one sentence for a person.
        code: one of the contract's codes (``NotAnyOf``, ``InvalidPattern``, …); left out when empty.
        field: the field at fault, dotted; only sent together with a code, as the contract has it.
        payload: the value at fault, shortened.
    """
    body = {"message": message}
    if code:
        extra = {"field": field, "payload": payload[:_LONGEST_PAYLOAD], "code": code}
        body.update({name: value for name, value in extra.items() if value})
    return ApiError(400, message, body=body)


def unauthorized() -> ApiError:
    """401: missing, unknown and expired tokens are not told apart."""
    return ApiError(401, "The access token is invalid")


def forbidden(scopes: Sequence[str]) -> ApiError:
    """403, naming the scopes any one of which would have done."""
    names = " or ".join(f'"{scope}"' for scope in scopes)
    return ApiError(403, f"Access to this resource requires scope {names}.")


def not_found(resource: str = "") -> ApiError:
    """404: it does not exist, or it belongs to another company."""
    return ApiError(404, f"{resource} was not found" if resource else "Not Found")


def conflict(message: str) -> ApiError:
    """409: the state of something stands in the way for now."""
    return ApiError(409, message)


def too_large(limit: int) -> ApiError:
    """413: the body is longer than ``limit`` bytes."""
    return ApiError(413, f"The request body is larger than {limit} bytes")


def unprocessable(message: str) -> ApiError:
    """422: well formed, but against a rule."""
    return ApiError(422, message)


def too_many_requests(seconds: int, headers: Mapping[str, str]) -> ApiError:
    """429, as plain text; ``retry-after`` is in whole seconds."""
    message = "Rate limit exceeded. Try again later.\n"
    return ApiError(429, message, body=message, headers={"retry-after": str(seconds), **headers})


def not_implemented(message: str) -> ApiError:
    """501: this installation cannot carry it out."""
    return ApiError(501, message)


def unavailable(reason: str) -> ApiError:
    """503: the database cannot be written for now. Nothing of the request was stored."""
    return ApiError(503, f"The sandbox's database cannot be used: {reason}")


def as_declared(error: ApiError, statuses: Collection[int]) -> ApiError:
    """The error itself, or a 400 for a 422 that the contract does not give the operation.

    Args:
        error: raised by a rule, which does not know for which operation it is checked.
        statuses: of the errors that the contract gives the operation.
    """
    return bad_request(error.message) if error.status == 422 and 422 not in statuses else error
