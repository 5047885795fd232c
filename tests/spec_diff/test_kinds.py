"""The table of kinds: complete, explained, said in words, and each of them seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pennyform.report.contract_diff import _PHRASES, phrase
from pennyform.results.contract_diff import ContractChange
from pennyform.spec.diff import KINDS, compare

from . import test_operations, test_schemas
from .contracts import answering, sending, thing

PAGE = Path(__file__).parents[2] / "docs" / "contract-diff.md"
ROW = re.compile(r"\| `(?P<kind>[a-z-]+)` \| (?P<sent>\w+) \| (?P<answered>\w+) \| .*\|")


def test_the_page_has_the_table_that_the_code_has() -> None:
    rows = [match for line in PAGE.read_text(encoding="utf-8").splitlines() if (match := ROW.fullmatch(line))]
    page = {row["kind"]: (row["sent"], row["answered"]) for row in rows}
    assert page == {kind: tuple(map(str, classes)) for kind, classes in KINDS.items()}
    assert len(rows) == len(KINDS)


def test_what_concerns_both_directions_has_one_class() -> None:
    both = {case[2] for case in test_operations.CASES.values() if case[3] == "both"}
    assert {kind for kind in both if len(set(KINDS[kind])) > 1} == set()


def test_every_kind_has_words() -> None:
    assert _PHRASES.keys() == KINDS.keys()
    for kind in KINDS:
        assert phrase(
            ContractChange("", "additive", kind, (), "both", "", {"type": "string"}, ["x"], (), None)
        )


def test_every_kind_is_shown_by_a_case() -> None:
    schemas = {case[2] for case in test_schemas.CASES.values()}
    operations = {case[2] for case in test_operations.CASES.values()}
    assert schemas | operations | {"required-field-added"} == KINDS.keys()


@pytest.mark.parametrize("name", test_schemas.CASES)
def test_the_way_back_is_found_as_well(name: str) -> None:
    old, new, *_ = test_schemas.CASES[name]
    for made in (sending, answering):
        assert len(compare(made(new), made(old))) == 1
    assert compare(sending(thing()), sending(thing())) == []
