"""A validator for exactly the draft-07 keywords that the emitted definition schemas use.

It answers yes or no. Checking one file is mostly start-up, and importing jsonschema-rs alone costs more than
reading the file and checking it here. Tests hold it to jsonschema and jsonschema-rs on generated definitions;
a keyword that it does not know is refused, never passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

Accepts = Callable[[Any], bool]

_ANNOTATIONS = {
    *(
        "$schema",
        "title",
        "description",
        "examples",
        "default",
        "format",
        "errorMessage",
        "patternErrorMessage",
        "markdownDescription",
        "markdownEnumDescriptions",
    ),
    *("x-pennyform", "x-pennyform-key", "x-pennyform-added", "x-pennyform-after-finalizing"),
    *("then", "else"),  # read with `if`
}


def compile_schema(schema: Mapping[str, Any]) -> Accepts:
    """What tells whether a value is valid.

    Args:
        schema: a draft-07 schema of the emitted kind.

    Raises:
        ValueError: the schema uses a keyword that is not known here.
    """
    checks = [_KEYWORDS[name](schema) for name in schema if name not in _ANNOTATIONS and _known(name)]
    if len(checks) == 1:
        return checks[0]

    def accepts(value: Any) -> bool:
        for check in checks:  # noqa: SIM110 - a loop takes half the time of all() with a generator
            if not check(value):
                return False
        return True

    return accepts


def _known(name: str) -> bool:
    if name not in _KEYWORDS:
        raise ValueError(f"the definition schemas do not use the keyword {name!r}")
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return _is_number(value) and value == int(value)


_TYPES: dict[str, Accepts] = {
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": _is_integer,
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}


def _type(schema: Mapping[str, Any]) -> Accepts:
    wanted = schema["type"]
    if isinstance(wanted, str):
        return _TYPES[wanted]
    types = [_TYPES[name] for name in wanted]
    return lambda value: any(is_type(value) for is_type in types)


def _enum(schema: Mapping[str, Any]) -> Accepts:
    return _among(schema["enum"])


def _const(schema: Mapping[str, Any]) -> Accepts:
    return _among([schema["const"]])


def _among(allowed: Sequence[Any]) -> Accepts:
    """Equality as in JSON, where true is not 1."""
    plain = {(isinstance(one, bool), one) for one in allowed}
    return lambda value: not isinstance(value, dict | list) and (isinstance(value, bool), value) in plain


def _pattern(schema: Mapping[str, Any]) -> Accepts:
    search = re.compile(schema["pattern"]).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _length(name: str, kind: type, sign: int) -> Callable[[Mapping[str, Any]], Accepts]:
    def compiled(schema: Mapping[str, Any]) -> Accepts:
        limit = sign * schema[name]
        return lambda value: not isinstance(value, kind) or sign * len(value) >= limit  # type: ignore[arg-type]

    return compiled


def _range(name: str, sign: int) -> Callable[[Mapping[str, Any]], Accepts]:
    def compiled(schema: Mapping[str, Any]) -> Accepts:
        limit = sign * schema[name]
        return lambda value: not _is_number(value) or sign * value >= limit

    return compiled


def _required(schema: Mapping[str, Any]) -> Accepts:
    names = schema["required"]
    return lambda value: not isinstance(value, dict) or all(name in value for name in names)


def _properties(schema: Mapping[str, Any]) -> Accepts:
    known = {name: compile_schema(member) for name, member in schema["properties"].items()}
    is_closed = schema.get("additionalProperties") is False

    def accepts(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        for name, member in value.items():
            check = known.get(name)
            if is_closed if check is None else not check(member):
                return False
        return True

    return accepts


def _additional_properties(schema: Mapping[str, Any]) -> Accepts:
    known = frozenset(schema.get("properties", ()))
    others = schema["additionalProperties"]
    if others is False and "properties" in schema:
        return lambda _: True  # `properties` looks at every member anyway
    accepts_other: Accepts = compile_schema(others) if isinstance(others, Mapping) else lambda _: bool(others)

    def accepts(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        return all(name in known or accepts_other(member) for name, member in value.items())

    return accepts


def _property_names(schema: Mapping[str, Any]) -> Accepts:
    accepts = compile_schema(schema["propertyNames"])
    return lambda value: not isinstance(value, dict) or all(map(accepts, value))


def _items(schema: Mapping[str, Any]) -> Accepts:
    accepts = compile_schema(schema["items"])
    return lambda value: not isinstance(value, list) or all(map(accepts, value))


def _if(schema: Mapping[str, Any]) -> Accepts:
    condition = compile_schema(schema["if"])
    then, otherwise = (compile_schema(schema.get(name, {})) for name in ("then", "else"))
    return lambda value: then(value) if condition(value) else otherwise(value)


def _not(schema: Mapping[str, Any]) -> Accepts:
    refused = compile_schema(schema["not"])
    return lambda value: not refused(value)


def _any_of(schema: Mapping[str, Any]) -> Accepts:
    variants = [compile_schema(variant) for variant in schema["anyOf"]]
    return lambda value: any(accepts(value) for accepts in variants)


_KEYWORDS: dict[str, Callable[[Mapping[str, Any]], Accepts]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "pattern": _pattern,
    "minLength": _length("minLength", str, 1),
    "maxLength": _length("maxLength", str, -1),
    "minItems": _length("minItems", list, 1),
    "maxItems": _length("maxItems", list, -1),
    "minimum": _range("minimum", 1),
    "maximum": _range("maximum", -1),
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional_properties,
    "propertyNames": _property_names,
    "items": _items,
    "if": _if,
    "not": _not,
    "anyOf": _any_of,
}
