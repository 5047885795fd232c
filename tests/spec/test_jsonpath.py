"""JSONPath: an independent implementation agrees on what is read, and everything else is refused."""

from __future__ import annotations

import jsonpath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pennyform.spec.document.jsonpath import select

from .pinned import corrections, pinned

DOCUMENT = {
    "paths": {"/v1/things/{id}": {"get": {"parameters": [{"in": "path", "name": "id"}, {"in": "query"}]}}},
    "a": [1, {"b": 2}, 3],
    "x y": {"b": None, "c": {"b": True, "d": 0}},
    "it's": {"é": {"b": "path"}},
}
PATHS = [
    "$",
    "$.a",
    "$.a[0]",
    "$.a[-1]",
    "$.a[2,0]",
    "$.a[7,-7]",
    "$.a[*]",
    "$.*",
    "$..*",
    "$..b",
    "$['a', 'x y']",
    '$["x y"]["c"]',
    "$['it\\'s'].é",
    '$["it\'s"]..b',
    "$.paths..parameters[?@.in == 'path'].name",
    "$.paths['/v1/things/{id}'].get.parameters[?@.in != 'path']",
    "$..[?@.b]",
    "$..[?@.b == true || @.b == 2]",
    "$..[?@.b && @.c.b == true].c",
    "$..[?@.d == 0]",
    "$..[?@.b == null]",
    "$.a[?@ == 3]",
    "$..['b','d']",
    "$.nothing.at.all",
]


def oracle(path, document):
    return {tuple(match.parts) for match in jsonpath.finditer(path, document)}


@pytest.mark.parametrize("path", PATHS)
def test_another_implementation_finds_the_same(path):
    found = select(path, DOCUMENT)
    assert len(found) == len(set(found))
    assert set(found) == oracle(path, DOCUMENT)


@pytest.mark.parametrize("target", sorted({each["target"] for each in corrections()[0]["actions"]}))
def test_another_implementation_finds_the_same_for_every_target_of_the_overlay(target):
    assert set(select(target, pinned())) == oracle(target, pinned())


_NAMES = st.sampled_from(["a", "b", "c"])
_VALUES = st.recursive(
    st.sampled_from([None, True, 0, 1, "a"]),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_NAMES, inner, max_size=3)),
    max_leaves=12,
)
_TESTS = st.sampled_from(["@.a", "@.a.b", "@.a == 1", "@.b != 'a'", "@.c == true", "@ == null"])
_SEGMENTS = st.one_of(
    st.sampled_from([".*", "..*", "[0]", "[-1]", "[1,0]", "['a','b']", "..['a','c']", "[*]"]),
    _NAMES.map(lambda name: f".{name}"),
    _NAMES.map(lambda name: f"..{name}"),
    st.lists(_TESTS, min_size=1, max_size=3).map(lambda tests: f"[?{' && '.join(tests)}]"),
    st.lists(_TESTS, min_size=1, max_size=3).map(lambda tests: f"..[?{' || '.join(tests)}]"),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_SEGMENTS, max_size=3).map(lambda parts: "$" + "".join(parts)), _VALUES)
def test_another_implementation_finds_the_same_in_random_documents(path, document):
    assert set(select(path, document)) == oracle(path, document)


def test_places_come_outer_first_and_items_in_order():
    assert select("$..b", {"b": {"b": 1}, "a": {"b": 2}}) == [("b",), ("b", "b"), ("a", "b")]
    assert select("$[2,0]", ["x", "y", "z"]) == [(0,), (2,)]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("", "a path begins with '$', at character 1"),
        ("paths", "a path begins with '$', at character 1"),
        ("$.", "a name or '*' expected, at character 3"),
        ("$..", "a name or '*' expected, at character 4"),
        ("$a", "'.', '..' or '[' expected, at character 2"),
        ("$[", "a quoted name, an index, '*' or '?' expected, at character 3"),
        ("$['a'", "',' or ']' expected, at character 6"),
        ("$['a]", "a quoted name, an index, '*' or '?' expected, at character 3"),
        ("$['\\q']", "a string with an escape that JSON does not know, at character 7"),
        ("$[1:2]", "',' or ']' expected, at character 4"),
        ("$[?(@.a)]", "'@' expected, at character 4"),
        ("$[?length(@) == 1]", "'@' expected, at character 4"),
        ("$[?@.a < 1]", "',' or ']' expected, at character 8"),
        ("$[?@.a == b]", "a string, a whole number, true, false or null expected, at character 11"),
        ("$[?@. == 1]", "a name expected, at character 6"),
    ],
)
def test_what_is_not_read_is_refused_where_it_stands(path, problem):
    with pytest.raises(ValueError, match="at character") as caught:
        select(path, DOCUMENT)
    assert str(caught.value) == problem
