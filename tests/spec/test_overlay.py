"""Overlays: what their targets select, what their actions do, and what is refused."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonpath_rfc9535 import JSONPathEnvironment
from pennyform.findings import Failure
from pennyform.spec.document.budget import Budget
from pennyform.spec.document.json_path import select
from pennyform.spec.document.overlay import apply_overlays
from pennyform.spec.pin.store import Store

from .pinned import corrections, pinned

RECORD = Path(__file__).with_name("overlay_places.txt")
APIS = Store.default().apis()


def places(target, document):
    return sorted({json.dumps(node.location) for node in JSONPathEnvironment().finditer(target, document)})


def selected(api):
    """A line for each target of the overlays: which places it selects in the pinned contract."""
    targets = {action["target"] for overlay in corrections(api) for action in overlay["actions"]}
    for target in sorted(targets):
        found = places(target, pinned(api))
        digest = hashlib.sha256("\n".join(found).encode()).hexdigest()[:12]
        yield f"{api} {digest} {len(found)} {target}"


NAMES = st.sampled_from(["a", "b", "in"])
TEXTS = st.sampled_from(["'a'", "'b'", "''"])
DOCUMENTS = st.recursive(
    st.sampled_from(["a", "b", "", 1, None, True]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=30,
)
COMPARISONS = st.builds("@{}=={}".format, st.sampled_from(["", ".a", ".a.b", "[0]", ".b[0]"]), TEXTS)
FILTERS = st.recursive(
    COMPARISONS | st.sampled_from(["@.a", "!@.b", "@.a != 'b'", "@.a == 1", "'a' == @.a"]),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["&&", "||"]), inner),
    max_leaves=4,
)
SELECTORS = NAMES.map("'{}'".format) | st.sampled_from(["*", "0", "-1"]) | FILTERS.map("?{}".format)
SEGMENTS = st.builds(
    "{}[{}]".format, st.sampled_from(["", ".."]), st.lists(SELECTORS, min_size=1, max_size=2).map(",".join)
)


@given(st.dictionaries(NAMES, DOCUMENTS, max_size=3), st.lists(SEGMENTS, min_size=1, max_size=3).map("".join))
def test_a_path_selects_what_the_library_selects(document, segments):
    """Filters that compare fields with texts and ``..`` do not go through the library's slow ways."""
    selected = {
        location: (node.value, node.parent.value)
        for location, node in select(f"${segments}", document, Budget(document)).items()
    }
    nodes = JSONPathEnvironment().finditer(f"${segments}", document)
    assert selected == {node.location: (node.value, node.parent.value) for node in nodes}


@pytest.mark.parametrize("leaf", [1, 1.5, True, None, "text"])
def test_nothing_is_below_a_value(leaf):
    assert select("$.a..b", {"a": leaf}, Budget({"a": leaf})) == {}


def test_every_target_selects_what_two_implementations_agreed_on():
    """The record was written by an implementation of our own, before this library took its place.

    After a deliberate change of a contract or an overlay, ``PENNYFORM_ACCEPT=1`` rewrites it.
    """
    lines = [line for api in APIS for line in selected(api)]
    if os.environ.get("PENNYFORM_ACCEPT"):
        RECORD.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert lines == RECORD.read_text(encoding="utf-8").splitlines()


def overlay(*actions):
    return {"overlay": "1.0.0", "actions": list(actions)}


def applied(document, *actions):
    return apply_overlays(document, [overlay(*actions)])


def test_items_are_removed_from_the_last_to_the_first():
    document = {"items": ["a", "b", "c", "d"]}
    assert applied(document, {"target": "$.items[2,0]", "remove": True}) == {"items": ["b", "d"]}
    assert document == {"items": ["a", "b", "c", "d"]}, "the document that is given stays as it is"


def test_a_place_is_changed_once_however_often_a_path_selects_it():
    document = {"a": {"list": []}}
    assert applied(document, {"target": "$['a','a'].list", "update": 1}) == {"a": {"list": [1]}}


def test_inner_places_are_changed_before_outer_ones():
    document = {"b": {"b": {"c": 1}}}
    assert applied(document, {"target": "$..b", "remove": True}) == {}


def test_a_document_may_be_as_deep_as_json_may_be():
    document: dict = {}
    inner = document
    for _ in range(126):
        inner["a"] = {}
        inner = inner["a"]
    inner["b"] = {"c": 1}
    assert "b" not in json.dumps(applied(document, {"target": "$..b", "remove": True}))


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("", "a path begins with '$', at character 1"),
        ("paths", "a path begins with '$', at character 1"),
        ("$.", "unexpected end of expression, at character 3"),
        ("$..", "bald descendant segment, at character 4"),
        ("$[", "unbalanced brackets, at character 3"),
        ("$['a]", "unclosed string starting at index 3, at character 4"),
        ("$[?@.a == b]", "unexpected filter selector token 'b', at character 11"),
        ("$[?unknown(@)]", "function 'unknown' is not defined, at character 4"),
        ("$[?search(@.a, '(a|a)*b')]", "function 'search' is not defined, at character 4"),
        ("$[?match(@.a, '.*')]", "function 'match' is not defined, at character 4"),
        ("$.a | $.b", "expected '.', '..' or a bracketed selection, found '|', at character 5"),
        ("$.a.~", "unexpected shorthand selector '~', at character 5"),
    ],
)
def test_what_is_not_rfc_9535_is_refused_where_it_stands(target, problem):
    with pytest.raises(Failure) as caught:
        applied({"a": 1}, {"target": target, "remove": True})
    assert [finding.summary for finding in caught.value.findings] == [
        f"the target is not a JSONPath: {problem}"
    ]
