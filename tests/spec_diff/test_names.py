"""Which names of the emitted client move with a contract, and which stay."""

from __future__ import annotations

from typing import Any

from pennyform.results.contract_diff import MovedName
from pennyform.spec.diff.names import moved_names

PATH = "/api/external/v2/things"
THING = {"type": "object", "properties": {"a": {"type": "integer"}}}
OTHER = {"type": "object", "properties": {"b": {"type": "string"}}}


def contract(**operations: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """Operations by their ids: a path, and the schema of the answer to GET."""
    paths = {
        path: {"get": {"operationId": name, "responses": {"200": _answer(schema)}}}
        for name, (path, schema) in operations.items()
    }
    info = {"title": "t", "version": "1", "x-pennyform-api": "things"}
    return {"openapi": "3.0.1", "info": info, "paths": paths, "components": {}}


def _answer(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "", "content": {"application/json": {"schema": schema}}}


def moved(old: dict[str, Any], new: dict[str, Any]) -> list[MovedName]:
    return moved_names(old, new, [], {})


OLD = contract(getThings=(PATH, THING))


def test_a_contract_moves_none_of_its_own_names() -> None:
    assert moved(OLD, OLD) == []


def test_names_stay_where_something_is_added_or_changed() -> None:
    more = {"type": "object", "properties": {"a": {"type": "integer"}, "c": {"type": "integer"}}}
    new = contract(getThings=(PATH, more), getOthers=(f"{PATH}/others", THING))
    assert moved(OLD, new) == []


def test_what_is_gone_takes_its_names_along() -> None:
    new = contract(getOthers=("/api/external/v2/others", OTHER))
    assert moved(OLD, new) == [
        MovedName("models.Thing", f"GET {PATH} 200", None),
        MovedName("things.get", f"GET {PATH}", None),
    ]


def test_of_a_class_that_is_divided_one_part_has_another_name() -> None:
    more = {"type": "object", "properties": {"a": {"type": "integer"}, "c": {"type": "integer"}}}
    old = contract(getThings=(PATH, THING), getParts=(f"{PATH}/parts", THING))
    new = contract(getThings=(PATH, THING), getParts=(f"{PATH}/parts", more))
    assert moved(old, new) == [MovedName("models.Thing", f"GET {PATH}/parts 200", "models.ThingParts")]
    assert moved(new, old) == [MovedName("models.ThingParts", f"GET {PATH}/parts 200", "models.Thing")]


def test_a_method_that_becomes_another_operations() -> None:
    old = contract(getAll=(f"{PATH}/all", THING), getBoth=(f"{PATH}/both", THING))
    new = contract(getAny=(f"{PATH}/All", THING), getBoth=(f"{PATH}/both", THING))
    assert moved(old, new) == [MovedName("things.get_all", f"GET {PATH}/all", f"GET {PATH}/All")]


def test_a_method_stays_with_an_operation_that_only_moved() -> None:
    new = contract(getThings=("/api/external/v3/things", THING))
    assert moved(OLD, new) == []
