"""JSONPath (RFC 9535), as far as overlays need it, and quick on documents of many thousand objects.

Read are names, indices, wildcards, unions of them, ``..``, and filters that compare (``==``, ``!=``) or test
for existence, joined by ``&&`` and ``||``. Slices, functions and parentheses are refused, never ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Place = tuple[str | int, ...]
"""The keys and indices that lead from the document to a value."""

_Node = tuple[Place, Any]
_Selector = Callable[[Any], Iterable[tuple[str | int, Any]]]
_Test = Callable[[Any], bool]
_ABSENT = object()

_NAME = re.compile(r"[^\W\d]\w*")
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_INTEGER = re.compile(r"-?(?:0|[1-9]\d*)")
_WORD = re.compile(r"true|false|null")
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class _Segment:
    """One step: ``deep`` looks at all descendants, ``selectors`` choose among the children."""

    deep: bool
    selectors: tuple[_Selector, ...]


def select(path: str, document: Any) -> list[Place]:
    """Every place that a path leads to, each once, outer ones before inner ones, items in their order.

    Args:
        path: such as ``$.paths..parameters[?@.in == 'path'].schema``.
        document: what it is looked for in; not changed.

    Raises:
        ValueError: the path is not one, or uses what is not read here; says where.
    """
    nodes: list[_Node] = [((), document)]
    for segment in _Reader(path).segments():
        outer = [inner for node in nodes for inner in _descendants(node)] if segment.deep else nodes
        nodes = [
            ((*place, key), child)
            for place, value in outer
            for selector in segment.selectors
            for key, child in selector(value)
        ]
    return list(dict.fromkeys(place for place, _ in nodes))


def _descendants(start: _Node) -> Iterator[_Node]:
    """The value and all objects and arrays in it, in the document's order."""
    waiting = [start]
    while waiting:
        place, value = waiting.pop()
        yield place, value
        inner = [((*place, key), child) for key, child in _children(value) if isinstance(child, dict | list)]
        waiting.extend(reversed(inner))


def _children(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _named(names: Iterable[str]) -> _Selector:
    """One selector for all names of a union: it is asked for every object of a document."""
    wanted = frozenset(names)
    return lambda value: (
        [(name, value[name]) for name in value if name in wanted] if isinstance(value, dict) else ()
    )


def _numbered(indices: Iterable[int]) -> _Selector:
    """One selector for all indices of a union; negative ones count from the end."""
    wanted = frozenset(indices)
    return lambda value: (
        [(at, item) for at, item in enumerate(value) if at in wanted or at - len(value) in wanted]
        if isinstance(value, list)
        else ()
    )


def _filtered(test: _Test) -> _Selector:
    return lambda value: [(key, child) for key, child in _children(value) if test(child)]


def _any(tests: list[_Test]) -> _Test:
    return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)


def _all(tests: list[_Test]) -> _Test:
    return tests[0] if len(tests) == 1 else lambda value: all(test(value) for test in tests)


class _Reader:
    """Reads one path from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def segments(self) -> Iterator[_Segment]:
        if not self._skip("$"):
            raise self._unexpected("a path begins with '$'")
        while self._at < len(self._text):
            deep = self._skip("..")
            if self._skip("["):
                yield _Segment(deep, tuple(self._union()))
            elif deep or self._skip("."):
                yield _Segment(deep, (self._shorthand(),))
            else:
                raise self._unexpected("'.', '..' or '[' expected")

    def _shorthand(self) -> _Selector:
        if self._skip("*"):
            return _children
        name = self._take(_NAME)
        if name is None:
            raise self._unexpected("a name or '*' expected")
        return _named([name])

    def _union(self) -> Iterator[_Selector]:
        """What stands in brackets. Names and indices are chosen in the document's order, not in theirs."""
        names: list[str] = []
        indices: list[int] = []
        closed = False
        while not closed:
            self._take(_SPACE)
            name = self._string()
            index = self._take(_INTEGER) if name is None else None
            if name is not None:
                names.append(name)
            elif index is not None:
                indices.append(int(index))
            else:
                yield self._other()
            self._take(_SPACE)
            closed = self._skip("]")
            if not closed and not self._skip(","):
                raise self._unexpected("',' or ']' expected")
        if names:
            yield _named(names)
        if indices:
            yield _numbered(indices)

    def _other(self) -> _Selector:
        if self._skip("*"):
            return _children
        if self._skip("?"):
            return _filtered(self._either())
        raise self._unexpected("a quoted name, an index, '*' or '?' expected")

    def _either(self) -> _Test:
        tests = [self._each()]
        while self._skip("||"):
            tests.append(self._each())
        return _any(tests)

    def _each(self) -> _Test:
        tests = [self._test()]
        while self._skip("&&"):
            tests.append(self._test())
        return _all(tests)

    def _test(self) -> _Test:
        """``@.a.b``, alone or compared with a literal, spaces around it included."""
        self._take(_SPACE)
        steps = self._relative()
        self._take(_SPACE)
        operator = next((sign for sign in ("==", "!=") if self._skip(sign)), "")
        if not operator:
            return lambda value: _reached(value, steps) is not _ABSENT
        self._take(_SPACE)
        literal = self._literal()
        self._take(_SPACE)
        return lambda value: _same(_reached(value, steps), literal) is (operator == "==")

    def _relative(self) -> tuple[str, ...]:
        if not self._skip("@"):
            raise self._unexpected("'@' expected")
        steps: list[str] = []
        while self._skip("."):
            name = self._take(_NAME)
            if name is None:
                raise self._unexpected("a name expected")
            steps.append(name)
        return tuple(steps)

    def _literal(self) -> Any:
        text = self._string()
        if text is not None:
            return text
        for pattern in (_INTEGER, _WORD):
            found = self._take(pattern)
            if found is not None:
                return json.loads(found)
        raise self._unexpected("a string, a whole number, true, false or null expected")

    def _string(self) -> str | None:
        quoted = self._take(_STRING)
        if quoted is None:
            return None
        # The same text as a JSON string: only the quotes around it and within it differ.
        inner = re.sub(r'\\(.)|"', lambda match: _as_json(match[0]), quoted[1:-1])
        try:
            return str(json.loads(f'"{inner}"'))
        except ValueError:
            raise self._unexpected("a string with an escape that JSON does not know") from None

    def _skip(self, text: str) -> bool:
        found = self._text.startswith(text, self._at)
        self._at += len(text) * found
        return found

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self._text, self._at)
        if match is None:
            return None
        self._at = match.end()
        return match.group()

    def _unexpected(self, expected: str) -> ValueError:
        return ValueError(f"{expected}, at character {self._at + 1}")


def _as_json(piece: str) -> str:
    return {"\\'": "'", '"': '\\"'}.get(piece, piece)


def _reached(value: Any, steps: Iterable[str]) -> Any:
    for step in steps:
        if not isinstance(value, dict) or step not in value:
            return _ABSENT
        value = value[step]
    return value


def _same(one: Any, other: Any) -> bool:
    """JSON's equality: true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
