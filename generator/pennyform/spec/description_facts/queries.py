"""What lists can be filtered by, sorted by and include, read from the fixed forms of their descriptions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from pennyform.spec.description_facts.extensions import FILTERS, INCLUDES, SORTS

_OPERATORS = frozenset({"eq", "gt", "gteq", "in", "lt", "lteq", "not_eq", "not_in", "start_with"})
_LIST = r"`\w+(?:,\s*\w+)*`"
_WORDS = rf"{_LIST}(?:\s*,\s*{_LIST})*"
_FILTER_LINE = re.compile(rf"- (?P<fields>{_WORDS})\s*: (?P<operators>{_WORDS})(?: \(boolean\))?")
_FIELDS_LINE = re.compile(rf"Available fields : (?P<fields>{_WORDS})")
_OPERATORS_LINE = re.compile(rf"Available operators : (?P<operators>{_WORDS})")
_SORT_FIELDS = re.compile(rf"Available fields ?:\s+(?P<fields>(?:(?:- )?{_WORDS}\s*)+)\Z")
_INCLUDES = re.compile(rf"Available includes: (?P<includes>{_WORDS})")
_FILTER_INTRODUCTIONS = frozenset(
    {
        "You can choose to filter items on specific fields.",
        "Available fields and operators:",
        "Available fields and values:",
    }
)


def query_facts(name: str, description: str) -> tuple[dict[str, Any], list[str]]:
    """The facts in the description of a query parameter that lists what it takes.

    Args:
        name: the parameter's name; only ``filter``, ``sort`` and ``include`` are read.
        description: the vendor's text.

    Returns:
        Extensions for the parameter's schema, and what was expected to be a fact but not understood.
    """
    read = _READERS.get(name)
    return read(description.strip()) if read and description.strip() else ({}, [])


def _filters(text: str) -> tuple[dict[str, Any], list[str]]:
    filters: dict[str, list[str]] = {}
    unclear: list[str] = []
    for line in _filter_lines(text):
        rule = _FILTER_LINE.fullmatch(line)
        operators = _words(rule["operators"]) if rule else []
        if rule is None or not _OPERATORS.issuperset(operators):
            unclear.append(line)
            continue
        filters.update((field, operators) for field in _words(rule["fields"]))
    return ({FILTERS: filters} if filters else {}), unclear


def _filter_lines(text: str) -> Iterator[str]:
    """The lines that state filters, the two-line form rewritten as the one-line form."""
    fields, operators = _FIELDS_LINE.search(text), _OPERATORS_LINE.search(text)
    if fields and operators:
        yield f"- {fields['fields']}: {operators['operators']}"
        text = text.replace(fields.group(), "").replace(operators.group(), "")
    # Anything after the first blank line explains values, which the answers' enums state already.
    for line in text.partition("\n\n")[0].splitlines():
        if line.strip() and line.strip() not in _FILTER_INTRODUCTIONS:
            yield line.strip()


def _sorts(text: str) -> tuple[dict[str, Any], list[str]]:
    match = _SORT_FIELDS.search(text)
    return ({SORTS: _words(match["fields"])}, []) if match else ({}, [text])


def _includes(text: str) -> tuple[dict[str, Any], list[str]]:
    match = _INCLUDES.search(text)
    return ({INCLUDES: _words(match["includes"])}, []) if match else ({}, [text])


def _words(text: str) -> list[str]:
    return [word for quoted in re.findall(r"`([^`]+)`", text) for word in re.findall(r"\w+", quoted)]


_Reader = Callable[[str], tuple[dict[str, Any], list[str]]]
_READERS: dict[str, _Reader] = {"filter": _filters, "sort": _sorts, "include": _includes}
