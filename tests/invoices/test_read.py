"""Strict YAML: exact numbers, places, limits, and no input that breaks the reader."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pennyform.invoices.yaml import reader as reading
from pennyform.invoices.yaml.reader import DEEPEST, LARGEST_FILE, MOST_NODES, read, read_file


def only_rule(data: bytes) -> str:
    _, findings = read(data, "f.yaml")
    assert len(findings) == 1, findings
    return findings[0].rule


def value_of(text: str) -> object:
    document, findings = read(f"a: {text}\n".encode(), "f.yaml")
    assert findings == []
    assert document is not None
    return document.value["a"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-0", 0),
        ("20.00", Decimal("20.00")),
        ("0.1", Decimal("0.1")),
        ("1e3", Decimal("1E+3")),
        ("true", True),
        ("null", None),
        ("", None),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z"),
        ('"010"', "010"),
        ("'yes'", "yes"),
        ("75 001", "75 001"),
        ("FR_200", "FR_200"),
    ],
)
def test_scalars(text: str, value: object) -> None:
    found = value_of(text)
    assert (found, type(found)) == (value, type(value))


def test_every_digit_is_kept() -> None:
    assert str(value_of("20.00")) == "20.00"
    assert str(value_of("0.10000000000000000001")) == "0.10000000000000000001"


@pytest.mark.parametrize(
    "text",
    [
        *("010", "0x1F", "0o17", "0b1", "1_000", "+5", ".5", "5.", "12:30:45", ".inf", "-.INF", ".nan"),
        *("~", "yes", "No", "ON", "off", "TRUE", "Null", "1e999", "1e-999", "9" * 41),
    ],
)
def test_ambiguous_scalars_are_refused(text: str) -> None:
    assert only_rule(f"a: {text}\n".encode()) == "yaml-ambiguous"


def test_places_point_at_values_and_keys() -> None:
    document, _ = read(b"a:\n  - b: {c: 1}\n", "f.yaml")
    assert document is not None
    assert str(document.place(("a", 0, "b", "c"))) == "f.yaml:2:12"
    assert str(document.place(("a", 0, "b", "c"), key=True)) == "f.yaml:2:9"
    assert str(document.place(("a", 0, "missing"), key=True)) == "f.yaml:2:5"


def test_places_count_characters_not_bytes() -> None:
    document, _ = read('{"é€😀": 1, b: 2}'.encode(), "f.yaml")
    assert document is not None
    assert document.place(("b",)).column == 15


def test_reading_goes_on_behind_a_problem() -> None:
    _, findings = read(b"a: &x 1\na: 2\nb: 010\nc: !t 3\nd: [*x]\n", "f.yaml")
    assert [(finding.line, finding.rule) for finding in findings] == [
        (1, "yaml-anchor"),
        (2, "yaml-duplicate-key"),
        (3, "yaml-ambiguous"),
        (4, "yaml-tag"),
        (5, "yaml-anchor"),
    ]


def test_the_first_of_two_keys_keeps_its_place() -> None:
    document, _ = read(b"a: {b: 1}\na: {b: 2}\n", "f.yaml")
    assert document is not None
    assert document.value == {"a": {"b": 1}}
    assert document.place(("a", "b")).line == 1


@pytest.mark.parametrize("loader", [reading._LOADER, yaml.SafeLoader])
def test_depth_is_bounded(loader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_LOADER", loader)
    assert read(b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), "f.yaml")[1] == []
    assert only_rule(b"[" * (DEEPEST + 2) + b"]" * (DEEPEST + 2)) == "yaml-too-deep"
    assert only_rule(b"[" * 500_000) == "yaml-too-deep"
    assert only_rule(b"a:\n" + b"- " * 50_000) == "yaml-too-deep"
    assert only_rule(b"a: [b, " + b"{c: " * 5_000) == "yaml-too-deep"


@pytest.mark.parametrize("error", [b"@", b'"\\q"', b"%"])
def test_depth_is_counted_before_what_the_parser_meets_ahead(error: bytes) -> None:
    """The parser's own limit is one of the errors that it meets ahead; the version decides where."""
    _, (finding,) = read(b"a: " + b"[" * (DEEPEST + 10) + error, "f.yaml")
    assert (finding.rule, finding.line, finding.column) == ("yaml-too-deep", 1, 4 + DEEPEST)
    assert only_rule(b"a: " + b"[" * DEEPEST + error) == "yaml-syntax"
    assert only_rule(b"a: [" + b"[1], " * (DEEPEST + 10) + error) == "yaml-syntax"


def test_nodes_are_bounded() -> None:
    assert only_rule(b"[" + b"1," * MOST_NODES + b"1]") == "yaml-too-many-nodes"


def test_a_large_file_is_refused_before_it_is_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"a: 1\n" * 1_000_000)
    monkeypatch.setattr(yaml, "parse", pytest.fail)
    monkeypatch.setattr(reading, "read", pytest.fail)
    document, content, findings = read_file(path, "large.yaml", tmp_path)
    assert (document, content) == (None, None)
    assert [finding.rule for finding in findings] == ["file-too-large"]
    assert "5,000,000" in findings[0].summary


def test_the_largest_file_is_read() -> None:
    assert read(b"#" * LARGEST_FILE, "f.yaml")[1][0].rule == "file-empty"
    assert only_rule(b"#" * (LARGEST_FILE + 1)) == "file-too-large"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for name in ("pipe.yaml", "missing.yaml", "."):
        _, _, findings = read_file(tmp_path / name, name, tmp_path)
        assert [finding.rule for finding in findings] == ["file-unreadable"]


def test_a_byte_order_mark_is_no_mistake() -> None:
    document, findings = read(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "f.yaml")
    assert findings == []
    assert document is not None
    assert document.value == {"a": 1, "b": 2}


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_break_it(data: bytes) -> None:
    document, findings = read(data, "f.yaml")
    assert document is not None or findings


YAML_PIECES = st.lists(
    st.sampled_from(
        (
            *("a", "b: ", ": ", "- ", "\n", "  ", "[", "]", "{", "}", ", ", "&x ", "*x ", "!t ", "!!str "),
            *("<<: ", "? ", "'", '"', "|\n", ">-\n", "#", "%", "---\n", "...\n", "1.5", "\\u0000", "\\ud800"),
            *(
                "\t",
                "~",
                "é",
                "\x85",
                "%TAG ! x\n",
                "%YAML 1.1\n",
                "\\",
                "\r",
                "@",
                "`",
                "=",
                "0x",
                "2026-01-01",
            ),
        )
    ),
    max_size=25,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(YAML_PIECES)
def test_no_yaml_breaks_it(text: str) -> None:
    document, findings = read(text.encode(), "f.yaml")
    assert document is not None or findings
    for finding in findings:
        assert finding.summary
        assert finding.file == "f.yaml"
