"""Small legal contracts: a handful of operations of a pinned one, with everything that they refer to."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator
from functools import cache
from random import Random
from typing import Any, cast

from pennyform.spec import read_overlays
from pennyform.spec.document.overlay import apply_overlays
from pennyform.spec.pin.store import Store

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
Schema = dict[str, Any]


class Document:
    """One contract under change, and what reading it needs. ``used`` counts the kinds of changes made."""

    def __init__(self, json_: Schema, rng: Random) -> None:
        self.json = json_
        self.rng = rng
        self.used: list[str] = []
        # The kinds of changes and of schemas that are made; all if there are none.
        self.only: frozenset[str] = frozenset()
        # Parts of the reasons that operations may be left out for.
        self.excused: set[str] = set()
        # All that the contract said of each operation before the changes.
        self.before = {(path, method): self.closure(path, method) for path, method, _, _ in self.operations()}
        # A base schema with a discriminator -> the schemas that extend it.
        self.children: dict[str, list[str]] = {}
        self._numbers = 0

    @property
    def modern(self) -> bool:
        """Whether it is OpenAPI 3.1."""
        return str(self.json["openapi"]).startswith("3.1")

    def resolve(self, item: Any) -> Any:
        """What an object is, references followed; what stands beside a reference is left out."""
        while isinstance(item, dict) and isinstance(item.get("$ref"), str):
            item = self.at(item["$ref"])
        return item

    def at(self, reference: str) -> Any:
        """What a reference refers to."""
        value: Any = self.json
        for part in reference.removeprefix("#/").split("/"):
            value = value[part.replace("~1", "/").replace("~0", "~")]
        return value

    def add(self, kind: str, item: Any, name: str = "") -> Schema:
        """Put a component into the contract; returns the reference to it."""
        components = self.json.setdefault("components", {}).setdefault(kind, {})
        while not name or name in components:
            self._numbers += 1
            name = f"{name or 'Part'}{self._numbers}"
        components[name] = item
        return {"$ref": f"#/components/{kind}/{name}"}

    def number(self) -> int:
        """A number that no other call gives."""
        self._numbers += 1
        return self._numbers

    def choose(self, kinds: Iterable[str]) -> str:
        """One of some kinds, at random."""
        names = list(kinds)
        return self.rng.choice([name for name in names if name in self.only] or names)

    def use(self, kind: str, excuse: str = "") -> None:
        """Note a kind of change, and why an operation with it may be left out."""
        self.used.append(kind)
        if excuse:
            self.excused.add(excuse)

    def closure(self, path: str, method: str) -> str:
        """All that the contract says of one operation."""
        item = self.resolve(self.json["paths"][path])
        said: list[Any] = [item.get("parameters"), item.get("servers"), item[method]]
        seen: set[str] = set()
        for part in said:
            for reference in _references(part):
                if reference not in seen:
                    seen.add(reference)
                    said.append(self.at(reference))
        return json.dumps(said, sort_keys=True)

    def operations(self) -> Iterator[tuple[str, str, Schema, Schema]]:
        """Path, method, operation and path item, of each operation."""
        for path, item in self.json["paths"].items():
            resolved = self.resolve(item)
            for method in METHODS:
                if method in resolved:
                    yield path, method, resolved[method], resolved

    def parameters(self, item: Schema, operation: Schema) -> list[Schema]:
        """The parameters of an operation: its own take the place of its path's."""
        by_key = {
            (parameter["in"], parameter["name"]): parameter
            for listed in (item.get("parameters", []), operation.get("parameters", []))
            for parameter in map(self.resolve, listed)
        }
        return list(by_key.values())


@cache
def _contract(api: str) -> Schema:
    """A pinned contract with its corrections, without our texts."""
    store = Store.default()
    contract: Schema = apply_overlays(store.pinned(api), read_overlays(api, store))
    return cast("Schema", _without_texts(contract))


def _without_texts(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_texts(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _without_texts(each)
        for key, each in value.items()
        if key != "x-pennyform-component"
        and not (key in ("description", "summary") and isinstance(each, str))
    }


@cache
def _places(api: str) -> tuple[tuple[str, str], ...]:
    paths = _contract(api)["paths"]
    return tuple((path, method) for path, item in paths.items() for method in METHODS if method in item)


@cache
def _referred(api: str, reference: str) -> frozenset[str]:
    """Everything that a reference leads to, itself included."""
    seen: set[str] = set()
    todo = [reference]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += _references(_component(api, name))
    return frozenset(seen)


def _component(api: str, reference: str) -> Any:
    _, _, kind, name = reference.split("/")
    return _contract(api)["components"][kind][name]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        yield from _references(inner)


def cut(rng: Random, share: int = 0) -> Document:
    """Some operations of a real contract, as OpenAPI 3.0 or 3.1 has them.

    Args:
        rng: of the seed.
        share: how many operations; a few when left out.
    """
    api = rng.choice(("company", "company", "company", "firm"))
    contract = _contract(api)
    paths: Schema = {}
    share = min(share or rng.choice((1, 1, 1, 2)), len(_places(api)))
    for path, method in rng.sample(_places(api), share):
        item = contract["paths"][path]
        shared = {key: item[key] for key in ("parameters", "servers") if key in item}
        paths.setdefault(path, shared)[method] = item[method]
    components: Schema = {"securitySchemes": contract["components"].get("securitySchemes", {})}
    for reference in sorted({name for found in _references(paths) for name in _referred(api, found)}):
        _, _, kind, name = reference.split("/")
        components.setdefault(kind, {})[name] = _component(api, reference)
    info = {key: value for key, value in contract["info"].items() if not key.startswith("x-")}
    made = copy.deepcopy({**contract, "info": info, "paths": paths, "components": components})
    if rng.random() < 0.5:
        made = _modernised(made)
        made["openapi"] = rng.choice(("3.1.0", "3.1.1"))
    return Document(made, rng)


def _modernised(value: Any) -> Any:
    """The same contract in the words of OpenAPI 3.1, which has no ``nullable``."""
    if isinstance(value, list):
        return [_modernised(each) for each in value]
    if not isinstance(value, dict):
        return value
    made = {key: _modernised(each) for key, each in value.items()}
    if made.get("nullable") is True:
        del made["nullable"]
        if isinstance(made.get("type"), str) and "enum" not in made:
            made["type"] = [made["type"], "null"]
        elif "enum" in made:
            nullable = {**made, "enum": [*(each for each in made["enum"] if each is not None), None]}
            return nullable | ({"type": [made["type"], "null"]} if "type" in made else {})
        else:
            made = {"anyOf": [made, {"type": "null"}]}
    return made
