"""The plain style of YAML in which nearly every definition is written, read line by line.

Keys with values on their own lines, nested by indentation, lists of them, and ``{a: 1}`` on one line: for
such a file loading a YAML library takes longer than everything else. Anything beyond that, and everything
that is wrong or doubtful, is declined and read by the library, whose answer is the one that counts: tests
hold the two to the same values and the same marks.
"""

from __future__ import annotations

import re
from typing import Any

from pennyform.invoices.yaml.document import Document, Mark, Path
from pennyform.invoices.yaml.scalars import Ambiguous, resolve

_MOST_LINES = 5_000
_DEEPEST = 10

_LINE = re.compile(r"( *)(- +)?(?:([A-Za-z_][A-Za-z0-9_]{0,99}):(?: +|$))?(.*)")
_QUOTED = re.compile(r"""(?:"([^"\\]*)"|'([^']*)')(?: +#.*| *)$""")
_BRACES = re.compile(r"\{ *([^{}\[\]#]*?) *\}(?: +#.*| *)$")
_PAIR = re.compile(r"""([A-Za-z_][A-Za-z0-9_]*): +(?:"([^"\\]*)"|([A-Za-z0-9][A-Za-z0-9_.@/+-]*))(?:, *|$)""")


class _DeclinedError(Exception):
    """The text is not in plain style, or not sound: the library shall say which."""


class _Entry:
    """One key or list item: where it begins, and the text of its value. A dash is an entry of its own."""

    __slots__ = ("at", "column", "key", "line", "text")

    def __init__(self, line: int, column: int, key: str | None, text: str, at: int) -> None:
        self.line = line
        self.column = column
        self.key = key
        self.text = text
        self.at = at

    @property
    def is_dash(self) -> bool:
        return self.key == "-"


def read_plain(text: str, name: str) -> Document | None:
    """What ``text`` says when it is in plain style and sound, else None.

    Args:
        text: the text of a file, known to hold no forbidden characters.
        name: how findings call the file.
    """
    if "\t" in text or "\r" in text or text.count("\n") > _MOST_LINES:
        return None
    try:
        return _Reader(text, name).document()
    except _DeclinedError:
        return None


class _Reader:
    """Reads the entries of one text, each once."""

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._entries = [
            entry for number, line in enumerate(text.split("\n"), 1) for entry in _entries(number, line)
        ]
        self._next = 0
        self._marks: dict[Path, Mark] = {}

    def document(self) -> Document:
        if not self._entries or self._entries[0].is_dash:
            raise _DeclinedError
        value = self._mapping((), None)
        if self._next < len(self._entries):
            raise _DeclinedError
        return Document(self._name, value, self._marks)

    def _mark(self, path: Path, line: int, column: int, key: _Entry | None) -> None:
        key_line, key_column = (key.line, key.column) if key else (line, column)
        self._marks[path] = Mark(self._name, line, column, key_line, key_column)

    def _peek(self) -> _Entry | None:
        return self._entries[self._next] if self._next < len(self._entries) else None

    def _mapping(self, path: Path, key: _Entry | None) -> dict[str, Any]:
        first = self._entries[self._next]
        self._mark(path, first.line, first.column, key)
        members: dict[str, Any] = {}
        while (entry := self._peek()) and entry.column == first.column and not entry.is_dash:
            if entry.key is None or entry.key in members or len(path) > _DEEPEST:
                raise _DeclinedError
            self._next += 1
            members[entry.key] = self._value(entry, (*path, entry.key))
        return members

    def _value(self, entry: _Entry, path: Path) -> Any:
        if entry.text:
            return self._scalar_or_braces(entry, path, entry)
        inner = self._peek()
        if inner and inner.is_dash and inner.column >= entry.column:
            return self._sequence(path, entry)
        if inner and inner.key and inner.column > entry.column:
            return self._mapping(path, entry)
        raise _DeclinedError

    def _sequence(self, path: Path, key: _Entry) -> list[Any]:
        first = self._entries[self._next]
        self._mark(path, first.line, first.column, key)
        items: list[Any] = []
        while (dash := self._peek()) and dash.is_dash and dash.column == first.column:
            self._next += 1
            item = self._peek()
            if item is None or item.line != dash.line:
                raise _DeclinedError
            at = (*path, len(items))
            if item.key is None:
                self._next += 1
                items.append(self._scalar_or_braces(item, at, None))
            else:
                items.append(self._mapping(at, None))
        return items

    def _scalar_or_braces(self, entry: _Entry, path: Path, key: _Entry | None) -> Any:
        self._mark(path, entry.line, entry.at, key)
        if entry.text[0] == "{":
            return self._braces(entry, path)
        return _scalar(entry.text)

    def _braces(self, entry: _Entry, path: Path) -> dict[str, Any]:
        whole = _BRACES.match(entry.text)
        if not whole or not whole.group(1) or whole.group(1).endswith(","):
            raise _DeclinedError
        members: dict[str, Any] = {}
        at, end = whole.span(1)
        while at < end:
            pair = _PAIR.match(entry.text, at, end)
            if not pair or pair.group(1) in members:
                raise _DeclinedError
            name, quoted, plain = pair.groups()
            members[name] = _resolved(plain) if quoted is None else quoted
            column = entry.at + (pair.start(3) if quoted is None else pair.start(2) - 1)
            place = (entry.line, column, entry.line, entry.at + pair.start(1))
            self._marks[(*path, name)] = Mark(self._name, *place)
            at = pair.end()
        return members


def _entries(number: int, line: str) -> list[_Entry]:
    """The entries that begin on one line: none, a key, a dash, or a dash and what stands behind it."""
    stripped = line.lstrip(" ")
    if not stripped or stripped[0] == "#":
        return []
    found = _LINE.match(line)
    assert found, "every part of the pattern may be empty"
    indentation, dash, key, text = found.groups()
    if text.startswith("#") or not text.strip():
        text = ""
    if not dash and key is None:
        raise _DeclinedError
    column = len(indentation) + len(dash or "")
    entry = _Entry(number, column + 1, key, text, found.start(4) + 1)
    if not dash:
        return [entry]
    if key is None and not text:
        raise _DeclinedError
    return [_Entry(number, len(indentation) + 1, "-", "", 0), entry]


def _scalar(text: str) -> Any:
    if text[0] in "\"'":
        quoted = _QUOTED.match(text)
        if not quoted:
            raise _DeclinedError
        double, single = quoted.groups()
        return single if double is None else double
    return _resolved(_without_comment(text))


def _without_comment(text: str) -> str:
    """The plain scalar at the start of ``text``."""
    end = text.find(" #")
    plain = (text if end < 0 else text[:end]).rstrip(" ")
    is_usual = plain[0].isalnum() or (plain[0] == "-" and plain[1:2].isdigit())
    if not is_usual or ": " in plain or plain.endswith(":"):
        raise _DeclinedError
    return plain


def _resolved(plain: str) -> Any:
    value = resolve(plain)
    if isinstance(value, Ambiguous):
        raise _DeclinedError
    return value
