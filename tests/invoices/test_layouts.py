"""However a definition is laid out, reading gives what PyYAML makes of it, and each mark where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pennyform.findings import errors
from pennyform.invoices.yaml.reader import Ambiguous, read, resolve

from .definitions import YAML_TEXT
from .test_format import laid_out

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "examples").rglob("*.yaml"), *(ROOT / "tests" / "cases").rglob("*.yaml")])


def agree(text: str) -> None:
    """When ``text`` is read without an error, PyYAML reads the same, and marks point at keys and values."""
    document, findings = read(text.encode(), "x")
    if document is None or errors(findings):
        return
    assert is_same(document.value, yaml.load(text, Loader=yaml.BaseLoader))
    lines = [*text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""]
    for path, mark in document.marks.items():
        value: Any = document.value
        for step in path:
            value = value[step]
        check_mark(path[-1] if path else "", lines[mark.key_line - 1][mark.key_column - 1 :])
        check_mark(value, lines[mark.line - 1][mark.column - 1 :])


def check_mark(content: Any, rest: str) -> None:
    """``rest`` is a line from a mark on: it begins with ``content``, where that is one plain word."""
    if isinstance(content, str) and content.isalnum() and rest[:1] not in tuple("?|>\"'!"):
        assert rest.startswith(content)


def is_same(value: Any, base: Any) -> bool:
    """Whether ``value`` is what ``base`` says, in which every scalar is still text."""
    if isinstance(value, dict):
        return value.keys() == base.keys() and all(is_same(value[name], base[name]) for name in value)
    if isinstance(value, list):
        return len(value) == len(base) and all(map(is_same, value, base))
    resolved = resolve(base)
    return value == base or (not isinstance(resolved, Ambiguous) and repr(value) == repr(resolved))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_example_and_every_case(path: Path) -> None:
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        return
    agree(text)


@settings(max_examples=200, deadline=None)
@given(text=laid_out())
def test_definitions_laid_out_in_many_ways(text: str) -> None:
    agree(text)


PIECES = st.sampled_from(
    [
        *("a", "b", "key", "- ", "-", ": ", ":", " ", "  ", "    ", "\n", "\n  ", "\n    ", "\n- ", "\n  - "),
        *("#", " # c", '"', "'", '"q"', "'q'", "{", "}", "{a: 1}", '{a: b, c: "d"}', ", ", ",", "[", "]"),
        *("|", ">", "&x", "*x", "!t", "?", "? ", "%", "@", "`", "~", "---", "...", "\\", "<<", "null", "no"),
        *(
            "1",
            "-1",
            "010",
            "1.50",
            "1e3",
            "12:30",
            "0x1",
            "2026-01-31",
            "é",
            "\u00a0",
            "\U0001f600",
            "=",
            ".",
        ),
    ]
)


@settings(max_examples=400, deadline=None)
@given(text=st.lists(PIECES, max_size=24).map("".join))
@example(text="a: b\n  c: d\n")
@example(text="a:\n- b: 1\n  c: 2\nd: 3\n")
@example(text="a:\n  - b: 1\n c: 2\n")
@example(text="a: {b: 1,}\n")
@example(text="a: b:\n")
@example(text="a:\n  - b:\n")
@example(text="a: b#c\n")
@example(text="a:\n  -\n    b: 1\n")
@example(text="a: 'b' c\n")
@example(text="a: b\n- c\n")
@example(text="a: b # c\n d: e\n")
@example(text="a: b\n  c\n")
@example(text="a:\n  b: 1\n\n  # c\n  d: - e\n")
def test_pieces_of_yaml_in_any_order(text: str) -> None:
    agree(text)


LINES = st.sampled_from(
    [
        *("a: 1", "b: x", 'c: "q" # r', "d:", 'e: {f: 1, g: "h"}', "- a: 1", "- b", "- {a: 1}", "# c", ""),
        *(
            "a: b:",
            "- b:",
            "a: b#c",
            "a: |",
            "text",
            "b: >-",
            "- - a",
            "-",
            "a: 'b'",
            "b : 1",
            "c:d",
            "a: b: c",
            "d: [1]",
            "e: *f",
        ),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0, 0, 2, 2, 4, 1]), LINES), max_size=12))
def test_lines_at_any_indentation(lines: list[tuple[int, str]]) -> None:
    agree("".join(f"{' ' * indentation}{line}\n" for indentation, line in lines))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(YAML_TEXT)), PIECES, st.integers(0, 3))
def test_a_definition_with_something_put_in(at: int, piece: str, cut: int) -> None:
    agree(YAML_TEXT[:at] + piece + YAML_TEXT[at + cut :])
