"""JSON as its standard has it: no duplicate keys, no NaN, bounded depth, and every fault with its place."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from pennyform.findings import Failure, Finding, Severity, tidy

MAXIMUM_DEPTH = 128
MAXIMUM_DIGITS = 40


class _DuplicateKeyError(ValueError):
    """The quick reader saw a key twice; the exact reader will say where."""


def parse(content: bytes, *, file: str) -> Any:
    """Read one JSON document.

    Args:
        content: UTF-8 text.
        file: the name to report findings under.

    Returns:
        The value; numbers with a fraction are floats, contracts carry no money.

    Raises:
        Failure: not UTF-8, not JSON, nested deeper than ``MAXIMUM_DEPTH``, with a number that has more than
            ``MAXIMUM_DIGITS`` or is infinite as a float, or with duplicate keys, each of which is a finding
            with line and column.
    """
    text = _decode(content, file)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_int=_whole,
            parse_float=_fraction,
        )
    except _DuplicateKeyError:
        raise Failure(tidy(_duplicates(text, file))) from None
    except (json.JSONDecodeError, RecursionError) as problem:
        # How deep the library follows differs with the interpreter: what stands before its error is counted.
        if _opens_deeper_than(text, MAXIMUM_DEPTH, getattr(problem, "pos", len(text))):
            raise Failure([_too_deep(file)]) from None
        if isinstance(problem, RecursionError):
            raise
        raise Failure([_syntax(problem, file)]) from None
    except ValueError as problem:
        raise Failure([_error("json-syntax", str(problem), file)]) from None
    if _deeper_than(value, MAXIMUM_DEPTH):
        raise Failure([_too_deep(file)])
    return value


def _decode(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        column = problem.start - content.rfind(b"\n", 0, problem.start)
        raise Failure([_error("not-utf-8", "the text is not UTF-8", file, line, column)]) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise _DuplicateKeyError
    return unique


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _whole(text: str) -> int:
    if len(text) > MAXIMUM_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _fraction(text: str) -> float:
    number = float(text)
    if len(text) > MAXIMUM_DIGITS or math.isinf(number):
        raise ValueError(f"the number {text[:20]}… is beyond what programs agree on")
    return number


def _deeper_than(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return True


def _children(value: Any) -> list[Any]:
    items: Any = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, dict | list)]


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]')


def _opens_deeper_than(text: str, limit: int, end: int) -> bool:
    """Whether brackets nest deeper than ``limit`` in the first ``end`` characters, which are sound."""
    depth = 0
    for token in _TOKEN.finditer(text, 0, end):
        mark = token.group()
        depth += (mark in "{[") - (mark in "}]")
        if depth > limit:
            return True
    return False


@dataclass
class _Open:
    """An object or array that the scan is inside of."""

    is_object: bool
    key_next: bool
    seen: set[str]


def _duplicates(text: str, file: str) -> Iterator[Finding]:
    """Every repeated key of a text that is otherwise valid JSON."""
    opened: list[_Open] = []
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark in "{[":
            opened.append(_Open(mark == "{", mark == "{", set()))
        elif mark in "}]":
            opened.pop()
        elif mark == "," and opened[-1].is_object:
            opened[-1].key_next = True
        elif mark[0] == '"' and opened and opened[-1].key_next:
            opened[-1].key_next = False
            key = json.loads(mark)
            if key in opened[-1].seen:
                yield _duplicate(text, token.start(), key, file)
            opened[-1].seen.add(key)


def _duplicate(text: str, offset: int, key: str, file: str) -> Finding:
    line = text.count("\n", 0, offset) + 1
    column = offset - text.rfind("\n", 0, offset)
    return _error("duplicate-key", f"the key {key!r} stands twice in one object", file, line, column)


def _syntax(problem: json.JSONDecodeError, file: str) -> Finding:
    return _error("json-syntax", f"not JSON: {problem.msg}", file, problem.lineno, problem.colno)


def _too_deep(file: str) -> Finding:
    return _error("json-depth", f"nested deeper than {MAXIMUM_DEPTH} levels", file)


def _error(rule: str, summary: str, file: str, line: int = 0, column: int = 0) -> Finding:
    fixes = {
        "duplicate-key": "Readers disagree on which of the two counts: remove one.",
        "json-depth": "No real contract is nested that deeply: check where this document comes from.",
    }
    fix = fixes.get(rule, "A contract is one JSON document in UTF-8: check what was downloaded.")
    return Finding(rule, Severity.ERROR, summary, file=file, line=line, column=column, fix=fix)
