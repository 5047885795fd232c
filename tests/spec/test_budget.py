"""Work on a contract grows with its size, whatever it says: counted as calls of functions, not as time.

Each family of contracts is a kind that once took time without end: a graph of references that stands for more
than it says, parts that are compared with all others, names and texts that are repeated at every level.
"""

from __future__ import annotations

import contextlib
import json
import sys
from datetime import date

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pennyform.findings import Failure
from pennyform.spec import canonical_json, normalise
from pennyform.spec.diff import compare
from pennyform.spec.document import budget
from pennyform.spec.document.load import Source, load
from pennyform.spec.pin.fetch import pin_source

from .hostile_contracts import contract, query, ref, sending

# Calls of Python functions and built-in ones: no step is more than so many, wherever it is taken.
CALLS_PER_STEP = 30
STEPS = 10_000
MOST_CALLS = 20_000_000


def doubled(levels, link, *, leaf=None):
    """Named schemas, of which each holds the next one in several ways."""
    named = {f"S{levels}": leaf or {"type": "string"}}
    for level in range(levels):
        named[f"S{level}"] = link(ref(f"S{level + 1}"))
    return sending(ref("S0"), **named)


def fields(inner):
    return {"type": "object", "properties": {"a": inner, "b": inner}}


def parallel(levels):
    """Two graphs that are equal but for their names, to be merged and compared."""
    named = {}
    for side in "AB":
        named[f"{side}{levels}"] = {"type": "string"}
        for level in range(levels):
            named[f"{side}{level}"] = fields(ref(f"{side}{level + 1}"))
    return sending({"allOf": [ref("A0"), ref("B0")]}, **named)


def nested(levels, wrap):
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    for _ in range(levels):
        schema = wrap(schema)
    return sending(schema)


def responses(levels):
    """Responses that name the next one twice, where texts are looked through for references."""
    named = {f"R{levels}": {"description": ""}}
    for level in range(levels):
        name = f"#/components/responses/R{level + 1}"
        schema = {"type": "string", "enum": [name, f"{name}"], "default": name}
        named[f"R{level}"] = {"description": "", "headers": {"a": {"schema": schema}}}
    document = contract(responses={"204": {"$ref": "#/components/responses/R0"}})
    return {**document, "components": {"responses": named}}


def objects(number, *, more=""):
    return [
        {"type": "object", "required": [f"f{index}"], "properties": {f"f{index}{more}": {"type": "string"}}}
        for index in range(number)
    ]


def operations(number, **operation):
    document = contract()
    document["paths"] = {
        f"/v1/things{index}": {
            "get": {"operationId": f"get{index}", "responses": {"204": {"description": ""}}, **operation}
        }
        for index in range(number)
    }
    return document


def with_parameters(number):
    document = operations(number, parameters=[{"$ref": "#/components/parameters/P"}])
    schema = {"type": "string", "enum": [f"v{index}" for index in range(number)]}
    document["components"] = {"parameters": {"P": query("p", schema)}}
    return document


def described(number):
    values = [f"v{index}" for index in range(number)]
    text = "\n".join(f"- `{value}`: Deprecated." for value in values)
    return sending({"type": "string", "enum": values, "description": text})


def filtered(number):
    names = ", ".join(f"`f{index}`" for index in range(number))
    text = f"Available fields : {names}\nAvailable operators : {', '.join(['`in`'] * number)}"
    return contract(parameters=[{**query("filter", {"type": "string"}), "description": text}])


# Family -> a contract that grows with the number, and a number.
FAMILIES = {
    "fields of fields": (lambda number: doubled(number, fields), 40),
    "lists of lists": (lambda number: doubled(number, lambda inner: {"type": "array", "items": inner}), 300),
    "references to references": (lambda number: doubled(number, lambda inner: inner), 2_000),
    "all of the same twice": (lambda number: doubled(number, lambda inner: {"allOf": [inner, inner]}), 60),
    "any of the same twice": (
        lambda number: doubled(number, lambda inner: {"anyOf": [fields(inner), {"oneOf": [inner, inner]}]}),
        40,
    ),
    "two graphs merged": (parallel, 40),
    "all of all of it": (lambda number: nested(number, lambda inner: {"allOf": [inner]}), 40),
    "all of it and more": (
        lambda number: nested(number, lambda inner: {"allOf": [inner, {"minProperties": 1}]}),
        40,
    ),
    "responses that name responses": (responses, 60),
    "beside many variants": (
        lambda number: sending(
            {
                "properties": {f"p{index}": {"type": "string"} for index in range(number)},
                "anyOf": objects(number),
            }
        ),
        300,
    ),
    "a union": (lambda number: sending({"oneOf": objects(number)}), 500),
    "two sets of values": (
        lambda number: sending(
            {"allOf": [{"enum": list(range(number))}, {"enum": list(range(1, number + 1))}]}
        ),
        5_000,
    ),
    "operations that share a parameter": (with_parameters, 300),
    "a sentence for each value": (described, 2_000),
    "operators for each field": (filtered, 2_000),
    "unknown keywords": (lambda number: operations(number, **{f"k{number}": {"a": 1}}), 500),
    "long names": (
        lambda number: nested(
            number, lambda inner: {"type": "object", "properties": {"n" * 400: inner, "m" * 400: {}}}
        ),
        40,
    ),
}


def calls_of(action):
    """How many functions are called."""
    count = 0

    def note(_frame, event, _argument):
        nonlocal count
        count += event.endswith("call")
        assert count < MOST_CALLS, "the work has no end"

    sys.setprofile(note)
    try:
        # What is refused is refused before more work is done than is allowed.
        with contextlib.suppress(Failure):
            action()
    finally:
        sys.setprofile(None)
    return count


def whole_way(document):
    source = Source("t.json", canonical_json(document), document)
    normalise(pin_source(source, api="example", day=date(2026, 1, 1)).document)


def changed(document):
    """The same contract, with another leaf."""
    return json.loads(json.dumps(document).replace('"type": "string"', '"type": "integer"'))


def bound(*documents):
    values = sum(map(budget.size, documents))
    return CALLS_PER_STEP * (STEPS + budget.STEPS_PER_VALUE * values)


@pytest.fixture(autouse=True)
def small_floor(monkeypatch):
    """Small contracts are enough to show what grows without end."""
    monkeypatch.setattr(budget, "STEPS", STEPS)


@pytest.mark.parametrize("family", FAMILIES)
def test_pinning_and_normalising_take_what_the_size_deserves(family):
    make, number = FAMILIES[family]
    document = make(number)
    assert calls_of(lambda: whole_way(document)) <= bound(document)


@pytest.mark.parametrize("family", FAMILIES)
def test_comparing_takes_what_the_size_deserves(family):
    make, number = FAMILIES[family]
    old, new = make(number), changed(make(number))
    assert calls_of(lambda: compare(old, new)) <= bound(old, new)


@pytest.mark.parametrize("family", FAMILIES)
def test_twice_the_contract_is_about_twice_the_work(family):
    make, number = FAMILIES[family]
    small, large = (make(size) for size in (number // 2, number))
    ratio = budget.size(large) / budget.size(small)
    # What is refused in one and not in the other says nothing.
    assert calls_of(lambda: whole_way(large)) <= 2 * ratio * calls_of(lambda: whole_way(small)) + 30_000


@st.composite
def graphs(draw):
    """Contracts whose schemas refer to later ones, in every way there is."""
    number = draw(st.integers(10, 30))
    named = {f"S{number}": {"type": "string"}}
    for index in range(number):
        later = st.integers(index + 1, min(index + 3, number)).map(lambda target: ref(f"S{target}"))
        parts = draw(st.lists(later, min_size=1, max_size=3))
        named[f"S{index}"] = draw(
            st.sampled_from(
                [
                    {"type": "object", "properties": {f"p{place}": part for place, part in enumerate(parts)}},
                    {"allOf": parts},
                    {"anyOf": parts},
                    {"oneOf": [*parts, {"type": "null"}]},
                    {"type": "array", "items": parts[0]},
                    {"type": "object", "additionalProperties": parts[0]},
                ]
            )
        )
    return sending(ref("S0"), **named)


@settings(max_examples=25, deadline=None, phases=[Phase.generate])
@given(graphs())
def test_no_graph_of_references_takes_more_than_it_deserves(document):
    assert calls_of(lambda: normalise(document)) <= bound(document)
    other = changed(document)
    assert calls_of(lambda: compare(document, other)) <= bound(document, other)


@pytest.mark.parametrize(
    ("family", "summary"),
    [
        ("two graphs merged", "comparing schemas takes more than"),
        ("references to references", "more than 100 levels deep"),
        ("lists of lists", "more than 100 levels deep"),
    ],
)
def test_a_finding_says_what_was_used_up_and_where(family, summary, monkeypatch):
    monkeypatch.setattr(budget, "STEPS_PER_VALUE", 5)
    make, number = FAMILIES[family]
    with pytest.raises(Failure) as caught:
        whole_way(make(number))
    (finding,) = caught.value.findings
    assert finding.rule == "over-budget"
    assert summary in finding.summary
    assert finding.pointer.startswith("/")
    assert finding.fix


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"[" + b"0," * budget.VALUES + b"0]", "json-size"),
        (b'{"' + b"n" * 501 + b'": 1}', "json-name"),
        (b'{"a": ' + b"1" * 41 + b"}", "json-syntax"),
        (b'{"a": NaN}', "json-syntax"),
        (b'{"a": -Infinity}', "json-syntax"),
        (b'{"a": 1e400}', "json-syntax"),
    ],
    ids=["values", "names", "digits", "not a number", "infinity", "exponent"],
)
def test_what_no_contract_needs_is_refused_where_it_is_read(content, rule, tmp_path):
    path = tmp_path / "contract.json"
    path.write_bytes(content)
    with pytest.raises(Failure) as caught:
        load(path)
    assert [finding.rule for finding in caught.value.findings] == [rule]


@pytest.mark.parametrize("number", ["9" * 5_000, ",", "9" * 16])
def test_a_number_in_a_sentence_that_nobody_can_mean_is_not_understood(number):
    document = sending({"type": "string", "description": f"Maximum {number} characters."})
    source = Source("t.json", b"", document)
    assert "maxLength" not in json.dumps(pin_source(source, api="example", day=date(2026, 1, 1)).document)
