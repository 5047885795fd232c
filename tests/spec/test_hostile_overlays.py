"""Overlays and records beside a contract that come with somebody's pull request."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pennyform.findings import Failure
from pennyform.spec import normalise, read_overlays
from pennyform.spec.document.budget import Budget
from pennyform.spec.document.json_path import select
from pennyform.spec.document.load import load
from pennyform.spec.document.overlay import apply_overlays
from pennyform.spec.pin.store import Store

from .hostile_contracts import GOOD


def _action(target: str, update: str = "{summary: x}") -> str:
    return f'overlay: 1.0.0\nactions:\n  - target: "{target}"\n    update: {update}\n'


def _doubled(text: str) -> str:
    """Forty names, each of them twice what the one before it is."""
    return "x0: &a0 {a: 1}\n" + "".join(
        f"x{n}: &a{n} {{a: *a{n - 1}, b: *a{n - 1}}}\n" for n in range(1, 40)
    ).replace("*a39", text)


_HEAD = "overlay: 1.0.0\n"
# What the text of an overlay is, and the rule of what is said about it.
OVERLAYS: dict[str, tuple[str | bytes, str]] = {
    "a pattern that is tried in all ways": (_action("$..[?match(@.a, '(a|a)*b')]"), "overlay-action"),
    "another one": (_action("$..[?search(@.a, '(a*)*b')]"), "overlay-action"),
    "the whole document for each value": (_action("$..[?$..*]"), "overlay-action"),
    "a filter within a filter": (_action("$..[?@[?@..a]]"), "overlay-action"),
    "a path without end": (_action("$" + ".a" * 300), "overlay-action"),
    "aliases of aliases": (_HEAD + _doubled("") + "actions: []\n", "yaml-syntax"),
    "aliases in an update": (
        _HEAD + _doubled("") + "actions: [{target: $.info, update: *a39}]\n",
        "yaml-syntax",
    ),
    "merged mappings": (_HEAD + "x: &a {b: 1}\nactions: [{<<: *a}]\n", "yaml-syntax"),
    "brackets in brackets": (_HEAD + "actions: " + "[" * 900 + "]" * 900, "yaml-syntax"),
    "brackets without end": (_HEAD + "actions: " + "[" * 20_000, "yaml-syntax"),
    "an update that is no object": (_action("$.info", "[1]"), "overlay-action"),
    "no information": (_HEAD + "actions: [{target: $.info, remove: true}]\n", "not-a-contract"),
    "paths that are a number": (_action("$.paths.*", "{get: 1}"), "not-a-contract"),
    "a pattern that is none": (
        _action("$..schema", "{type: string, pattern: '(('}"),
        "not-a-contract",
    ),
    "no number": (_action("$.info", "{x: .nan}"), "yaml-syntax"),
    "a number without end": (_action("$.info", "{x: " + "9" * 5_000 + "}"), "yaml-syntax"),
    "bytes": (_action("$.info", "{x: !!binary aGVsbG8=}"), "yaml-syntax"),
    "an object of Python": (_action("$.info", "{x: !!python/object:os.system {}}"), "yaml-syntax"),
    "keys that are no text": (_action("$.info", "{1: 2}"), "yaml-syntax"),
    "lists as keys": (_HEAD + "? [a]\n: 1\n", "yaml-syntax"),
    "no text": (b"\xff\xfe", "not-utf-8"),
    "actions that are a number": (_HEAD + "actions: 5\n", "not-an-overlay"),
    "no actions": (_HEAD + "actions:\n", "not-an-overlay"),
    "switched off by a number": (_HEAD + "x-pennyform-switch-off: 5\n", "not-an-overlay"),
    "switched off by an object": (_HEAD + "x-pennyform-switch-off: [{a: 1}]\n", "not-an-overlay"),
    "too much": (_HEAD + "# " + "x" * 1024 * 1024, "too-large"),
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A repository with a contract of its own."""
    (tmp_path / "pennyform.yaml").write_text("version: 1\n")
    folder = tmp_path / "specs"
    (folder / "overlays").mkdir(parents=True)
    (folder / "example").mkdir()
    (folder / "example" / "contract.json").write_bytes(GOOD)
    return Store(folder, tmp_path / "shipped")


def _corrected(store: Store) -> None:
    normalise(store.pinned("example"), read_overlays("example", store, []), unmatched=[])


@pytest.mark.parametrize("name", OVERLAYS)
def test_no_overlay(name: str, store: Store) -> None:
    content, rule = OVERLAYS[name]
    path = store.folder / "overlays" / "example.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(Failure) as refused:
        _corrected(store)
    assert {finding.rule for finding in refused.value.findings} == {rule}


def _link_out(path: Path) -> None:
    outside = path.parents[3] / "outside.yaml"
    outside.write_text(_action("$.info"))
    path.symlink_to(outside)


def _folder_link_out(path: Path) -> None:
    outside = path.parents[3] / "outside"
    outside.mkdir()
    (outside / path.name).write_text(_action("$.info"))
    path.parent.rmdir()
    path.parent.symlink_to(outside)


PLACES: dict[str, Callable[[Path], None]] = {
    "a link out of the repository": _link_out,
    "a folder that is such a link": _folder_link_out,
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a pipe": os.mkfifo,
    "a folder": Path.mkdir,
}


@pytest.mark.parametrize("name", PLACES)
def test_no_file_in_place_of_an_overlay(name: str, store: Store) -> None:
    PLACES[name](store.folder / "overlays" / "example.yaml")
    with pytest.raises(Failure, match="cannot read"):
        _corrected(store)


@pytest.mark.parametrize("name", ["a link out of the repository", "a pipe"])
def test_no_file_in_place_of_a_source_that_a_repository_names(name: str, store: Store) -> None:
    path = store.folder / "example" / "next.json"
    if name == "a pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/etc/hostname")
    with pytest.raises(Failure, match="cannot read"):
        load(path, root=store.folder.parent)


@pytest.mark.parametrize("content", [b"[]", b'{"openapi": "3.0.0"}', b'{"a": NaN}', b"[" * 1000])
def test_no_contract_that_was_pinned_by_hand(content: bytes, store: Store) -> None:
    store.contract_path("example").write_bytes(content)
    with pytest.raises(Failure):
        _corrected(store)


@pytest.mark.parametrize("target", ["$..*..*..*..*", "$" + "[*,*,*]" * 8, "$..*"])
def test_no_action_takes_more_than_the_contract_deserves(target: str) -> None:
    document: dict[str, Any] = {}
    for _ in range(9):
        document = {"a": document, "b": [{}, {}]}
    many = {str(number): number for number in range(20_000)}
    with pytest.raises(Failure, match="takes more than"):
        apply_overlays(document, [{"actions": [{"target": target, "update": many}]}])


def test_steps_grow_with_the_contract() -> None:
    """A target takes as many steps as the values that it looks at."""
    used = []
    for count in (100, 200, 400):
        document = {"paths": {str(number): {"get": {"id": number}} for number in range(count)}}
        budget = Budget(document)
        assert len(select("$.paths.*[?@.id == 7]", document, budget)) == 1
        used.append(budget.used)
    assert used[2] - used[1] == 2 * (used[1] - used[0])


def test_what_holds_still_does(store: Store) -> None:
    """The contract that all of the above is tried on is a sound one, and so is a plain correction."""
    (store.folder / "overlays" / "example.yaml").write_text(_action("$.paths.*.*", "{description: x}"))
    _corrected(store)
