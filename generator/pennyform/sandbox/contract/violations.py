"""From a JSON Schema validator's finding to the 400 that the API would give.

The API reports the first violation only. A value that fits none of several forms is answered with a bare
``NotAnyOf`` or ``NotOneOf``: it names neither the form meant nor the field at fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from jsonschema_rs import Draft202012Validator, ValidationError

from pennyform.sandbox.api_errors import ApiError, bad_request

# JSON Schema keyword -> code of the contract. `format` and `required` are settled below.
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
_BARE = {"anyOf": "NotAnyOf", "oneOf": "NotOneOf"}
_UNKNOWN_KEY = ("additionalProperties", "unevaluatedProperties")


def first_violation(
    validator: Draft202012Validator, value: object, place: str = "", *, explained: bool = True
) -> ApiError | None:
    """Check a value.

    Args:
        validator: compiled schema.
        value: JSON-ready value; decimals are numbers.
        place: name of the parameter, when the value is one; a body's fields name themselves.
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
        return _problem(_first(validator.iter_errors(value)), place)
    except ValueError:  # the validator's own limit, of 255 levels
        return bad_request("The value is nested too deeply")


def _first(errors: Iterable[ValidationError]) -> ValidationError:
    return min(
        errors, key=lambda error: (len(error.instance_path), [str(step) for step in error.instance_path])
    )


def _problem(error: ValidationError, place: str) -> ApiError:
    kind: Any = error.kind
    if kind.name in _BARE:
        sole = _only_form(getattr(kind, "context", ()))
        if sole:
            return _problem(_first(sole), place)
        return bad_request("The value fits none of the accepted forms", code=_BARE[kind.name])
    path = [*([place] if place else []), *map(str, error.instance_path)]
    if kind.name == "required":
        return _key_problem("Missing", path, kind.property.strip('"'), kind.name)
    if kind.name in _UNKNOWN_KEY:
        return _key_problem("Unknown", path, min(kind.unexpected), kind.name)
    return bad_request(
        error.message,
        code=_code(kind, error.instance),
        field=".".join(path),
        payload=_payload(error.instance),
    )


def _key_problem(what: str, path: list[str], key: str, keyword: str) -> ApiError:
    where = f" in {'.'.join(path)}" if path else ""
    return bad_request(f"{what} {key}{where}", code=_CODES[keyword], field=".".join([*path, key]))


def _only_form(forms: Sequence[Sequence[ValidationError]]) -> Sequence[ValidationError] | None:
    """Null beside one form is not a choice: the violation of that form is what counts."""
    real = [errors for errors in forms if not _wanted_null(errors)]
    return real[0] if len(real) == 1 else None


def _wanted_null(errors: Sequence[ValidationError]) -> bool:
    kinds: list[Any] = [error.kind for error in errors]
    return any(kind.name == "type" and list(kind.types) == ["null"] for kind in kinds)


def _code(kind: Any, value: object) -> str:
    if kind.name == "format":
        return _FORMAT_CODES.get(kind.format, "ValidateError")
    if kind.name == "type" and value is None:
        return "NotNullError"
    return _CODES.get(kind.name, "ValidateError")


def _payload(value: Any) -> str:
    return msgspec.json.encode(value).decode()
