"""What comes in and goes out of the endpoints: forms, and errors by the RFCs' codes."""

from __future__ import annotations

from urllib.parse import parse_qsl

from pennyform.sandbox.messages import Request

_FORM = "application/x-www-form-urlencoded"


class RefusedError(Exception):
    """An error response; ``code`` is one of the RFCs'."""

    def __init__(self, code: str, why: str, status: int = 400) -> None:
        super().__init__(code, why)
        self.status = status
        self.body = {"error": code, "error_description": why}


def form_of(request: Request) -> dict[str, str]:
    """The fields of a request's form.

    Raises:
        RefusedError: when it is none.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != _FORM:
        raise RefusedError("invalid_request", f"Content-Type must be {_FORM}")
    try:
        return fields(request.body.decode("ascii"))
    except UnicodeDecodeError as problem:
        raise RefusedError("invalid_request", "the form cannot be read") from problem


def fields(text: str) -> dict[str, str]:
    """The parameters of a query or a form.

    Raises:
        RefusedError: when they cannot be read, or one comes twice.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError as problem:
        raise RefusedError("invalid_request", "the parameters cannot be read") from problem
    if len(pairs) != len(dict(pairs)):
        raise RefusedError("invalid_request", "a parameter is given twice")
    return dict(pairs)
