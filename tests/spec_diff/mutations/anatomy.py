"""Where everything stands in a contract, and who uses it: worked out without the code under test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Pointer = tuple[str | int, ...]
User = tuple[str, str]
"""An operation id and a direction."""

_METHODS = ("get", "put", "post", "delete", "patch")
_BODIES = ("application/json", "multipart/form-data")


@dataclass
class Site:
    """One schema where it is written. ``alone``: nothing beside it says more about the same value."""

    pointer: Pointer
    schema: dict[str, Any]
    users: set[User] = field(default_factory=set)
    alone: bool = True
    in_union: bool = False

    @property
    def name(self) -> str:
        """The field it is the schema of; empty for any other schema."""
        return str(self.pointer[-1]) if self.pointer[-2:-1] == ("properties",) else ""


@dataclass(frozen=True)
class Operation:
    """One operation where it is written."""

    pointer: Pointer
    raw: dict[str, Any]

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.raw["operationId"])


class Anatomy:
    """A contract taken apart."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.sites: dict[Pointer, Site] = {}
        self.operations = [
            Operation(("paths", path, method), item[method])
            for path, item in document["paths"].items()
            for method in _METHODS
            if method in item
        ]
        for operation in self.operations:
            for pointer, direction in _roots(operation, document):
                self._walk(pointer, (operation.id, direction), alone=True, in_union=False, seen=set())

    def schemas(self, wanted: Callable[[Site], bool]) -> list[Site]:
        """The schemas that are used by some operation and wanted, in a fixed order."""
        return [site for _, site in sorted(self.sites.items(), key=_by_pointer) if wanted(site)]

    def at(self, pointer: Pointer) -> Any:
        """What stands at a pointer."""
        found: Any = self.document
        for part in pointer:
            found = found[part]
        return found

    def _walk(self, pointer: Pointer, user: User, *, alone: bool, in_union: bool, seen: set[Pointer]) -> None:
        schema = self.at(pointer)
        if not isinstance(schema, dict) or pointer in seen:
            return
        seen.add(pointer)
        site = self.sites.setdefault(pointer, Site(pointer, schema))
        site.users.add(user)
        site.alone, site.in_union = site.alone and alone, site.in_union or in_union
        if "$ref" in schema:
            target = tuple(schema["$ref"].removeprefix("#/").split("/"))
            self._walk(target, user, alone=alone, in_union=in_union, seen=seen)
        combined = len([member for member in schema.get("allOf", ()) if member]) > 1
        for inner, step in _inner(schema):
            self._walk(
                (*pointer, *inner),
                user,
                alone=not combined if step == "allOf" else step != "union",
                in_union=step == "union" or (in_union and step == "allOf"),
                seen=seen,
            )


def _by_pointer(item: tuple[Pointer, Site]) -> list[str]:
    return list(map(str, item[0]))


def _inner(schema: dict[str, Any]) -> Iterator[tuple[Pointer, str]]:
    for name in schema.get("properties", ()):
        yield ("properties", name), "field"
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield (keyword,), "field"
    for keyword, step in (("allOf", "allOf"), ("anyOf", "union"), ("oneOf", "union")):
        for index in range(len(schema.get(keyword, ()))):
            yield (keyword, index), step


def _roots(operation: Operation, document: dict[str, Any]) -> Iterator[tuple[Pointer, str]]:
    """Every body's schema, with its direction."""
    body = operation.raw.get("requestBody", {})
    for media_type in body.get("content", ()):
        yield (*operation.pointer, "requestBody", "content", media_type, "schema"), "request"
    for status, answer in operation.raw["responses"].items():
        pointer: Pointer = (*operation.pointer, "responses", status)
        content = answer.get("content", ())
        if "$ref" in answer:
            pointer = tuple(answer["$ref"].removeprefix("#/").split("/"))
            content = document["components"]["responses"][pointer[-1]].get("content", ())
        for media_type in content:
            yield (*pointer, "content", media_type, "schema"), "answer"
