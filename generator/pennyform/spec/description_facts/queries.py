"""What lists can be filtered by, sorted by and include, read from the fixed forms of their descriptions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pennyform.spec.document.extensions import FILTERS, INCLUDES, SORTS
from pennyform.spec.document.json_types import JsonObject

_OPERATORS = frozenset({"eq", "gt", "gteq", "in", "lt", "lteq", "not_eq", "not_in", "start_with"})
_LIST = r"`\w+(?:,\s*\w+)*`"
_WORDS = rf"{_LIST}(?:\s*,\s*{_LIST})*"
_FILTER_LINE = re.compile(rf"- (?P<fields>{_WORDS})\s*: (?P<operators>{_WORDS})(?: \(boolean\))?")
_FIELDS_LINE = re.compile(rf"Available fields : (?P<fields>{_WORDS})")
_OPERATORS_LINE = re.compile(rf"Available operators : (?P<operators>{_WORDS})")
_SORT_FIELDS = re.compile(rf"Available fields ?:\s+(?P<names>(?:(?:- )?{_WORDS}\s*)+)\Z")
_INCLUDES = re.compile(rf"Available includes: (?P<names>{_WORDS})")
_FILTER_INTRODUCTIONS = frozenset(
    {
        "You can choose to filter items on specific fields.",
        "Available fields and operators:",
        "Available fields and values:",
    }
)


def query_facts(name: str, description: str) -> tuple[JsonObject, list[str]]:
    """The facts in the description of a query parameter that lists what it takes.

    Args:
        name: the parameter's name; only ``filter``, ``sort`` and ``include`` are read.
        description: the vendor's text.

    Returns:
        Extensions for the parameter's schema, and what was expected to be a fact but not understood.
    """
    text = description.strip()
    if not text or name not in ("filter", "sort", "include"):
        return {}, []
    if name == "filter":
        return _filters(text)
    if name == "sort":
        keyword, match = SORTS, _SORT_FIELDS.search(text)
    else:
        keyword, match = INCLUDES, _INCLUDES.search(text)
    return ({keyword: _quoted_words(match["names"])}, []) if match else ({}, [text])


def _filters(text: str) -> tuple[JsonObject, list[str]]:
    filters: dict[str, list[str]] = {}
    unclear: list[str] = []
    for line in _filter_lines(text):
        match = _FILTER_LINE.fullmatch(line)
        operators = _quoted_words(match["operators"]) if match else []
        if match is None or not _OPERATORS.issuperset(operators):
            unclear.append(line)
            continue
        filters.update((field, operators) for field in _quoted_words(match["fields"]))
    return ({FILTERS: filters} if filters else {}), unclear


def _filter_lines(text: str) -> Iterator[str]:
    """The lines that state filters, the two-line form rewritten as the one-line form."""
    fields, operators = _FIELDS_LINE.search(text), _OPERATORS_LINE.search(text)
    if fields and operators:
        yield f"- {fields['fields']}: {operators['operators']}"
        text = text.replace(fields.group(), "").replace(operators.group(), "")
    # Anything after the first blank line explains values, which the responses' enums state already.
    for line in text.partition("\n\n")[0].splitlines():
        if line.strip() and line.strip() not in _FILTER_INTRODUCTIONS:
            yield line.strip()


def _quoted_words(text: str) -> list[str]:
    return [word for quoted in re.findall(r"`([^`]+)`", text) for word in re.findall(r"\w+", quoted)]
