"""Which sites have the same cause: what the vendor changed once, wherever it takes effect.

Two sites have the same cause when they show the same difference and stand in evidently the same schema: the
same object, the same named schema, the same field of the same owner, or an equal schema that says enough to
be recognised by.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pennyform.spec.diff.comparison.differences import ITEMS, Difference, is_mark, is_part
from pennyform.spec.diff.comparison.sites import Site
from pennyform.spec.diff.report.kinds import family
from pennyform.spec.diff.schemas.nodes import Mint

# Kinds that are about a schema: elsewhere the same difference is always the same cause.
_OF_SCHEMAS = (
    "field-",
    "required-field-",
    "object-",
    "type-",
    "nullable-",
    "enum-",
    "limit-",
    "format-",
    "default-",
    "variant-",
    "constraint-",
    "deprecated",
    "undeprecated",
)
# Kinds that name a field, parameter, filter…: its name is part of what changed.
_OF_NAMES = (
    "field-",
    "required-",
    "parameter-",
    "path-parameter-",
    "filter-",
    "sort-",
    "include-",
    "header-",
)


class Causes:
    """Sites joined by whatever evidence they share. Iterating gives the sites of each cause."""

    def __init__(self, mint: Mint) -> None:
        self._mint = mint
        self._parents: dict[Any, Any] = {}
        self._sites: list[tuple[Site, Any]] = []
        self._lists: dict[Any, list[frozenset[str]]] = {}

    def add(self, site: Site) -> None:
        """Put a site to those with the same cause."""
        key = bucket(site.difference)
        evidence = (*_evidence(site, self._mint), *self._similar_list(site.difference, key))
        keys = [(key, item) for item in evidence]
        for other in keys:
            self._parents[self._root(other)] = self._root(keys[0])
        self._sites.append((site, keys[0]))

    def __iter__(self) -> Iterator[list[Site]]:
        groups: dict[Any, list[Site]] = {}
        for site, key in self._sites:
            groups.setdefault(self._root(key), []).append(site)
        return iter(groups.values())

    def _root(self, key: Any) -> Any:
        while (parent := self._parents.setdefault(key, key)) != key:
            key = parent
        return key

    def _similar_list(self, found: Difference, key: Any) -> list[Any]:
        """Lists of values that are mostly alike are one list, kept in several places."""
        if not found.kind.startswith("enum-values-"):
            return []
        values = frozenset(found.shapes[0].values or ())
        known = self._lists.setdefault(key, [])
        for other in known:
            if 2 * len(values & other) >= len(values | other):
                return [("list", other)]
        known.append(values)
        return [("list", values)]


def bucket(found: Difference) -> tuple[str, ...]:
    """What must be equal for two sites to have the same cause."""
    name = found.names[-1] if found.names and found.kind.startswith(_OF_NAMES) else ""
    return family(found.kind), name, found.delta


def _evidence(site: Site, mint: Mint) -> list[Any]:
    found = site.difference
    if not found.kind.startswith(_OF_SCHEMAS):
        return ["the same difference"]
    resource, owner, leaf, _ = scope(site)
    evidence: list[Any] = [("place", owner or resource, leaf)]
    old, new = found.shapes
    if not (old.plain and new.plain):
        evidence.append(("shapes", old, new))
    if found.owners:
        evidence.append(("owners", leaf, found.owners))
    return evidence + [("named", name) for name in sorted(mint.origins(old) | mint.origins(new))]


def scope(site: Site) -> tuple[str, str, str, str]:
    """Resource, owner, field and variant: where a site is, as far as the cause goes and not the operation.

    The items of a page stand for the page's resource; what error answers share belongs to no resource. What
    is about no field is about the operation.
    """
    steps = site.difference.steps
    if not steps and site.operation:
        return " ".join(site.operation.key), "", "", ""
    resource = site.operation.resource if site.operation else ""
    part = steps[0] if steps and is_part(steps[0]) else ""
    steps = steps[1:] if part else steps
    if steps[:2] == ("items", ITEMS) and len(steps) > 2:
        steps = steps[2:]
    names = [step for step in steps if not is_mark(step)]
    owner = names[-2] if len(names) > 1 else part
    variant = "".join(step for step in steps if is_mark(step) and step != ITEMS)
    return "" if part[1:2].isdigit() else resource, owner, names[-1] if names else "", variant
