"""Contracts that mean harm end in a finding, or do nothing: ``hostile_findings.txt`` says which of them.

A contract goes the whole way that ``spec fetch`` and ``generate`` take it up to the emitters of code: it is
loaded from a file, pinned, pinned again, normalised, and its schemas are emitted and compiled. After a
deliberate change, ``PENNYFORM_ACCEPT=1 pytest tests/spec/test_hostile.py`` rewrites what is expected.
"""

from __future__ import annotations

import json
import os
import re
from datetime import date
from functools import cache
from pathlib import Path

import jsonschema_rs
import pytest
from pennyform.codegen import schemas
from pennyform.findings import Failure
from pennyform.spec import canonical_json, normalise
from pennyform.spec.document.load import Source, load
from pennyform.spec.pin.fetch import pin_source

from .hostile_contracts import DOCUMENTS, HARMLESS, UNREADABLE, UNUSUAL

EXPECTED = Path(__file__).with_name("hostile_findings.txt")
DAY = date(2026, 7, 20)
CASES = {**UNREADABLE, **DOCUMENTS}


def content_of(name: str) -> bytes:
    case = CASES[name]
    return case if isinstance(case, bytes) else json.dumps(case).encode()


def outcome(path: Path) -> str:
    """What becomes of a contract: a line for each finding of the first stage that refuses it."""
    try:
        pinned = pin_source(load(path), api="example", day=DAY).document
        again = pin_source(Source("again", canonical_json(pinned), pinned), api="example", day=DAY).document
        assert again == pinned, "pinning is done once and for all"
        contract = normalise(pinned)
        emitted = schemas.emit(contract)
    except Failure as problem:
        return "".join(f"  {_line(finding)}\n" for finding in problem.findings)
    for name, content in emitted.items():
        if not name.endswith("openapi.json"):
            jsonschema_rs.validator_for(json.loads(content))
    left_out = [f"  left out, {each.method} {each.path}: {each.reason}" for each in contract.skipped]
    return "".join(f"{ascii(line)[1:-1]}\n" for line in left_out) or "  does nothing\n"


def _line(finding) -> str:
    assert finding.fix, "every finding says what to do"
    place = f":{finding.line}:{finding.column}" if finding.line else f" {finding.pointer}".rstrip()
    return f"{finding.rule}{place}: {finding.summary}"


@cache
def expected() -> dict[str, str]:
    blocks = re.split(r"^(?=\S)", EXPECTED.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name: lines for name, _, lines in (block.partition("\n") for block in blocks if block)}


@pytest.mark.skipif("PENNYFORM_ACCEPT" not in os.environ, reason="only after a deliberate change")
def test_accept(tmp_path):
    path = tmp_path / "contract.json"
    blocks = []
    for name in CASES:
        path.write_bytes(content_of(name))
        blocks.append(f"{name}\n{outcome(path)}")
    EXPECTED.write_text("".join(blocks), encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_it_ends_as_it_should(name, tmp_path):
    path = tmp_path / "contract.json"
    path.write_bytes(content_of(name))
    assert outcome(path) == expected()[name]


def test_only_what_is_harmless_gets_through():
    assert set(expected()) == set(CASES)
    assert {name for name, lines in expected().items() if lines == "  does nothing\n"} == {
        *HARMLESS,
        *UNUSUAL,
    }


def test_no_finding_carries_what_it_warns_of(tmp_path):
    assert EXPECTED.read_text(encoding="utf-8").replace("\n", "").isprintable()


@pytest.mark.parametrize("name", ["prose that is code", "prose that runs backwards"])
def test_no_word_of_a_vendor_is_pinned(name, tmp_path):
    path = tmp_path / "contract.json"
    path.write_bytes(content_of(name))
    kept = json.dumps(pin_source(load(path), api="example", day=DAY).document)
    for words in ("import os", "raw", "202e"):
        assert words not in kept
