"""The line reader agrees with the YAML library on every text, or leaves it to the library."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pennyform.invoices.yaml.document import Document
from pennyform.invoices.yaml.events import read_events
from pennyform.invoices.yaml.plain import read_plain
from pennyform.invoices.yaml.reader import decoded

from .definitions import YAML_TEXT
from .test_format import laid_out

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "examples").rglob("*.yaml"), *(ROOT / "tests" / "cases").rglob("*.yaml")])


def agree(text: str) -> bool:
    """Whether the line reader took ``text``; that it then says the same as the library is asserted."""
    document = read_plain(text, "x")
    if document is None:
        return False
    reference, findings = read_events(text, "x")
    assert findings == []
    assert isinstance(reference, Document)
    assert (document.value, repr(document.value)) == (reference.value, repr(reference.value))
    assert document.marks == reference.marks
    assert document.spoiled == reference.spoiled
    return True


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_example_and_every_case(path: Path) -> None:
    text, _ = decoded(path.read_bytes(), "x")
    if text is not None:
        agree(text)


# A workflow is nobody's definition.
EXAMPLES = [path for path in FILES if "examples" in path.parts and "workflows" not in path.parts]


def test_the_examples_are_in_plain_style() -> None:
    taken = [agree(path.read_text(encoding="utf-8")) for path in EXAMPLES]
    assert sum(taken) > 0.8 * len(taken)


@settings(max_examples=300, deadline=None)
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


@settings(max_examples=1500, deadline=None)
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


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0, 0, 2, 2, 4, 1]), LINES), max_size=12))
def test_lines_at_any_indentation(lines: list[tuple[int, str]]) -> None:
    agree("".join(f"{' ' * indentation}{line}\n" for indentation, line in lines))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(YAML_TEXT)), PIECES, st.integers(0, 3))
def test_a_definition_with_something_put_in(at: int, piece: str, cut: int) -> None:
    agree(YAML_TEXT[:at] + piece + YAML_TEXT[at + cut :])
