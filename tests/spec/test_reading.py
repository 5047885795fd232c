"""Reading a contract from a file, and everything that is not one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pennyform.findings import Failure
from pennyform.spec.document.budget import Limits
from pennyform.spec.document.load import load

OPERATION = {"operationId": "getMe", "responses": {"204": {"description": ""}}}
GOOD = {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {"/v1/me": {"get": OPERATION}}}


def written(tmp_path: Path, content) -> Path:
    path = tmp_path / "contract.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def findings_of(action):
    with pytest.raises(Failure) as caught:
        action()
    assert all(finding.fix for finding in caught.value.findings)
    return caught.value.findings


def test_a_contract_is_read_with_its_very_bytes(tmp_path):
    path = written(tmp_path, GOOD)
    source = load(path)
    assert source.document == GOOD
    assert source.content == path.read_bytes()
    assert source.name == "contract.json", "a lock must not carry a machine's path"


@pytest.mark.parametrize(
    ("content", "rule", "line", "column"),
    [
        (b"", "json-syntax", 1, 1),
        (b"<html>not found</html>", "json-syntax", 1, 1),
        (b'{"openapi":\n "3.0.1"\n}}', "json-syntax", 3, 2),
        (b'{"a": NaN}', "json-syntax", 0, 0),
        (b'{"a": 1,\n "a": 2}', "duplicate-key", 2, 2),
        (b'{"a": {"b": 1, "\\u0062": 2}}', "duplicate-key", 1, 16),
        (b'{"a": 1, "a": 2}}, "b"', "duplicate-key", 1, 10),
        (b'[{"a": 1, "a": 2}], {"b', "duplicate-key", 1, 11),
        (b'{"x": {"a": 1, "a": 2}, "\\q": 1}', "duplicate-key", 1, 16),
        (b'{"a": "\xff"}', "not-utf-8", 1, 8),
        (b"[" * 100_000 + b"]" * 100_000, "json-depth", 0, 0),
        (b"[" * 129 + b"]" * 129, "json-depth", 0, 0),
        (b"[" * 129, "json-depth", 0, 0),
        (b"[" * 100_000, "json-depth", 0, 0),
        (b"[" * 128, "json-syntax", 1, 129),
        (b'[["' + b"[" * 1_000 + b'"], x]', "json-syntax", 1, 1_008),
        (b'["' + b"[" * 1_000, "json-syntax", 1, 2),
        (b'{"a": {"\\ud800": 1}}', "json-syntax", 0, 0),
        (b'["\\uDC00\\uD800"]', "json-syntax", 0, 0),
    ],
    ids=[
        *(
            "empty",
            "html",
            "brace",
            "nan",
            "duplicate",
            "escaped-duplicate",
            "and-closed",
            "and-cut",
            "and-escape",
            "latin-1",
            "very-deep",
            "deep",
        ),
        *("deep-and-open", "very-deep-and-open", "open", "deep-within-text", "deep-within-open-text"),
        *("half-a-character", "two-halves"),
    ],
)
def test_what_is_not_json_is_refused_where_it_goes_wrong(tmp_path, content, rule, line, column):
    (finding,) = findings_of(lambda: load(written(tmp_path, content)))
    assert (finding.rule, finding.line, finding.column) == (rule, line, column)


def test_every_duplicate_is_named_at_once(tmp_path):
    text = b'{"a": 1, "b": [{"c": ",{\\"c\\":", "c": 2}], "a": 3}'
    found = findings_of(lambda: load(written(tmp_path, text)))
    assert [finding.column for finding in found] == [text.index(b'"c": 2') + 1, text.index(b'"a": 3') + 1]


def test_a_byte_order_mark_does_not_matter(tmp_path):
    assert load(written(tmp_path, b"\xef\xbb\xbf" + json.dumps(GOOD).encode())).document == GOOD


def with_schema(**schema):
    return {**GOOD, "components": {"schemas": {"A": schema}}}


A = "/components/schemas/A"
NO_CONTRACTS = {
    "a list": ([], [""]),
    "nothing": ({}, ["/info", "/openapi", "/paths"]),
    "version 2": ({**GOOD, "openapi": "2.0"}, ["/openapi"]),
    "no paths": ({**GOOD, "paths": {}}, ["/paths"]),
    "a path without its slash": ({**GOOD, "paths": {"me": {}}}, ["/paths/me"]),
    "an operation without its parts": (
        {**GOOD, "paths": {"/a/b": {"get": {"responses": []}}}},
        ["/paths/~1a~1b/get/responses"],
    ),
    "numbers for schemas": (with_schema(properties={"x": 1}, type=5), [f"{A}/properties/x", f"{A}/type"]),
    "odd keywords": (
        with_schema(allOf={}, enum="a", nullable="yes"),
        [f"{A}/allOf", f"{A}/enum", f"{A}/nullable"],
    ),
    "a fault deep inside": (
        with_schema(additionalProperties={"type": 1}),
        [f"{A}/additionalProperties/type"],
    ),
    "a parameter without a name": (
        {**GOOD, "components": {"parameters": {"a": {"in": "query"}}}},
        ["/components/parameters/a/name"],
    ),
}


@pytest.mark.parametrize(("document", "pointers"), NO_CONTRACTS.values(), ids=NO_CONTRACTS.keys())
def test_what_is_json_but_no_contract_is_refused_with_every_place(tmp_path, document, pointers):
    found = findings_of(lambda: load(written(tmp_path, document)))
    assert {finding.rule for finding in found} == {"not-a-contract"}
    assert sorted({finding.pointer for finding in found}) == pointers


@pytest.mark.parametrize("pattern", [r"^(-?\d+(\.\d+)?)?$", r"\p{L}+", r"^[^\x00]*$", r"(?<year>\d{4})"])
def test_patterns_are_those_of_json_schema(tmp_path, pattern):
    document = with_schema(type="string", pattern=pattern)
    assert load(written(tmp_path, document)).document == document


def test_a_huge_file_is_not_read_whole(tmp_path):
    path = written(tmp_path, b" " * 2_000)
    assert findings_of(lambda: load(path, limits=Limits(size=1_000)))[0].rule == "too-large"


def test_a_file_that_cannot_be_read(tmp_path):
    assert findings_of(lambda: load(tmp_path / "missing.json"))[0].rule == "unreadable-file"
    assert findings_of(lambda: load(tmp_path))[0].rule == "unreadable-file"
