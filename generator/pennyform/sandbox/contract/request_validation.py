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

from pennyform.sandbox.api_errors import ApiError, bad_request, too_large
from pennyform.sandbox.contract.contract import Operation, Parameter, resolve_reference
from pennyform.sandbox.contract.multipart import Upload, fields
from pennyform.sandbox.contract.violations import first_violation
from pennyform.sandbox.messages import Request

LARGEST_BODY = 10 * 1024 * 1024
LARGEST_FORM = 101 * 1024 * 1024  # a file of 100 MB, and what is wrapped around it
_LARGEST_EXPLAINED = 256 * 1024
_FORM = "multipart/form-data"
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_NUMBER = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,19})?")
_BOOLEANS = {"true": True, "false": False}

_LONGEST_INTEGER = 19


def _number(text: str) -> int | Decimal:
    """A number with a fraction or an exponent.

    Decimals stay exact: a quantity of 0.1 must not become the nearest binary fraction. 20.0 is an integer to
    JSON Schema, and may be an id.
    """
    value = Decimal(text)
    is_whole = value.adjusted() < _LONGEST_INTEGER and value == value.to_integral_value()
    return int(value) if is_whole else value


_decoder = msgspec.json.Decoder(float_hook=_number)


def parameters(operation: Operation, path: Mapping[str, str], query: str) -> dict[str, Any]:
    """Read and check what stands in the URL.

    Args:
        operation: the operation called.
        path: path parameters as text.
        query: raw text after ``?``.

    Returns:
        Parameter name to value, of the contract's type; absent ones are left out.

    Raises:
        ApiError: 400 for the first parameter that is missing or does not conform.
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
        The decoded body, numbers with a fraction as ``Decimal``, files as ``Upload``; None when the
        operation takes none.

    Raises:
        ApiError: 400 for a wrong content type, text that is not JSON or no form, or the first violation of
            the schema; 413 for more bytes than ``largest_body``.
    """
    if not operation.media_types:
        return None
    content_type = request.headers.get("content-type", "")
    most = largest_body(content_type)
    if len(request.body) > most:
        raise too_large(most)
    if not request.body and not operation.body_required:
        return None
    if _media_type(content_type) not in operation.media_types:
        raise bad_request(
            f"Content-Type must be {' or '.join(operation.media_types)}", code="NotExistContentTypeDefinition"
        )
    return (_form if _media_type(content_type) == _FORM else _json)(operation, request)


def largest_body(content_type: str) -> int:
    """How many bytes a body of this ``Content-Type`` may have: forms carry files."""
    return LARGEST_FORM if _media_type(content_type) == _FORM else LARGEST_BODY


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _json(operation: Operation, request: Request) -> Any:
    value = _decoded(request.body)
    _conform(operation, value, len(request.body))
    return value


def _form(operation: Operation, request: Request) -> dict[str, Any]:
    given = fields(request.headers["content-type"], request.body)
    schema = operation.body_schema
    described = resolve_reference(schema, schema)["properties"]
    value = {
        name: _field(resolve_reference(schema, described.get(name, {})), name, one)
        for name, one in given.items()
    }
    # A file is text to the schema; what stands in for it is not looked at.
    checked = {name: "" if isinstance(one, Upload) else one for name, one in value.items()}
    _conform(operation, checked, sum(len(one) for one in given.values() if isinstance(one, str)))
    return value


def _field(described: Mapping[str, Any], name: str, value: str | Upload) -> Any:
    is_file = described.get("format") == "binary"
    if described and is_file != isinstance(value, Upload):
        message = f"{name} must {'be' if is_file else 'not be'} a file"
        raise bad_request(message, code="ValidateError", field=name)
    type_ = described.get("type", "string")
    if isinstance(value, Upload) or type_ == "string":
        return value
    return _read(type_, value) if type_ in ("integer", "number", "boolean") else _decoded(value.encode())


def _conform(operation: Operation, value: Any, size: int) -> None:
    problem = first_violation(operation.body_validator, value, explained=size <= _LARGEST_EXPLAINED)
    if problem:
        raise problem


def _decoded(text: bytes) -> Any:
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise bad_request("The request body is not valid JSON") from problem


__all__ = ["LARGEST_BODY", "LARGEST_FORM", "ApiError", "body", "largest_body", "parameters"]
