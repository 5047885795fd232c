"""Validation of a request against the contract, before any rule of the handlers.

Unknown query parameters are ignored, as the API does (``filters=`` returns everything). The
API reports the first violation only. A value that fits none of several forms is answered with a bare
``NotAnyOf`` or ``NotOneOf``: it names neither the form that was meant nor the field at fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from jsonschema_rs import Draft202012Validator, ValidationError

from pennyform.sandbox.api_errors import ApiError, bad_request, too_large
from pennyform.sandbox.contract.contract import Operation, resolve_reference
from pennyform.sandbox.contract.multipart import Upload, parse_form
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.messages import Request

LARGEST_BODY = 10 * 1024 * 1024
LARGEST_FORM = 101 * 1024 * 1024  # a file of 100 MB, the contract's limit, and what is wrapped around it
# The validator takes minutes to list the errors of a body of some megabytes.
_LARGEST_EXPLAINED = 256 * 1024
_FORM = "multipart/form-data"
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_NUMBER = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,19})?")
_BOOLEANS = {"true": True, "false": False}
_LONGEST_INTEGER = 19
# JSON Schema keyword -> code of the contract. Codes of `format` and `type` depend on more than the keyword.
_CODES = {
    "additionalProperties": "NotExistPropertyDefinition",
    "unevaluatedProperties": "NotExistPropertyDefinition",
    "required": "NotExistRequiredKey",
    "enum": "NotEnumInclude",
    "const": "NotEnumInclude",
    "pattern": "InvalidPattern",
    "minLength": "LessThanMinLength",
    "maxLength": "MoreThanMaxLength",
    "minItems": "LessThanMinItems",
    "maxItems": "MoreThanMaxItems",
    "minimum": "LessThanMinimum",
    "maximum": "MoreThanMaximum",
    "exclusiveMinimum": "LessThanExclusiveMinimum",
    "exclusiveMaximum": "MoreThanExclusiveMaximum",
}
_FORMAT_CODES = {
    "date": "InvalidDateFormat",
    "date-time": "InvalidDateTimeFormat",
    "email": "InvalidEmailFormat",
    "uuid": "InvalidUUIDFormat",
}
_ALTERNATIVES_CODES = {"anyOf": "NotAnyOf", "oneOf": "NotOneOf"}


def _parse_float(text: str) -> int | Decimal:
    """A number with a fraction or an exponent.

    Decimals stay exact: a quantity of 0.1 must not become the nearest binary fraction. 20.0 is an integer to
    JSON Schema, and may be an id.
    """
    value = Decimal(text)
    is_integer = value.adjusted() < _LONGEST_INTEGER and value == value.to_integral_value()
    return int(value) if is_integer else value


_decoder = msgspec.json.Decoder(float_hook=_parse_float)


def read_parameters(operation: Operation, path_values: Mapping[str, str], query: str) -> JsonObject:
    """Read and check the parameters of the URL: ``path_values`` as text, and the raw text after ``?``.

    Returns:
        Parameter name to value, of the contract's type; absent ones are left out.

    Raises:
        ApiError: 400 for the first parameter that is missing or does not conform.
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError as error:
        raise bad_request("The query string cannot be read") from error
    texts: Mapping[str, Mapping[str, str]] = {"path": path_values, "query": dict(pairs)}
    values: JsonObject = {}
    for parameter in operation.parameters:
        text = texts.get(parameter.location, {}).get(parameter.name)
        if text is None:
            if parameter.required:
                raise bad_request(
                    f"Missing parameter {parameter.name}", code="NotExistRequiredKey", field=parameter.name
                )
            continue
        value = _parse_text(parameter.type, text)
        violation = first_violation(parameter.validator, value, parameter.name)
        if violation:
            raise violation
        values[parameter.name] = value
    return values


def _parse_text(type_: str, text: str) -> Json:
    """Text that is not of the type is left as text: the schema then rejects it by name."""
    if type_ == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if type_ == "number" and _NUMBER.fullmatch(text):
        return Decimal(text)
    if type_ == "boolean":
        return _BOOLEANS.get(text, text)
    return text


def read_body(operation: Operation, request: Request) -> Json:
    """Read and check the body.

    Returns:
        The decoded body, numbers with a fraction as ``Decimal``, files as ``Upload``; None when the
        operation takes none.

    Raises:
        ApiError: 400 for a wrong content type, text that is not JSON or no form, or the first violation of
            the schema; 413 for more bytes than ``longest_body``.
    """
    if not operation.media_types:
        return None
    limit = longest_body(operation, request.media_type)
    if request.exceeds(limit):
        raise too_large(limit)
    if not request.body and not operation.body_required:
        return None
    if request.media_type not in operation.media_types:
        raise bad_request(
            f"Content-Type must be {' or '.join(operation.media_types)}", code="NotExistContentTypeDefinition"
        )
    if request.media_type == _FORM:
        return _read_form(operation, request)
    value = _decode_json(request.body)
    _check_body(operation, value, len(request.body))
    return value


def longest_body(operation: Operation, media_type: str) -> int:
    """How many bytes a body of this media type may have: forms carry files. 0 when none is read."""
    if not operation.media_types:
        return 0
    return LARGEST_FORM if media_type == _FORM and _FORM in operation.media_types else LARGEST_BODY


def _read_form(operation: Operation, request: Request) -> JsonObject:
    form = parse_form(request.headers["content-type"], request.body)
    schema = operation.body_schema
    properties = resolve_reference(schema, schema)["properties"]
    body = {
        name: _read_field(resolve_reference(schema, properties.get(name, {})), name, value)
        for name, value in form.items()
    }
    # A file is text to the schema; an empty one stands in for it.
    checked = {name: "" if isinstance(value, Upload) else value for name, value in body.items()}
    _check_body(operation, checked, sum(len(value) for value in form.values() if isinstance(value, str)))
    return body


def _read_field(schema: JsonObject, name: str, value: str | Upload) -> Json:
    is_file = schema.get("format") == "binary"
    if schema and is_file != isinstance(value, Upload):
        message = f"{name} must {'be' if is_file else 'not be'} a file"
        raise bad_request(message, code="ValidateError", field=name)
    type_ = schema.get("type", "string")
    if isinstance(value, Upload) or type_ == "string":
        return value
    if type_ in ("integer", "number", "boolean"):
        return _parse_text(type_, value)
    # Objects and lists come as JSON: the e-invoice import sends its options so.
    return _decode_json(value.encode())


def _check_body(operation: Operation, value: Json, size: int) -> None:
    violation = first_violation(operation.body_validator, value, explained=size <= _LARGEST_EXPLAINED)
    if violation:
        raise violation


def _decode_json(text: bytes) -> Json:
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request("The request body is not valid JSON") from error


def first_violation(
    validator: Draft202012Validator, value: object, parameter: str = "", *, explained: bool = True
) -> ApiError | None:
    """Check a value.

    Args:
        validator: compiled schema.
        value: JSON-ready value; decimals are numbers.
        parameter: name of the parameter, when the value is one; a body's fields name themselves.
        explained: whether to say what is wrong; for a large value that would take minutes.

    Returns:
        The 400 to answer with, or None when the value conforms.
    """
    try:
        if validator.is_valid(value):
            return None
        if not explained:
            return bad_request(
                "The value does not conform, and is too large to say where", code="ValidateError"
            )
        return _api_error(_first_error(validator.iter_errors(value)), parameter)
    except ValueError:  # the validator's own limit, of 255 levels
        return bad_request("The value is nested too deeply")


def _first_error(errors: Iterable[ValidationError]) -> ValidationError:
    """The error nearest to the root; of several, by name: the validator promises no order."""
    return min(
        errors, key=lambda error: (len(error.instance_path), [str(step) for step in error.instance_path])
    )


def _api_error(error: ValidationError, parameter: str) -> ApiError:
    kind: Any = error.kind  # one class for each keyword, with attributes of its own
    path = [*([parameter] if parameter else []), *map(str, error.instance_path)]
    if kind.name in _ALTERNATIVES_CODES:
        # Null beside a single form is not a choice: the violation of that form is what counts.
        forms = [form for form in getattr(kind, "context", ()) if not _requires_null(form)]
        if len(forms) == 1:
            return _api_error(_first_error(forms[0]), parameter)
        return bad_request("The value fits none of the accepted forms", code=_ALTERNATIVES_CODES[kind.name])
    if kind.name == "required":
        return _key_error("Missing", path, kind.property.strip('"'), kind.name)
    if kind.name in ("additionalProperties", "unevaluatedProperties"):
        return _key_error("Unknown", path, min(kind.unexpected), kind.name)
    if kind.name == "format":
        code = _FORMAT_CODES.get(kind.format, "ValidateError")
    elif kind.name == "type" and error.instance is None:
        code = "NotNullError"
    else:
        code = _CODES.get(kind.name, "ValidateError")
    payload = msgspec.json.encode(error.instance).decode()
    return bad_request(error.message, code=code, field=".".join(path), payload=payload)


def _key_error(problem: str, path: list[str], key: str, keyword: str) -> ApiError:
    parent = f" in {'.'.join(path)}" if path else ""
    return bad_request(f"{problem} {key}{parent}", code=_CODES[keyword], field=".".join([*path, key]))


def _requires_null(errors: Sequence[ValidationError]) -> bool:
    kinds: list[Any] = [error.kind for error in errors]
    return any(kind.name == "type" and list(kind.types) == ["null"] for kind in kinds)
