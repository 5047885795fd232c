"""From a JSON Schema validator's errors to the 400 that the API would give.

The API reports the first violation only. A value that fits none of several forms is answered with a bare
``NotAnyOf`` or ``NotOneOf``: it names neither the form that was meant nor the field at fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from jsonschema_rs import Draft202012Validator, ValidationError

from pennyform.sandbox.api_errors import ApiError, bad_request

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
_FORM_CODES = {"anyOf": "NotAnyOf", "oneOf": "NotOneOf"}


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
        return _api_error(_first(validator.iter_errors(value)), parameter)
    except ValueError:  # the validator's own limit, of 255 levels
        return bad_request("The value is nested too deeply")


def _first(errors: Iterable[ValidationError]) -> ValidationError:
    """The error nearest to the root; of several, by name: the validator promises no order."""
    return min(
        errors, key=lambda error: (len(error.instance_path), [str(step) for step in error.instance_path])
    )


def _api_error(error: ValidationError, parameter: str) -> ApiError:
    kind: Any = error.kind  # one class for each keyword, with attributes of its own
    path = [*([parameter] if parameter else []), *map(str, error.instance_path)]
    if kind.name in _FORM_CODES:
        # Null beside a single form is not a choice: the violation of that form is what counts.
        forms = [form for form in getattr(kind, "context", ()) if not _requires_null(form)]
        if len(forms) == 1:
            return _api_error(_first(forms[0]), parameter)
        return bad_request("The value fits none of the accepted forms", code=_FORM_CODES[kind.name])
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
