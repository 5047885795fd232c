"""Parameters of the endpoints, and errors by the RFCs' codes."""

from __future__ import annotations

from urllib.parse import parse_qsl

from pennyform.sandbox.messages import Request

_FORM = "application/x-www-form-urlencoded"


class OAuthError(Exception):
    """An error response; ``code`` is one of RFC 6749's (sections 4.1.2.1 and 5.2)."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(code, description)
        self.status = status
        self.body = {"error": code, "error_description": description}


def read_form(request: Request) -> dict[str, str]:
    """The fields of a request's form.

    Raises:
        OAuthError: when its body is no form.
    """
    if request.media_type != _FORM:
        raise OAuthError("invalid_request", f"Content-Type must be {_FORM}")
    try:
        return parse_parameters(request.body.decode("ascii"))
    except UnicodeDecodeError as error:
        raise OAuthError("invalid_request", "the form cannot be read") from error


def parse_parameters(text: str) -> dict[str, str]:
    """The parameters of a query or a form.

    Raises:
        OAuthError: when they cannot be read, or one comes twice.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError as error:
        raise OAuthError("invalid_request", "the parameters cannot be read") from error
    # RFC 6749, sections 3.1 and 3.2: parameters must not be included more than once.
    if len(pairs) != len(dict(pairs)):
        raise OAuthError("invalid_request", "a parameter is given twice")
    return dict(pairs)
