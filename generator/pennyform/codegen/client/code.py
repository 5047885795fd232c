"""Text that may become Python source, told apart from text that may not.

The contract is somebody else's. Its text reaches emitted code only as a name (openapi-python-client's
``PythonIdentifier`` and ``ClassName``), as a literal, or as wrapped and escaped prose in a docstring. All
three are :class:`Code`, and a template that prints anything else fails (:func:`only_code`).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any, NoReturn

from openapi_python_client.strings import ClassName, PythonIdentifier

WIDTH = 110


class Code(str):
    """Python source that this package wrote itself or made harmless."""

    __slots__ = ()


class UnsafeTextError(TypeError):
    """A template printed text that did not come through this module."""


def only_code(value: Any) -> Any:
    """What Jinja calls on everything that a template prints.

    Raises:
        UnsafeTextError: the value is contract text, or any other text that nothing vouches for.
    """
    if isinstance(value, Code | PythonIdentifier | ClassName) or type(value) is int:
        return value
    _refuse(value)


def _refuse(value: object) -> NoReturn:
    raise UnsafeTextError(f"a template printed a {type(value).__name__}, which nothing has made safe")


def literal(value: str | int | bool | None) -> Code:
    """A Python literal: double-quoted where nothing in the text needs an escape, else as ``repr`` has it."""
    if isinstance(value, str) and repr(value) == f"'{value}'" and '"' not in value:
        return Code(f'"{value}"')
    return Code(repr(value))


def joined(parts: Iterable[Code | str], separator: str) -> Code:
    """Code from pieces of code; every piece must be :class:`Code` or a checked name."""
    return Code(separator.join(only_code(part) for part in parts))


def filled(parts: Iterable[Code], *, indent: int) -> Code:
    """Comma-separated code, as many pieces to a line as fit, each line indented and ended with a comma."""
    lines, line = [], ""
    for part in parts:
        only_code(part)
        if line and indent + len(line) + len(part) + 3 > WIDTH:
            lines.append(line)
            line = ""
        line += f", {part}" if line else part
    return Code("".join(f"{' ' * indent}{each},\n" for each in [*lines, line] if each))


def docstring(paragraphs: Iterable[str], *, indent: int) -> Code:
    """A docstring, quotes included, wrapped to the line length.

    Args:
        paragraphs: plain prose, from wherever; the first one is the summary line.
        indent: how many spaces stand before it; the first line is not indented, as the template does that.
    """
    margin = " " * indent
    wrapped = [_wrapped(text, WIDTH - indent) for text in paragraphs if text.strip()]
    if len(wrapped) == 1 and len(wrapped[0]) == 1 and len(wrapped[0][0]) + indent + 6 <= WIDTH:
        return Code(f'"""{wrapped[0][0]}"""')
    lines = [line for block in wrapped for line in ["", *block]][1:]
    body = "\n".join(f"{margin}{line}".rstrip() for line in lines)
    return Code(f'"""{body.strip()}\n{margin}"""')


def _wrapped(text: str, width: int) -> list[str]:
    words = " ".join(text.split())
    # The first line shares its line with the three quotes; the indentation makes up for it on the others.
    lines = textwrap.wrap(words, width - 3, break_long_words=False, break_on_hyphens=False)
    return [_escaped(line) for line in lines]


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace('"', '\\"') if _needs_escape(line) else line


def _needs_escape(line: str) -> bool:
    return "\\" in line or '"""' in line or line.endswith('"') or line.startswith('"')
