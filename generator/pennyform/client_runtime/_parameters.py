# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""Parameters as OpenAPI's styles write them (OpenAPI 3.1.1, 4.8.12; RFC 6570): pure text, driven by data.

A style is a word of OpenAPI, with ``*`` behind it for ``explode`` and ``+`` before it for
``allowReserved``; ``json`` is a parameter whose content is JSON. Without one, a value is plain text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, cast
from urllib.parse import quote

import msgspec

from ._codec import contents, encode, is_list, is_mapping, prepared

Values = Mapping[str, Any]
Styles = Mapping[str, str]
NOTHING: Values = {}
NO_STYLES: Styles = {}

_DELIMITERS = {"spaceDelimited": "%20", "pipeDelimited": "%7C"}
# What keeps its meaning in a query even where a contract allows reserved characters: no "&", "#", "+" or "=".
_RESERVED = ":/?[]@!$'()*,;"


def path(template: str, values: Values, styles: Styles = NO_STYLES) -> str:
    """A path with its parameters in place.

    Raises:
        ValueError: a value is empty, or would lead to another place.
    """
    for name, value in values.items():
        segment = _segment(name, value, styles.get(name, "simple"))
        if segment in {"", ".", ".."}:
            raise ValueError(f"{name} must not be {segment!r}: it would address something else")
        template = template.replace("{" + name + "}", segment)
    if styles and any(part in {".", ".."} for part in template.split("/")):
        raise ValueError(f"{template!r} would address something else")
    return template


def query(values: Values, styles: Styles = NO_STYLES) -> str:
    """The query of a URL with its question mark, or ""; a value of None is not sent."""
    pairs = [pair for name, value in values.items() for pair in _pairs(name, value, styles.get(name, ""))]
    return "?" + "&".join(f"{name}={text}" for name, text in pairs) if pairs else ""


def form(values: Values, styles: Styles = NO_STYLES) -> bytes:
    """The body of an HTML form; lists are repeated fields."""
    return query(values, {name: styles.get(name, "form*") for name in values})[1:].encode()


def headers(values: Values, styles: Styles = NO_STYLES) -> dict[str, str]:
    """Headers; they are not escaped.

    Raises:
        ValueError: a value has a character that no header has.
    """
    present = {name: value for name, value in values.items() if value is not None}
    texts = {name: _joined(value, styles.get(name, "simple"), str, "=") for name, value in present.items()}
    for name, text in texts.items():
        if not text.isascii() or not text.isprintable():
            raise ValueError(f"{name} has a character that no header has")
    return texts


def cookies(values: Values, styles: Styles = NO_STYLES) -> str:
    """The header ``cookie``, or ""."""
    pairs = (pair for name, value in values.items() for pair in _pairs(name, value, styles.get(name, "")))
    return "; ".join(f"{name}={text}" for name, text in pairs)


def _segment(name: str, value: Any, style: str) -> str:
    kind, explode = style.strip("+*"), style.endswith("*")
    if kind not in {"label", "matrix"}:
        return _joined(value, style, _escaped, "=")
    start, several = (".", "") if kind == "label" else (";", f"{name}=")
    parts = _parts(value)
    if parts is None:
        return f"{start}{several}{_escaped(_text(value))}"
    if not explode:
        return f"{start}{several}{_joined(value, 'simple', _escaped, ',')}"
    return "".join(
        f"{start}{several if key is None else f'{_escaped(key)}='}{_escaped(_text(part))}"
        for key, part in parts
    )


def _joined(value: Any, style: str, escape: Callable[[str], str], equals: str) -> str:
    """A value in the style ``simple``: what it holds, with commas between."""
    if style == "json":
        return escape(_json(value))
    parts = _parts(value)
    if parts is None:
        return escape(_text(value))
    equals = equals if style.endswith("*") else ","
    return ",".join(
        escape(_text(part)) if key is None else f"{escape(key)}{equals}{escape(_text(part))}"
        for key, part in parts
    )


def _pairs(name: str, value: Any, style: str) -> Iterator[tuple[str, str]]:
    """The names and values that one parameter of a query becomes, both escaped."""
    if value is None:
        return
    kind, explode = style.strip("+*"), style.endswith("*")

    def escape(text: str) -> str:
        return quote(text, safe=_RESERVED if style.startswith("+") else "")

    if kind == "json":
        yield _escaped(name), escape(_json(value))
        return
    parts = _parts(value) if kind else None
    if parts is None:
        yield _escaped(name), escape(_text(value))
    elif kind == "deepObject":
        yield from _nested(name, value, escape)
    elif explode:
        for key, part in parts:
            yield _escaped(name if key is None else key), escape(_text(part))
    elif parts:
        flat = [text for key, part in parts for text in (() if key is None else (key,)) + (_text(part),)]
        yield _escaped(name), _DELIMITERS.get(kind, ",").join(map(escape, flat))


def _nested(name: str, value: Any, escape: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    parts = _parts(value)
    if parts is None:
        yield _escaped(name), escape(_text(value))
    else:
        for key, part in parts:
            yield from _nested(name if key is None else f"{name}[{key}]", part, escape)


def _parts(value: Any) -> list[tuple[str | None, Any]] | None:
    """What a list or an object holds, null and unset left out; None for a scalar."""
    if isinstance(value, msgspec.Struct):
        value = contents(value)
    if is_mapping(value):
        items = value.items()
        return [(str(key), part) for key, part in items if part is not None and part is not msgspec.UNSET]
    if is_list(value) or isinstance(value, tuple):
        return [(None, part) for part in cast("list[Any]", value) if part is not None]
    return None


def _text(value: Any) -> str:
    """A value as plain text; what no text stands for is JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} is no number that can be sent")
        return format(value, "f")
    if isinstance(value, date):
        return encode(value).decode().strip('"')
    if isinstance(value, float):
        raise TypeError("a float: give a Decimal or a str, floats lose cents")
    return encode(value).decode()


def _json(value: Any) -> str:
    return encode(prepared("the parameter", value, "free")).decode()


def _escaped(text: str) -> str:
    return quote(text, safe="")
