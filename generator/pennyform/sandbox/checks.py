"""The door: parameters and body of a request, held against the contract before any rule is asked.

Unknown query parameters are ignored without a word, as the API does (``filters=`` returns everything).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from pennyform.sandbox.contract import Operation, Parameter
from pennyform.sandbox.messages import Request
from pennyform.sandbox.problems import Problem, bad_request, too_large
from pennyform.sandbox.violations import first_violation

LARGEST_BODY = 10 * 1024 * 1024
_JSON = "application/json"
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_NUMBER = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,19})?")
_BOOLEANS = {"true": True, "false": False}

# Decimals stay exact: a quantity of 0.1 must not become the nearest binary fraction.
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def parameters(operation: Operation, path: Mapping[str, str], query: str) -> dict[str, Any]:
    """Read and check what stands in the URL.

    Args:
        operation: the operation called.
        path: path parameters as text.
        query: raw text after ``?``.

    Returns:
        Parameter name to value, of the contract's type; absent ones are left out.

    Raises:
        Problem: 400 for the first parameter that is missing or does not conform.
    """
    given = {"path": path, "query": _query(query)}
    values = {}
    for parameter in operation.parameters:
        text = given.get(parameter.location, {}).get(parameter.name)
        if text is not None:
            values[parameter.name] = _value(parameter, text)
        elif parameter.required:
            raise bad_request(
                f"Missing parameter {parameter.name}", code="NotExistRequiredKey", field=parameter.name
            )
    return values


def _query(text: str) -> dict[str, str]:
    if not text:
        return {}
    try:
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100))
    except ValueError as problem:
        raise bad_request("The query string cannot be read") from problem


def _value(parameter: Parameter, text: str) -> Any:
    value = _read(parameter.type, text)
    problem = first_violation(parameter.validator, value, parameter.name)
    if problem:
        raise problem
    return value


def _read(type_: str, text: str) -> Any:
    """Text that is not of the type is left as text: the schema then refuses it by name."""
    if type_ == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if type_ == "number" and _NUMBER.fullmatch(text):
        return Decimal(text)
    if type_ == "boolean":
        return _BOOLEANS.get(text, text)
    return text


def body(operation: Operation, request: Request) -> Any:
    """Read and check the body.

    Returns:
        The decoded body, numbers with a fraction as ``Decimal``; None when the operation takes none.

    Raises:
        Problem: 400 for a wrong content type, text that is not JSON, or the first violation of the
            schema; 413 for more than ``LARGEST_BODY`` bytes.
    """
    if not operation.media_types:
        return None
    if len(request.body) > LARGEST_BODY:
        raise too_large(LARGEST_BODY)
    if not request.body and not operation.body_required:
        return None
    _check_content_type(operation, request)
    value = _decoded(request.body)
    problem = first_violation(operation.body_validator, value)
    if problem:
        raise problem
    return value


def _check_content_type(operation: Operation, request: Request) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in operation.media_types:
        raise bad_request(
            f"Content-Type must be {' or '.join(operation.media_types)}", code="NotExistContentTypeDefinition"
        )


def _decoded(text: bytes) -> Any:
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise bad_request("The request body is not valid JSON") from problem


__all__ = ["LARGEST_BODY", "Problem", "body", "parameters"]
