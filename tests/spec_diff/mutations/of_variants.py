"""Mutations of unions."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from .anatomy import Anatomy, Site
from .mutation import Mutation, edited, of_schema

B, T, A = "breaking", "attention", "additive"
_OTHER = {"type": "object", "properties": {"zz_new": {"type": "string"}}, "required": ["zz_new"]}


def _unions(anatomy: Anatomy, random_: random.Random) -> Iterator[tuple[Site, str, list[dict[str, Any]]]]:
    """Unions of objects with their variants, references followed."""
    sites = anatomy.schemas(lambda site: "anyOf" in site.schema or "oneOf" in site.schema)
    random_.shuffle(sites)
    for site in sites:
        keyword = "anyOf" if "anyOf" in site.schema else "oneOf"
        variants = [_resolved(anatomy, variant) for variant in site.schema[keyword]]
        if all("properties" in variant for variant in variants):
            yield site, keyword, variants


def _resolved(anatomy: Anatomy, schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return dict(anatomy.at(tuple(schema["$ref"].removeprefix("#/").split("/"))))
    return schema


def come(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for site, keyword, _ in _unions(anatomy, random_):
        value = {**site.schema, keyword: [*site.schema[keyword], _OTHER]}
        yield of_schema(anatomy, site, value, ("variant-added",), sent=A, answered=T, leaf="")


def gone(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for site, keyword, _ in _unions(anatomy, random_):
        value = {**site.schema, keyword: site.schema[keyword][1:]}
        yield of_schema(anatomy, site, value, ("variant-removed",), sent=B, answered=A, leaf="")


def moved(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    """A field that only one variant has moves to another one."""
    for site, keyword, variants in _unions(anatomy, random_):
        for origin, target in ((0, 1), (1, 0)):
            own = [
                name for name in variants[origin]["properties"] if name not in variants[target]["properties"]
            ]
            own = [name for name in own if name not in variants[origin].get("required", ())]
            if own and len(variants) == 2 and len(variants[origin]["properties"]) > 3:
                name = random_.choice(own)
                moving = variants[origin]["properties"][name]
                value = edited(
                    {**site.schema, keyword: variants}, (keyword, target, "properties", name), moving
                )
                value = edited(
                    value,
                    (keyword, origin, "properties"),
                    {key: inner for key, inner in variants[origin]["properties"].items() if key != name},
                )
                yield of_schema(anatomy, site, value, ("field-moved",), sent=B, answered=B, leaf=name)
