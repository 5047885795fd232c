"""The forms in which the vendor states facts about a value or an operation, one sentence each.

A pattern stands for a whole sentence; its reader says what facts it states. The reader returns None where
that cannot be meant, such as a number of characters on something that is not text: the sentence is then not
understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pennyform.spec.document.extensions import (
    DECIMALS,
    DEFAULT,
    DEPRECATED_VALUES,
    FILE_SIZE,
    STABILITY,
)
from pennyform.spec.document.json_types import Json, JsonObject
from pennyform.spec.document.openapi import scopes_of

_Reader = Callable[[re.Match[str], JsonObject], JsonObject | None]
Patterns = Mapping[str, _Reader]
"""The pattern of a sentence -> what reads it."""


def read_sentence(sentence: str, subject: JsonObject, patterns: Patterns) -> JsonObject | None:
    """The facts in a sentence.

    Args:
        sentence: one sentence without Markdown.
        subject: the schema or the operation that it describes.
        patterns: :data:`VALUE_PATTERNS`, :data:`PAGE_SIZE_PATTERNS` or :data:`OPERATION_PATTERNS`.

    Returns:
        Keywords and their values, none of them new where the sentence only repeats the structure; None when
        no pattern fits.
    """
    # The first form that fits counts: those of page sizes stand before those of all values.
    for pattern, read in patterns.items():
        match = re.fullmatch(pattern, sentence)
        if match:
            facts = read(match, subject)
            if facts is not None:
                return facts
    return None


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _of_type(schema: JsonObject, *types: str) -> bool:
    # Beside an allOf, the type stands in another member.
    return schema.get("type", types[0]) in types


def _lengths(match: re.Match[str], schema: JsonObject) -> JsonObject | None:
    bounds = {key: _number(text) for key, text in match.groupdict().items() if text}
    return bounds if _of_type(schema, "string") and "enum" not in schema else None


def _items(match: re.Match[str], schema: JsonObject) -> JsonObject | None:
    return {"maxItems": _number(match["most"])} if schema.get("type") == "array" else None


def _decimals(match: re.Match[str], schema: JsonObject) -> JsonObject | None:
    return {DECIMALS: _number(match["most"])} if _of_type(schema, "string", "number") else None


def _range(match: re.Match[str], schema: JsonObject) -> JsonObject | None:
    bounds = {"minimum": _number(match["least"]), "maximum": _number(match["most"])}
    return bounds if _of_type(schema, "integer", "number") else None


def _default(match: re.Match[str], schema: JsonObject) -> JsonObject | None:
    values = {"true": True, "false": False} if schema.get("type") == "boolean" else {}
    value = values.get(match["value"], match["value"])
    fits = isinstance(value, bool) == (schema.get("type") == "boolean") and schema.get("type") != "integer"
    return {"default": value} if fits and value in schema.get("enum", [value]) else None


def _date(_: re.Match[str], schema: JsonObject) -> JsonObject | None:
    return {} if schema.get("format") in ("date", "date-time") else None


def _scopes(match: re.Match[str], operation: JsonObject) -> JsonObject | None:
    """Nothing new: the structure must ask for the same scopes."""
    scopes = set(re.findall(r"`([^`]+)`", match["scopes"]))
    return {} if scopes == scopes_of(operation.get("security", ())) else None


def _always(**facts: Json) -> _Reader:
    return lambda *_: dict(facts)


def _page_size(match: re.Match[str], _: JsonObject) -> JsonObject:
    return {DEFAULT: _number(match["size"])}


_DEPRECATED = {
    r"This (?:attribute|endpoint) is deprecated(?: and will be removed soon)?\.?": _always(deprecated=True),
    r"This endpoint is DEPRECATED": _always(deprecated=True),
    r"Please use `\w+`(?: from `\w+`)? instead\.": _always(),
}

# Fewer digits than the interpreter reads at most: a longer number is not understood.
_MOST = r"(?P<most>\d[\d,]{0,14})"

VALUE_PATTERNS: Patterns = {
    **_DEPRECATED,
    r"(?:.*\. )?[Mm]aximum (?P<maxLength>\d[\d,]{0,14}) characters\.": _lengths,
    r"(?P<minLength>\d{1,15}) to (?P<maxLength>\d{1,15}) letters that represents? .+": _lengths,
    rf".+ \(up to {_MOST} items\)": _items,
    rf"The max number of .+ that you can create using this endpoint is {_MOST} per request\.": _items,
    r"Can be set up to (?P<most>\d{1,15}) decimals\.": _decimals,
    r"It must have a maximum of (?P<most>\d{1,15}) decimals\.": _decimals,
    r"Must be between (?P<least>\d[\d,]{0,14}) and (?P<most>\d[\d,]{0,14})\.": _range,
    r"Default is `?(?P<value>\w+)`?\.?": _default,
    r"Defaults to (?P<value>\w+) if not specified\.": _default,
    r"If this parameter is not provided, it will use the default `(?P<value>\w+)` mode\.": _default,
    r"- `(?P<value>\w+)`: Deprecated\.": lambda match, schema: (
        {DEPRECATED_VALUES: [match["value"]]} if match["value"] in schema.get("enum", ()) else None
    ),
    r"This value will be removed in a future version\.": _always(),
    r".*\(ISO 8601\)\.?": _date,
    r"The date should follow RFC3339 format\.": _date,
    r".*\((?:ISO 4217|ISO 3166-1 alpha-2|alpha2)\)\.?": lambda _, schema: {} if "enum" in schema else None,
    r"Warning: This feature is currently experimental and may change\b.+": _always(
        **{STABILITY: "experimental"}
    ),
}
"""Pattern -> what it says of the schema that it describes."""

PAGE_SIZE_PATTERNS: Patterns = {
    r"Defaults to (?P<size>\d{1,15}) if not specified\.": _page_size,
    r".*By default, you get (?P<size>\d{1,15}) items per page\.": _page_size,
    **VALUE_PATTERNS,
}
"""The same for the parameters ``limit`` and ``per_page``."""

OPERATION_PATTERNS: Patterns = {
    **_DEPRECATED,
    r"This endpoint requires (?:one of )?the following scopes?: (?P<scopes>.+)": _scopes,
    r"\[BETA\] .+": _always(**{STABILITY: "beta"}),
    r"The maximum allowed file size is (?P<size>\d{1,15})MB\.": lambda match, _: {
        FILE_SIZE: int(match["size"])
    },
}
"""Pattern -> what it says of the operation that it describes."""
