"""JSON as plain Python values: types, pointers (RFC 6901), and one canonical way to write them."""

from __future__ import annotations

import json
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


def _layout(value: Json, *, indent: str, used: int) -> str:
    """Text of ``value`` when ``used`` characters of its first line are taken."""
    line = _one_line(value, _WIDTH - len(indent) - used)
    if line is not None:
        return line
    inner = indent + _INDENT
    if isinstance(value, dict):
        opening, closing, parts = "{", "}", []
        for key, item in value.items():
            name = json.dumps(key) + ": "
            parts.append(name + _layout(item, indent=inner, used=len(name) + 1))
    else:
        opening, closing, parts = "[", "]", [_layout(item, indent=inner, used=1) for item in value]
    body = f",\n{inner}".join(parts)
    return f"{opening}\n{inner}{body}\n{indent}{closing}"


def _one_line(value: Json, room: int) -> str | None:
    """Text of ``value`` on one line, or None when it needs more than ``room``. Scalars always fit."""
    if not isinstance(value, dict | list | tuple) or not value:
        return json.dumps(value, allow_nan=False)
    parts: list[str] = []
    room -= 2
    for item in value:
        text = f"{json.dumps(item)}: " if isinstance(value, dict) else ""
        nested = _one_line(value[item] if isinstance(value, dict) else item, room - len(text))
        if nested is None:
            return None
        parts.append(text + nested)
        room -= len(parts[-1]) + 2
        if room < -2:
            return None
    joined = ", ".join(parts)
    return f"{{{joined}}}" if isinstance(value, dict) else f"[{joined}]"
