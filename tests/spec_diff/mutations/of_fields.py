"""Mutations of objects and their fields."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from .anatomy import Anatomy, Site
from .mutation import Mutation, of_schema

NEW = "zz_new"
B, T, A = "breaking", "attention", "additive"
Schema = dict[str, Any]


def _objects(anatomy: Anatomy, random_: random.Random, *, in_union: bool = False) -> list[Site]:
    sites = anatomy.schemas(
        lambda site: len(site.schema.get("properties", ())) > 2 and site.alone and site.in_union is in_union
    )
    random_.shuffle(sites)
    return sites


def _fields(anatomy: Anatomy, random_: random.Random, *, required: bool) -> Iterator[tuple[Site, str]]:
    """Objects, each with one of its fields."""
    for site in _objects(anatomy, random_):
        names = [name for name in site.schema["properties"] if (name in _required(site)) is required]
        if names:
            yield site, random_.choice(names)


def _required(site: Site) -> list[str]:
    return list(site.schema.get("required", ()))


def _with(site: Site, properties: Schema, required: list[str]) -> Schema:
    return {**site.schema, "properties": properties, "required": required}


def _without(site: Site, name: str) -> Schema:
    properties = {key: value for key, value in site.schema["properties"].items() if key != name}
    return _with(site, properties, [key for key in _required(site) if key != name])


def removed(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for required in (True, False):
        for site, name in _fields(anatomy, random_, required=required):
            yield of_schema(
                anatomy, site, _without(site, name), ("field-removed",), sent=B, answered=B, leaf=name
            )


def renamed(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for site, name in _fields(anatomy, random_, required=False):
        properties = {NEW if key == name else key: value for key, value in site.schema["properties"].items()}
        value = _with(site, properties, _required(site))
        yield of_schema(anatomy, site, value, ("field-renamed",), sent=B, answered=B, leaf=name)


def renamed_required(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for site, name in _fields(anatomy, random_, required=True):
        properties = {NEW if key == name else key: value for key, value in site.schema["properties"].items()}
        value = _with(site, properties, [NEW if key == name else key for key in _required(site)])
        yield of_schema(anatomy, site, value, ("field-renamed",), sent=B, answered=B, leaf=name)


def renamed_out_of_order(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for site, name in _fields(anatomy, random_, required=False):
        if list(site.schema["properties"])[-1] == name:
            continue
        left = _without(site, name)
        left["properties"][NEW] = site.schema["properties"][name]
        kinds = ("field-removed", "field-added")
        yield of_schema(anatomy, site, left, kinds, sent=B, answered=B, leaf=name)


def added(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for site in _objects(anatomy, random_):
        properties = {**site.schema["properties"], NEW: {"type": "string"}}
        value = _with(site, properties, _required(site))
        yield of_schema(anatomy, site, value, ("field-added",), sent=A, answered=A, leaf=NEW)


def added_first(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for site in _objects(anatomy, random_):
        properties = {NEW: {"type": "array", "items": {"type": "integer"}}, **site.schema["properties"]}
        value = _with(site, properties, _required(site))
        yield of_schema(anatomy, site, value, ("field-added",), sent=A, answered=A, leaf=NEW)


def added_required(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for site in _objects(anatomy, random_):
        properties = {**site.schema["properties"], NEW: {"type": "string"}}
        value = _with(site, properties, [*_required(site), NEW])
        sent = any(direction == "request" for _, direction in site.users)
        kind = "required-field-added" if sent else "field-added"
        yield of_schema(anatomy, site, value, (kind,), sent=B, answered=A, leaf=NEW)


def required(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for site, name in _fields(anatomy, random_, required=False):
        value = {**site.schema, "required": [*_required(site), name]}
        yield of_schema(anatomy, site, value, ("field-required",), sent=B, answered=A, leaf=name)


def optional(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for site, name in _fields(anatomy, random_, required=True):
        value = {**site.schema, "required": [key for key in _required(site) if key != name]}
        yield of_schema(anatomy, site, value, ("field-optional",), sent=A, answered=B, leaf=name)


def opened(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for site in _objects(anatomy, random_):
        if site.schema.get("additionalProperties") is False:
            value = {**site.schema, "additionalProperties": True}
            yield of_schema(anatomy, site, value, ("object-opened",), sent=A, answered=A)


def closed(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for site in _objects(anatomy, random_):
        if site.schema.get("additionalProperties", True) is True:
            value = {**site.schema, "additionalProperties": False}
            yield of_schema(anatomy, site, value, ("object-closed",), sent=B, answered=A)


def hidden_from_requests(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    """Read-only means: no longer to be sent."""
    for site, name in _fields(anatomy, random_, required=False):
        if {direction for _, direction in site.users} == {"request"}:
            inner = {"allOf": [site.schema["properties"][name]], "readOnly": True}
            value = _with(site, {**site.schema["properties"], name: inner}, _required(site))
            yield of_schema(anatomy, site, value, ("field-removed",), sent=B, answered=A, leaf=name)


def removed_from_a_variant(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for site in _variants(anatomy, random_):
        name = random_.choice(list(site.schema["properties"]))
        yield of_schema(
            anatomy, site, _without(site, name), ("field-removed",), sent=B, answered=B, leaf=name
        )


def added_to_a_variant(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for site in _variants(anatomy, random_):
        value = _with(site, {**site.schema["properties"], NEW: {"type": "string"}}, _required(site))
        yield of_schema(anatomy, site, value, ("field-added",), sent=A, answered=A, leaf=NEW)


def _variants(anatomy: Anatomy, random_: random.Random) -> list[Site]:
    """Variants that have enough of their own not to be taken for another one."""
    sites = anatomy.schemas(lambda site: site.in_union and len(site.schema.get("properties", ())) > 4)
    random_.shuffle(sites)
    return sites
