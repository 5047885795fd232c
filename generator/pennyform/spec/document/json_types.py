"""JSON as plain Python values: types, pointers (RFC 6901), and one canonical way to write them."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator
from json.encoder import encode_basestring_ascii
from typing import Any

import msgspec

Json = Any
"""Any JSON value: ``dict``, ``list``, ``str``, ``int``, ``float``, ``bool`` or ``None``."""

JsonObject = dict[str, Json]
"""A JSON object.

OpenAPI documents and JSON Schemas stay objects: rules add, merge and drop keywords by name, and an
unknown keyword must survive until it is reported. What is read out of them becomes a record.
"""


def child(pointer: str, step: str | int) -> str:
    """The JSON Pointer one step further in."""
    return f"{pointer}/{str(step).replace('~', '~0').replace('/', '~1')}"


def all_values(document: Json) -> Iterator[Json]:
    """Every value of a document, itself first, in no order that means anything."""
    queue = [document]
    while queue:
        value = queue.pop()
        yield value
        if isinstance(value, dict):
            queue.extend(value.values())
        elif isinstance(value, list):
            queue.extend(value)


# As wide as our code, so that a review shows both alike.
_WIDTH = 110
_INDENT = "  "


def canonical_json(value: Json) -> bytes:
    """Write a JSON value for people and for hashing.

    What fits into one line stays on one line, so that a field is a line and a diff shows fields. Keys keep
    the order they have: whoever builds the value decides it.

    Args:
        value: what ``json`` can write, and records; NaN and infinities are refused.

    Returns:
        ASCII bytes that end with a line feed.

    Raises:
        ValueError: the value holds a number that is not JSON.
    """
    return (_layout(msgspec.to_builtins(value), indent="", used=0) + "\n").encode("ascii")


def indented_json(value: Json) -> bytes:
    """The same for editors: every member on a line of its own, and text as it is read.

    Returns:
        UTF-8 that ends with a line feed.
    """
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _layout(value: Json, *, indent: str, used: int) -> str:
    """Text of ``value`` when ``used`` characters of its first line are taken."""
    line = _one_line(value, _WIDTH - len(indent) - used)
    if line is not None:
        return line
    inner = indent + _INDENT
    if isinstance(value, dict):
        opening, closing, parts = "{", "}", []
        for key, item in value.items():
            name = _text(key) + ": "
            parts.append(name + _layout(item, indent=inner, used=len(name) + 1))
    else:
        opening, closing, parts = "[", "]", [_layout(item, indent=inner, used=1) for item in value]
    body = f",\n{inner}".join(parts)
    return f"{opening}\n{inner}{body}\n{indent}{closing}"


def _one_line(value: Json, room: int) -> str | None:
    """Text of ``value`` on one line, or None when it needs more than ``room``. Scalars always fit."""
    if not value or not isinstance(value, dict | list | tuple):
        return _text(value)
    is_object = isinstance(value, dict)
    parts: list[str] = []
    room -= 2
    if room < 0:
        return None
    for item in value:
        name = f"{_text(item)}: " if is_object else ""
        inner = value[item] if is_object else item
        # Every level above a text looks whether it fits: only the one that it stands in may write it out.
        if isinstance(inner, str) and len(inner) > _WIDTH:
            return None
        nested = _one_line(inner, room - len(name))
        if nested is None:
            return None
        parts.append(name + nested)
        room -= len(parts[-1]) + 2
        if room < -2:
            return None
    joined = ", ".join(parts)
    return f"{{{joined}}}" if is_object else f"[{joined}]"


def _text(value: Json) -> str:
    # Most values are texts, and `dumps` makes an encoder for each.
    return encode_basestring_ascii(value) if type(value) is str else json.dumps(value, allow_nan=False)


class Shapes:
    """Numbers JSON values, so that equal ones have the same number: each part is looked at once.

    ``true`` and ``1`` are different, and so are ``1`` and ``1.0``; the order of keys makes no difference.
    """

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        # The values are kept: another one could get the place in memory of one that is gone.
        self._known: dict[int, tuple[Json, int]] = {}

    def number(self, value: Json) -> int:
        """The number of a value, which must not change afterwards."""
        if not isinstance(value, dict | list):
            return self._number_of((type(value), value))
        known = self._known.get(id(value))
        if known is not None:
            return known[1]
        if isinstance(value, dict):
            parts = sorted((key, self.number(item)) for key, item in value.items())
            number = self._number_of((dict, *parts))
        else:
            number = self._number_of((list, *map(self.number, value)))
        self._known[id(value)] = (value, number)
        return number

    def _number_of(self, shape: Hashable) -> int:
        return self._numbers.setdefault(shape, len(self._numbers))
