"""Text that may become Python source, told apart from text that may not.

The contract is somebody else's. Its text reaches emitted code only as a name (openapi-python-client's
``PythonIdentifier`` and ``ClassName``), as a literal, or as wrapped and escaped prose in a docstring. All
three are :class:`Code`, and a template that prints anything else fails (:func:`only_code`).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

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
    raise UnsafeTextError(f"a template printed a {type(value).__name__}, which nothing has made safe")


def literal(value: object) -> Code:
    """A Python literal of a JSON scalar: double-quoted where it needs no escape, else as ``repr`` has it.

    Raises:
        UnsafeTextError: the value is not a scalar.
    """
    if not isinstance(value, str | int | None):
        raise UnsafeTextError(f"a {type(value).__name__} cannot be written as a literal")
    if isinstance(value, str) and repr(value) == f"'{value}'" and '"' not in value:
        return Code(f'"{value}"')
    return Code(repr(value))


def joined(parts: Iterable[Code | str], separator: str) -> Code:
    """Code from pieces of code; every piece must be :class:`Code` or a checked name."""
    return Code(separator.join(only_code(part) for part in parts))


def filled(parts: Iterable[Code], *, indent: int) -> Code:
    """Comma-separated code, as many pieces to a line as fit, each line indented and ended with a comma.

    Formatters would give every piece a line of its own; the template says ``# fmt: skip`` where this stands.
    """
    lines, line = [], ""
    for part in parts:
        only_code(part)
        if line and indent + len(line) + len(part) + 3 > WIDTH:
            lines.append(line)
            line = ""
        line += f", {part}" if line else part
    return Code("".join(f"{' ' * indent}{each},\n" for each in [*lines, line] if each))


@dataclass(frozen=True)
class Brackets:
    """Something in brackets: what comes before and with the opening one, the pieces, the closing one."""

    start: str
    parts: Sequence[Code | Brackets]
    end: str

    @property
    def flat(self) -> Code:
        """All of it on one line."""
        return Code(f"{self.start}{joined(map(_flat, self.parts), ', ')}{self.end}")

    @property
    def _is_call(self) -> bool:
        # Only arguments may share an inner line; a dict's items and imported names each get their own.
        return self.start.endswith("(") and not self.start.startswith("from ")

    def laid_out(self, indent: int = 0) -> Code:
        """On one line, on one inner line, or a line per piece, the way formatters write it.

        The first line is not indented, as a template does that.
        """
        if indent + len(self.flat) <= WIDTH:
            return self.flat
        margin = " " * indent
        inner = f"{margin}    {joined(map(_flat, self.parts), ', ')}"
        if len(inner) > WIDTH or not self._is_call:
            lines = (f"{margin}    {_laid_out(part, indent + 4)}," for part in self.parts)
            inner = "\n".join(lines)
        return Code(f"{self.start}\n{inner}\n{margin}{self.end}")


def _flat(part: Code | Brackets) -> Code:
    return part.flat if isinstance(part, Brackets) else part


def _laid_out(part: Code | Brackets, indent: int) -> Code:
    return part.laid_out(indent) if isinstance(part, Brackets) else part


def union(start: str, annotation: Code, end: str, *, indent: int = 0) -> Code:
    """A statement with a union in it, in parentheses where it would be too long."""
    line = f"{start}{annotation}{end}"
    if indent + len(line) <= WIDTH:
        return Code(line)
    margin = " " * indent
    inner = f"{margin}    {annotation}"
    if len(inner) > WIDTH:
        inner = inner.replace(" | ", f"\n{margin}    | ")
    return Code(f"{start}(\n{inner}\n{margin}){end}")


def docstring(paragraphs: Iterable[str], *, indent: int) -> Code:
    """A docstring, quotes included, wrapped to the line length.

    Args:
        paragraphs: plain prose, from wherever; the first one is the summary line.
        indent: how many spaces stand before it; the first line is not indented, as the template does that.
    """
    margin = " " * indent
    kept = [text for text in paragraphs if text.strip()]
    wrapped = [_wrapped(text, WIDTH - indent) for text in kept]
    if len(wrapped) == 1 and len(wrapped[0]) == 1 and len(wrapped[0][0]) + indent + 6 <= WIDTH:
        return Code(f'"""{wrapped[0][0]}"""')
    if len(wrapped) == 1 and len(wrapped[0]) == 1:
        # Alone on its line, and the closing quotes would not fit behind it: formatters want two lines then.
        wrapped = [_wrapped(text, WIDTH - indent - 3) for text in kept]
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
