"""What looks alike is the same reference, and what nobody sees is refused."""

from __future__ import annotations

import sys
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pennyform import text
from pennyform.invoices import load
from pennyform.invoices.yaml.reader import FORBIDDEN, read
from pennyform.text import difference, fold

from .definitions import YAML_TEXT, write

VISIBLE_CONTROLS = "\t\n\r"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("INV-1", "inv-1"),
        ("INV-1", "INV\u20111"),
        ("INV-1", "INV\u20131"),
        ("INV-1", "INV\u22121"),
        ("INV-1", "INV\ufe631"),
        ("INV-1", "\uff29\uff2e\uff36\uff0d\uff11"),
        ("CAF\u00c9", "CAFE\u0301"),
        ("A 1", "A\u00a01"),
        ("A 1", "A\u202f\u20091"),
        ("A 1", "A\u30001"),
        ("L'ESTAQUE", "L\u2019Estaque"),
        ("STRASSE", "stra\u00dfe"),
        ("\ufb01n", "FIN"),
        ("\u0391-\u0345", "\u03b1-\u03b9"),
    ],
)
def test_two_that_look_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)
    assert difference(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("INV-1", "INV-2"), ("INV-1", "INV_1"), ("INV1", "INV-1"), ("CAFE", "CAFÉ"), ("A1", "A 1")],
)
def test_two_that_differ_to_the_eye(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
def test_folding_once_is_enough(any_text: str) -> None:
    assert fold(fold(any_text)) == fold(any_text)
    assert fold(any_text.upper().casefold()) == fold(any_text.upper())


def test_every_character_that_nobody_sees_is_refused() -> None:
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        category = unicodedata.category(character)
        hidden = category in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in VISIBLE_CONTROLS
        assert not hidden or FORBIDDEN.match(character), f"U+{number:04X} {category}"
    for number in range(0, 0x110000, 0x10000):
        assert FORBIDDEN.match(chr(number | 0xFFFE))
        assert FORBIDDEN.match(chr(number | 0xFFFF))
    for filler in "\u034f\u115f\u1160\u17b4\u17b5\u180b\u2065\u2800\u3164\ufe0f\uffa0\U000e0041\U000e0100":
        assert FORBIDDEN.match(filler)
        assert text.source_line(f"a{filler}b") == "a\N{REPLACEMENT CHARACTER}b"


def test_what_people_write_is_not_refused() -> None:
    for visible in "éœ€ß …\u2013—«»\u2018\u2019“”°²½№\u00a0\u202f\u2009\u3000漢字かなアِअनุ🎉\u0301":
        assert not FORBIDDEN.match(visible)


@pytest.mark.parametrize("suffix", ["yaml", "csv"])
def test_more_invisible_characters_than_are_listed_are_counted(tmp_path: Path, suffix: str) -> None:
    content = ("a: " if suffix == "yaml" else "number\n") + "x\u200b" * 25 + "\n"
    if suffix == "yaml":
        findings = read(content.encode(), "x.yaml")[1]
    else:
        write(tmp_path, fees=YAML_TEXT.replace("INV-1", '"INV-{{ row.number }}"\nfor_each: rows.csv'))
        (tmp_path / "rows.csv").write_text(content, encoding="utf-8")
        findings = load([tmp_path])[1]
    assert [finding.rule for finding in findings] == ["control-character"] * 20
    assert "5 more in the file" in findings[-1].detail


def test_how_deep_templates_go_does_not_depend_on_which_is_read_first(tmp_path: Path) -> None:
    body = 'invoice: {deadline: "{{ date }}"}\n'
    names = [f"templates__{letter}" for letter in "qponmlkjihgfedcba"] + ["templates__z"]
    write(tmp_path, **{names[0]: body})
    for base, name in pairwise(names):
        write(tmp_path, **{name: f"extends: {base.removeprefix('templates__')}\n{body}"})
    findings = load([tmp_path])[1]
    assert [(Path(finding.file).name, finding.rule) for finding in findings] == [
        ("z.yaml", "template-extends")
    ]
