"""The forms in which the vendor states facts about a value or an operation, one sentence each.

A form is a pattern for a whole sentence and what it says. It says nothing (None) where it cannot be meant: a
number of characters on something that is not text. The sentence then counts as not understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pennyform.spec.description_facts.extensions import (
    DECIMALS,
    DEFAULT,
    DEPRECATED_VALUES,
    FILE_SIZE,
    STABILITY,
)

Facts = dict[str, Any]
_Reader = Callable[[re.Match[str], Mapping[str, Any]], Facts | None]
Forms = Mapping[str, _Reader]
"""The pattern of a sentence -> what reads it."""


def stated(sentence: str, subject: Mapping[str, Any], forms: Forms) -> Facts | None:
    """The facts in a sentence.

    Args:
        sentence: one sentence without Markdown.
        subject: the schema or the operation that it describes.
        forms: :data:`OF_VALUES`, :data:`OF_PAGE_SIZES` or :data:`OF_OPERATIONS`.

    Returns:
        Keywords and their values, none of them new where the sentence only repeats the structure; None when
        no form fits.
    """
    for pattern, read in forms.items():
        match = re.fullmatch(pattern, sentence)
        if match:
            facts = read(match, subject)
            if facts is not None:
                return facts
    return None


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _of_type(schema: Mapping[str, Any], *types: str) -> bool:
    # Beside an allOf, the type stands in another member.
    return schema.get("type", types[0]) in types


def _lengths(match: re.Match[str], schema: Mapping[str, Any]) -> Facts | None:
    bounds = {key: _number(text) for key, text in match.groupdict().items() if text}
    return bounds if _of_type(schema, "string") and "enum" not in schema else None


def _items(match: re.Match[str], schema: Mapping[str, Any]) -> Facts | None:
    return {"maxItems": _number(match["most"])} if schema.get("type") == "array" else None


def _decimals(match: re.Match[str], schema: Mapping[str, Any]) -> Facts | None:
    return {DECIMALS: _number(match["most"])} if _of_type(schema, "string", "number") else None


def _range(match: re.Match[str], schema: Mapping[str, Any]) -> Facts | None:
    bounds = {"minimum": _number(match["least"]), "maximum": _number(match["most"])}
    return bounds if _of_type(schema, "integer", "number") else None


def _default(match: re.Match[str], schema: Mapping[str, Any]) -> Facts | None:
    values = {"true": True, "false": False} if schema.get("type") == "boolean" else {}
    value = values.get(match["value"], match["value"])
    fits = isinstance(value, bool) == (schema.get("type") == "boolean") and schema.get("type") != "integer"
    return {"default": value} if fits and value in schema.get("enum", [value]) else None


def _deprecated_value(match: re.Match[str], schema: Mapping[str, Any]) -> Facts | None:
    return {DEPRECATED_VALUES: [match["value"]]} if match["value"] in schema.get("enum", ()) else None


def _date(_: re.Match[str], schema: Mapping[str, Any]) -> Facts | None:
    return {} if schema.get("format") in ("date", "date-time") else None


def _listed(_: re.Match[str], schema: Mapping[str, Any]) -> Facts | None:
    return {} if "enum" in schema else None


def _page_size(match: re.Match[str], _: Mapping[str, Any]) -> Facts:
    return {DEFAULT: _number(match["size"])}


def _scopes(match: re.Match[str], operation: Mapping[str, Any]) -> Facts | None:
    """Nothing new: every scope must be among those that the structure asks for, and the other way round."""
    told = set(re.findall(r"`([^`]+)`", match["scopes"]))
    asked = {
        scope
        for requirement in operation.get("security", [])
        for scopes in requirement.values()
        for scope in scopes
    }
    return {} if told == asked else None


def _always(**facts: Any) -> _Reader:
    return lambda *_: dict(facts)


_DEPRECATED = {
    r"This (?:attribute|endpoint) is deprecated(?: and will be removed soon)?\.?": _always(deprecated=True),
    r"This endpoint is DEPRECATED": _always(deprecated=True),
    r"Please use `\w+`(?: from `\w+`)? instead\.": _always(),
}

OF_VALUES: Forms = {
    **_DEPRECATED,
    r"(?:.*\. )?[Mm]aximum (?P<maxLength>[\d,]+) characters\.": _lengths,
    r"(?P<minLength>\d+) to (?P<maxLength>\d+) letters that represents? .+": _lengths,
    r".+ \(up to (?P<most>[\d,]+) items\)": _items,
    r"The max number of .+ that you can create using this endpoint is (?P<most>[\d,]+) per request\.": _items,
    r"Can be set up to (?P<most>\d+) decimals\.": _decimals,
    r"It must have a maximum of (?P<most>\d+) decimals\.": _decimals,
    r"Must be between (?P<least>[\d,]+) and (?P<most>[\d,]+)\.": _range,
    r"Default is `?(?P<value>\w+)`?\.?": _default,
    r"Defaults to (?P<value>\w+) if not specified\.": _default,
    r"If this parameter is not provided, it will use the default `(?P<value>\w+)` mode\.": _default,
    r"- `(?P<value>\w+)`: Deprecated\.": _deprecated_value,
    r"This value will be removed in a future version\.": _always(),
    r".*\(ISO 8601\)\.?": _date,
    r"The date should follow RFC3339 format\.": _date,
    r".*\((?:ISO 4217|ISO 3166-1 alpha-2|alpha2)\)\.?": _listed,
    r"Warning: This feature is currently experimental and may change\b.+": _always(
        **{STABILITY: "experimental"}
    ),
}
"""Form -> what it says of the schema that it describes."""

OF_PAGE_SIZES: Forms = {
    r"Defaults to (?P<size>\d+) if not specified\.": _page_size,
    r".*By default, you get (?P<size>\d+) items per page\.": _page_size,
    **OF_VALUES,
}
"""The same for the parameters ``limit`` and ``per_page``."""

OF_OPERATIONS: Forms = {
    **_DEPRECATED,
    r"This endpoint requires (?:one of )?the following scopes?: (?P<scopes>.+)": _scopes,
    r"\[BETA\] .+": _always(**{STABILITY: "beta"}),
    r"The maximum allowed file size is (?P<size>\d+)MB\.": lambda match, _: {FILE_SIZE: int(match["size"])},
}
"""Form -> what it says of the operation that it describes."""
