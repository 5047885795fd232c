"""One change per cause, and a fingerprint that belongs to it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from functools import cache
from typing import Any

import pytest
from pennyform.spec.diff import Baseline, Change, compare

from .contracts import Schema, document, operation, sending, thing
from .history import FOLDER, contract
from .mutations import Anatomy, Mutation, mutations

TEXT = {"type": "string"}
ROOT = "/api/external/v2"


def contracts(**bodies: Schema) -> Schema:
    """A contract with one operation for each resource, which is sent the given body."""
    made = document()
    made["paths"] = {
        f"{ROOT}/{resource}": {
            "post": operation(
                operationId=f"post_{resource}",
                requestBody={"required": True, "content": {"application/json": {"schema": body}}},
            )
        }
        for resource, body in bodies.items()
    }
    return made


def causes(old: Schema, new: Schema) -> list[tuple[str, str, int]]:
    return [(change.kind, change.path, len(change.operations)) for change in compare(old, new)]


def test_an_object_that_is_written_twice_changes_once() -> None:
    old, new = thing(lines=thing(a=TEXT)), thing(lines=thing())
    found = causes(contracts(invoices=old, quotes=old), contracts(invoices=new, quotes=new))
    assert found == [("field-removed", "lines.a", 2)]


def test_the_same_field_of_the_same_owner_changes_once_though_the_owners_differ() -> None:
    def lines(**fields: Any) -> Schema:
        return thing(lines={"type": "array", "items": thing(**fields)})

    old = contracts(invoices=lines(a=TEXT, b=TEXT), quotes=lines(a=TEXT, c=TEXT))
    new = contracts(invoices=lines(b=TEXT), quotes=lines(c=TEXT))
    assert causes(old, new) == [("field-removed", "lines[].a", 2)]


def test_a_telling_schema_that_comes_in_several_places_is_one_cause() -> None:
    substance = {"type": "string", "enum": ["goods", "services"]}
    old = contracts(invoices=thing(lines=thing(a=TEXT)), products=thing())
    new = contracts(
        invoices=thing(lines=thing(a=TEXT, substance=substance)), products=thing(substance=substance)
    )
    assert causes(old, new) == [("field-added", "substance", 2)]


def test_what_is_reached_only_around_a_circle_is_compared() -> None:
    def round_about(**fields: Any) -> Schema:
        one, other = ({"$ref": f"#/components/schemas/{name}"} for name in ("One", "Other"))
        made = contracts(first=one, second=other)
        made["components"] = {"schemas": {"One": thing(other=other, **fields), "Other": thing(one=one)}}
        return made

    (change,) = compare(round_about(a=TEXT), round_about())
    assert change.operations == ("post_first", "post_second")
    assert [place.path for place in change.places] == ["a", "one.a"]


def test_a_field_that_gets_another_name_is_known_by_its_place_among_the_others() -> None:
    one, other = thing(a=TEXT, b=TEXT), thing(b=TEXT, a=TEXT)
    old = contracts(products=one, quotes=other)
    new = contracts(products=one, quotes=thing(b=TEXT, z=TEXT))
    assert causes(old, new) == [("field-renamed", "a", 1)]
    new = contracts(products=one, quotes=thing(z=TEXT, b=TEXT))
    assert [kind for kind, _, _ in causes(old, new)] == ["field-removed", "field-added"]


def test_the_same_name_elsewhere_is_another_cause() -> None:
    old = contracts(invoices=thing(label=TEXT, x=TEXT), products=thing(label=TEXT, y=TEXT))
    new = contracts(invoices=thing(x=TEXT), products=thing(y=TEXT))
    assert causes(old, new) == [("field-removed", "label", 1), ("field-removed", "label", 1)]


def test_a_named_schema_changes_once_wherever_more_is_said_about_it() -> None:
    amount = {"$ref": "#/components/schemas/Amount"}
    body = thing(a=amount, b={"allOf": [amount, {"minLength": 1}]}, c=thing(d=amount))
    old, new = (
        {**contracts(invoices=body), "components": {"schemas": {"Amount": {**TEXT, "pattern": pattern}}}}
        for pattern in ("^[0-9]+$", "^[0-9]*$")
    )
    (change,) = compare(old, new)
    assert (change.kind, [place.path for place in change.places]) == ("limit-changed", ["a", "b", "c.d"])


def test_almost_equal_lists_of_values_are_one_list() -> None:
    codes = [f"FR_{number}" for number in range(20)]
    old, new = (
        contracts(
            invoices=thing(vat_rate={"enum": [*codes, *more]}),
            accounts=thing(vat_code={"enum": [*codes, "any", *more]}),
            banks=thing(status={"enum": ["open", *more]}),
        )
        for more in ([], ["closed"])
    )
    assert causes(old, new) == [
        ("enum-values-added", "status", 1),
        ("enum-values-added", "vat_code", 2),
    ]


def test_both_directions_together_are_as_bad_as_the_worse_one() -> None:
    codes = {"type": "string", "enum": ["x", "y"]}
    answer = {"description": "", "content": {"application/json": {"schema": thing(a=codes)}}}
    old = sending(thing(a=codes))
    old["paths"]["/api/external/v2/things/{id}"]["put"]["responses"] = {"200": answer}
    new = json.loads(json.dumps(old).replace('["x", "y"]', '["x"]'))
    (change,) = compare(old, new)
    assert (change.kind, change.direction, change.severity) == ("enum-values-removed", "both", "breaking")


# -- Fingerprints -----------------------------------------------------------------------------------------


def prints(old: Schema, new: Schema) -> list[str]:
    return [change.fingerprint for change in compare(old, new)]


def test_a_fingerprint_tells_places_apart() -> None:
    one, other = contracts(invoices=thing(label=TEXT)), contracts(products=thing(label=TEXT))
    assert prints(one, contracts(invoices=thing())) != prints(other, contracts(products=thing()))


def test_a_fingerprint_tells_owners_apart() -> None:
    old = contracts(invoices=thing(customer=thing(label=TEXT), quote=thing(label=TEXT, x=TEXT)))
    one = contracts(invoices=thing(customer=thing(), quote=thing(label=TEXT, x=TEXT)))
    other = contracts(invoices=thing(customer=thing(label=TEXT), quote=thing(x=TEXT)))
    assert prints(old, one) != prints(old, other)


def test_a_fingerprint_tells_variants_apart() -> None:
    one, other = thing(a=TEXT, b=TEXT, label=TEXT), thing(c=TEXT, d=TEXT, label=TEXT)
    left, right = thing(a=TEXT, b=TEXT), thing(c=TEXT, d=TEXT)
    old = contracts(invoices={"anyOf": [one, other]})
    first = prints(old, contracts(invoices={"anyOf": [left, other]}))
    second = prints(old, contracts(invoices={"anyOf": [one, right]}))
    both = prints(old, contracts(invoices={"anyOf": [left, right]}))
    assert len({*first, *second, *both}) == 3


def test_a_scope_that_another_operation_stops_accepting_is_not_accepted_with_the_first() -> None:
    def securing(**names: list[str]) -> Schema:
        made = contracts(**dict.fromkeys(names, thing()))
        for resource, scopes in names.items():
            made["paths"][f"{ROOT}/{resource}"]["post"]["security"] = [{"oauth2": scopes}]
        return made

    old = securing(invoices=["a", "b"], quotes=["a", "b"])
    one = prints(old, securing(invoices=["b"], quotes=["a", "b"]))
    both = prints(old, securing(invoices=["b"], quotes=["b"]))
    assert one != both


def test_a_fingerprint_does_not_depend_on_what_is_inside_the_field() -> None:
    codes = [{**TEXT, "enum": [*"xy", *more]} for more in ([], ["z"])]
    old = contracts(invoices=thing(), quotes=thing(vat=codes[0]))
    one = contracts(invoices=thing(line=thing(vat=codes[0])), quotes=thing(vat=codes[0]))
    other = contracts(invoices=thing(line=thing(vat=codes[1])), quotes=thing(vat=codes[1]))
    assert set(prints(old, one)) < set(prints(old, other))


@cache
def _mutations() -> list[Mutation]:
    return mutations(Anatomy(contract("company-2026-07-20")), seed=7, each=1)


def _merged(one: Any, other: Any, base: Any) -> Any:
    """Two edits of one document together; None where they touch the same thing."""
    if one is base or other is base:
        return other if one is base else one
    if not (isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys() == base.keys()):
        return None
    merged = {key: _merged(one[key], other[key], base[key]) for key in base}
    return None if any(value is None and base[key] is not None for key, value in merged.items()) else merged


def test_a_change_keeps_its_fingerprint_beside_unrelated_ones() -> None:
    base = contract("company-2026-07-20")
    baseline, made = Baseline(base), list(_mutations())
    random.Random(7).shuffle(made)
    compared = 0
    for one, other in zip(made[::2], made[1::2], strict=False):
        both = _merged(one.document, other.document, base)
        if both is None or one.operations & other.operations:
            continue
        apart = [*baseline.compare(one.document), *baseline.compare(other.document)]
        together = {change.fingerprint for change in baseline.compare(both)}
        assert together == {change.fingerprint for change in apart}, (one.title, other.title)
        compared += 1
        if compared == 20:
            return
    pytest.fail(f"only {compared} pairs of mutations can be made at once")


def _report(seed: str) -> str:
    script = (
        "import gzip, json, sys;"
        "from pennyform.spec.diff import compare;"
        "read = lambda path: json.loads(gzip.decompress(open(path, 'rb').read()));"
        "print([(change.fingerprint, change.kind, change.path, change.old, change.new, change.operations,"
        " change.places) for change in compare(read(sys.argv[1]), read(sys.argv[2]))])"
    )
    names = [str(FOLDER / f"company-2026-07-{day}.json.gz") for day in ("20", "08")]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(
        [sys.executable, "-c", script, *names], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_order_of_hashes_does_not_matter() -> None:
    reports = {_report(seed) for seed in ("0", "1", "4242")}
    assert len(reports) == 1


def test_changes_are_sorted_with_the_worst_first() -> None:
    changes: list[Change] = compare(contract("company-2026-07-20"), contract("company-2026-07-08"))
    assert changes == sorted(changes, key=lambda change: change.order)
    assert [str(change.severity) for change in changes] == sorted(
        (str(change.severity) for change in changes), key=["breaking", "attention", "additive"].index
    )


@pytest.mark.parametrize("name", ["company-2026-07-20", "firm-2026-07-20"])
def test_a_contract_compared_with_nothing_in_common(name: str) -> None:
    changes = compare(contract(name), sending(thing(a=TEXT)))
    gone = {
        operation
        for change in changes
        if change.kind == "operation-removed"
        for operation in change.operations
    }
    assert len(gone) == len(Anatomy(contract(name)).operations)


def test_the_dated_contracts_hold_facts_only() -> None:
    files = sorted(FOLDER.glob("*.gz"))
    assert sum(path.stat().st_size for path in files) < 200_000
    for path in files:
        text = json.dumps(contract(path.name.removesuffix(".json.gz")))
        assert '"summary"' not in text
        assert text.count('"description": "') == text.count('"description": ""')
