"""Text that may become Python source, told apart from text that may not.

The contract is somebody else's. Its text reaches emitted code only as a name (openapi-python-client's
``PythonIdentifier`` and ``ClassName``), as a literal, or as wrapped and escaped prose in a docstring. All
three are :class:`Code`, and a template that prints anything else fails (:func:`only_code`).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from pennyform.codegen.client.name_rules import ClassName, PythonIdentifier

WIDTH = 110


class Code(str):
    """Python source that this package wrote itself or made harmless."""

    __slots__ = ()


class UnsafeTextError(TypeError):
    """A template printed text that did not come through this module."""


def only_code(value: object) -> object:
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


def join_code(parts: Iterable[Code | str], separator: str = ", ") -> Code:
    """Code from pieces of code; every piece must be :class:`Code` or a checked name."""
    return Code(separator.join(str(only_code(part)) for part in parts))


def fill(parts: Iterable[Code], *, indent: int) -> Code:
    """Comma-separated code, as many pieces to a line as fit, never broken inside a piece.

    Formatters give each piece a line of its own, which would make lists of names and values a tenth of the
    client. Where this stands, ``# fmt: skip`` keeps them away.
    """
    margin = " " * indent
    lines = [margin]
    for part in parts:
        piece = f"{only_code(part)},"
        if lines[-1] != margin and len(lines[-1]) + 1 + len(piece) > WIDTH:
            lines.append(margin)
        lines[-1] += piece if lines[-1] == margin else f" {piece}"
    return Code("\n".join(lines))


def docstring(paragraphs: Iterable[str], *, indent: int) -> Code:
    """A docstring, quotes included, wrapped to the line length: formatters leave prose as it is.

    Args:
        paragraphs: plain prose, from wherever; the first one is the summary line.
        indent: how many spaces stand before it; the first line is not indented, as the template does that.
    """
    margin = " " * indent
    texts = [text for text in paragraphs if text.strip()]
    wrapped = [_wrap(text, WIDTH - indent) for text in texts]
    if len(wrapped) == 1 and len(wrapped[0]) == 1:
        if len(wrapped[0][0]) + indent + 6 <= WIDTH:
            return Code(f'"""{wrapped[0][0]}"""')
        # A single line that the closing quotes would not fit behind: formatters want two lines then.
        wrapped = [_wrap(text, WIDTH - indent - 3) for text in texts]
    lines = [line for block in wrapped for line in ["", *block]][1:]
    body = "\n".join(f"{margin}{line}".rstrip() for line in lines)
    return Code(f'"""{body.strip()}\n{margin}"""')


def _wrap(text: str, width: int) -> list[str]:
    words = " ".join(text.split())
    # The first line shares its line with the three quotes; the indentation makes up for it on the others.
    lines = [words]
    if len(words) > width - 3:
        lines = textwrap.wrap(words, width - 3, break_long_words=False, break_on_hyphens=False)
    # No line of prose may end the docstring or start an escape sequence.
    return [
        line.replace("\\", "\\\\").replace('"', '\\"')
        if "\\" in line or '"""' in line or line.endswith('"') or line.startswith('"')
        else line
        for line in lines
    ]
