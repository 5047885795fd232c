"""Plain data → the YAML of a definition, in the one form that reading it back gives the same data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

# What every reader of YAML takes for text; anything else is quoted.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def definition_text(value: Mapping[str, Any], *, schema: str) -> str:
    """The text of a definition file.

    Args:
        value: mappings, lists, text, integers, decimals and booleans; money as text.
        schema: where editors find its schema, relative to the file.
    """
    lines = [f"# yaml-language-server: $schema={schema}", *_mapping(value, 0)]
    return "\n".join(lines) + "\n"


def _mapping(value: Mapping[str, Any], depth: int) -> Iterator[str]:
    for name, member in value.items():
        yield from _member(f"{'  ' * depth}{name}:", member, depth)


def _member(head: str, member: Any, depth: int) -> Iterator[str]:
    if isinstance(member, Mapping) and member:
        yield head
        yield from _mapping(member, depth + 1)
    elif isinstance(member, list | tuple) and member:
        yield head
        yield from _sequence(member, depth + 1)
    else:
        yield f"{head} {_scalar(member)}"


def _sequence(items: Sequence[Any], depth: int) -> Iterator[str]:
    for item in items:
        if isinstance(item, Mapping) and item:
            first, *rest = _mapping(item, depth + 1)
            yield f"{'  ' * depth}- {first.lstrip()}"
            yield from rest
        else:
            yield from _member(f"{'  ' * depth}-", item, depth)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return value if _is_plain(value) else _quoted(value)
    return "{}" if isinstance(value, Mapping) else "[]"


def _is_plain(text: str) -> bool:
    return bool(_DATE.fullmatch(text) or (_PLAIN.fullmatch(text) and text.lower() not in _RESERVED))


def _quoted(text: str) -> str:
    return '"' + "".join(map(_character, text)) + '"'


def _character(one: str) -> str:
    if one in _ESCAPES:
        return _ESCAPES[one]
    if one.isprintable():
        return one
    return f"\\u{ord(one):04x}" if ord(one) < 0x10000 else f"\\U{ord(one):08x}"
