"""JSON as its standard has it: no duplicate keys, no NaN, bounded depth, and every fault with its place."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NoReturn

from pennyform.findings import MOST_FINDINGS, Failure, Finding, Severity, tidy

# What is read comes from elsewhere: each bound is a multiple of what real documents need.
MAXIMUM_DEPTH = 128
"""Levels of objects and arrays in one JSON document."""
MAXIMUM_DIGITS = 40
"""Characters of one number: reading a longer one takes time that grows with the square of its length."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]')
_FIXES = {
    "duplicate-key": "Readers disagree on which of the two counts: remove one.",
    "json-depth": "No real contract is nested that deeply: check where this document comes from.",
}


class _DuplicateKeyError(ValueError):
    """The standard library's reader found a key twice; :func:`_duplicate_keys` will say where."""


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
    try:
        # RFC 8259 lets a reader ignore a byte order mark, which some editors write.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise Failure([_finding("not-utf-8", "the text is not UTF-8", file, line, column)]) from None
    too_deep = _finding("json-depth", f"nested deeper than {MAXIMUM_DEPTH} levels", file)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_reject_constant,
            parse_int=_integer,
            parse_float=_fraction,
        )
    except _DuplicateKeyError:
        # The quick reader knows no places: only a text with a fault is scanned once more.
        # One more than are reported: there is no need to count the others.
        raise Failure(tidy(islice(_duplicate_keys(text, file), MOST_FINDINGS + 1))) from None
    except (json.JSONDecodeError, RecursionError) as error:
        # How deep the library follows differs with the interpreter: what stands before its error is counted.
        if _opens_deeper_than(text, MAXIMUM_DEPTH, getattr(error, "pos", len(text))):
            raise Failure([too_deep]) from None
        if isinstance(error, RecursionError):
            raise
        finding = _finding("json-syntax", f"not JSON: {error.msg}", file, error.lineno, error.colno)
        raise Failure([finding]) from None
    except ValueError as error:
        raise Failure([_finding("json-syntax", str(error), file)]) from None
    # Level by level, since recursion has a bound too.
    level = [value]
    for _ in range(MAXIMUM_DEPTH):
        level = [
            inner
            for item in level
            for inner in (item.values() if isinstance(item, dict) else item if isinstance(item, list) else ())
            if isinstance(inner, dict | list)
        ]
        if not level:
            _check_escapes(text, value, file)
            return value
    raise Failure([too_deep])


def _check_escapes(text: str, value: Any, file: str) -> None:
    # Few contracts have such escapes at all.
    if "\\ud" in text.lower():
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            summary = "an escape stands for half of a character, which no encoding can say"
            raise Failure([_finding("json-syntax", summary, file)]) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise _DuplicateKeyError
    return unique


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _integer(text: str) -> int:
    if len(text) > MAXIMUM_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _fraction(text: str) -> float:
    number = float(text)
    if len(text) > MAXIMUM_DIGITS or math.isinf(number):
        raise ValueError(f"the number {text[:20]}… is beyond what programs agree on")
    return number


def _opens_deeper_than(text: str, limit: int, end: int) -> bool:
    """Whether brackets nest deeper than ``limit`` in the first ``end`` characters, which are sound."""
    depth = 0
    for token in _TOKEN.finditer(text, 0, end):
        mark = token.group()
        depth += (mark in "{[") - (mark in "}]")
        if depth > limit:
            return True
    return False


@dataclass(slots=True)
class _Container:
    """An object or array that the scan is inside of; ``keys`` are those read so far."""

    is_object: bool
    key_next: bool
    keys: set[str]


def _duplicate_keys(text: str, file: str) -> Iterator[Finding]:
    """Every repeated key of a text, up to where it is no JSON any more: nobody has read its end."""
    containers: list[_Container] = []
    line, counted = 1, 0
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark in "{[":
            containers.append(_Container(mark == "{", mark == "{", set()))
        elif not containers:
            return
        elif mark in "}]":
            containers.pop()
        elif mark == "," and containers[-1].is_object:
            containers[-1].key_next = True
        elif mark[0] == '"' and containers[-1].key_next:
            containers[-1].key_next = False
            try:
                key = json.loads(mark)
            except ValueError:
                return
            if key in containers[-1].keys:
                line += text.count("\n", counted, token.start())
                counted = token.start()
                column = token.start() - text.rfind("\n", 0, token.start())
                summary = f"the key {key!r} stands twice in one object"
                yield _finding("duplicate-key", summary, file, line, column)
            containers[-1].keys.add(key)


def _finding(rule: str, summary: str, file: str, line: int = 0, column: int = 0) -> Finding:
    fix = _FIXES.get(rule, "A contract is one JSON document in UTF-8: check what was downloaded.")
    return Finding(rule, Severity.ERROR, summary, file=file, line=line, column=column, fix=fix)
