"""From sites to changes: one per root cause, with what it means and a fingerprint that stays.

A root cause is what the vendor changed once, wherever it takes effect. Two sites have the same cause when
they show the same difference and stand in evidently the same schema: the same object, the same named schema,
the same field of the same owner, or an equal schema that says enough to be recognised by.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field

from pennyform.results.contract_diff import ChangePlace
from pennyform.spec.diff.comparison.differences import ITEMS, Difference, is_mark, is_part, path_of
from pennyform.spec.diff.comparison.kinds import BOTH, RANK, Severity, family, severity
from pennyform.spec.diff.comparison.operations import Site
from pennyform.spec.diff.schemas.node import SchemaPool, json_text
from pennyform.spec.document.json_types import Json

# Kinds that are about a schema: elsewhere the same difference is always the same cause.
_SCHEMA_KINDS = (
    *("field-", "required-field-", "object-", "type-", "nullable-", "enum-", "limit-", "format-", "default-"),
    *("variant-", "constraint-", "deprecated", "undeprecated", "unknown-keyword-"),
)
# Kinds that name a field, parameter, filter…: its name is part of what changed.
_NAMED_KINDS = (
    *("field-", "required-", "parameter-", "path-parameter-", "filter-", "sort-", "include-", "header-"),
)


_GROUPING = "grouping the changes"


class RootCauses:
    """Groups sites by whatever evidence they share (union-find). Iterating gives the sites of each cause."""

    def __init__(self, pool: SchemaPool) -> None:
        self._pool = pool
        self._parents: dict[Hashable, Hashable] = {}
        self._sites: list[tuple[Site, Hashable]] = []
        self._lists: dict[Hashable, list[frozenset[str]]] = {}

    def add(self, site: Site) -> None:
        """Put a site to those with the same cause."""
        cause = cause_key(site.difference)
        keys = [(cause, item) for item in self._evidence(site, cause)]
        self._pool.budget.draw(len(keys), _GROUPING)
        for key in keys:
            self._parents[self._root(key)] = self._root(keys[0])
        self._sites.append((site, keys[0]))

    def __iter__(self) -> Iterator[list[Site]]:
        groups: dict[Hashable, list[Site]] = {}
        for site, key in self._sites:
            groups.setdefault(self._root(key), []).append(site)
        return iter(groups.values())

    def _root(self, key: Hashable) -> Hashable:
        while (parent := self._parents.setdefault(key, key)) != key:
            # Halving the way as it is gone keeps all ways short.
            self._parents[key] = self._parents.setdefault(parent, parent)
            key = parent
        return key

    def _evidence(self, site: Site, cause: Hashable) -> list[Hashable]:
        difference = site.difference
        if not difference.kind.startswith(_SCHEMA_KINDS):
            return ["the same difference"]
        resource, owner, leaf, _ = scope(site)
        evidence: list[Hashable] = [("place", owner or resource, leaf)]
        old, new = difference.schemas
        if not (old.is_trivial and new.is_trivial):
            evidence.append(("schemas", old, new))
        if difference.owners:
            evidence.append(("owners", leaf, difference.owners))
        origins = self._pool.origins(old) | self._pool.origins(new)
        evidence += [("named", name) for name in sorted(origins)]
        if difference.kind.startswith("enum-values-"):
            # Lists of values that are mostly alike are one list, maintained in several places.
            values = frozenset(old.values or ())
            lists = self._lists.setdefault(cause, [])
            self._pool.budget.draw(1 + sum(map(len, lists)) // 8, _GROUPING)
            alike = (known for known in lists if 2 * len(values & known) >= len(values | known))
            known = next(alike, None)
            if known is None:
                lists.append(values)
            evidence.append(("list", values if known is None else known))
        return evidence


def cause_key(difference: Difference) -> tuple[str, ...]:
    """What must be equal for two sites to have the same cause."""
    named = difference.names and difference.kind.startswith(_NAMED_KINDS)
    return family(difference.kind), difference.names[-1] if named else "", difference.delta


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
    of_error = part[1:2].isdigit()
    return "" if of_error else resource, owner, names[-1] if names else "", variant


_FINGERPRINT_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Change:
    """One cause: where it takes effect, what it means for callers. ``old`` and ``new`` are JSON values."""

    fingerprint: str
    severity: Severity
    kind: str
    operations: tuple[str, ...]
    direction: str
    path: str
    old: Json
    new: Json
    places: tuple[ChangePlace, ...]
    sites: tuple[Site, ...] = field(repr=False)

    @property
    def order(self) -> tuple[int, str, str, str, str, str]:
        """The worst first, then by place."""
        sides = json_text([self.old, self.new])
        return RANK[self.severity], self.path, self.direction, self.kind, sides, self.fingerprint


def group_changes(sites: Iterable[Site], pool: SchemaPool) -> list[Change]:
    """Bring the sites of each cause together, sorted, the worst first.

    Args:
        sites: what two documents differ in.
        pool: the one that both were read into.
    """
    causes = RootCauses(pool)
    for site in sites:
        causes.add(site)
    texts = _Texts()
    return sorted((_change(cause, texts) for cause in causes), key=lambda change: change.order)


class _Texts:
    """JSON values as text. The sites of one cause mostly share the value, which is written out once."""

    def __init__(self) -> None:
        # The values are kept, as another one could get the place in memory of one that is gone.
        self._known: dict[int, tuple[Json, str]] = {}

    def of(self, value: Json) -> str:
        if id(value) not in self._known:
            self._known[id(value)] = (value, json_text(value))
        return self._known[id(value)][1]


def _change(sites: list[Site], texts: _Texts) -> Change:
    # What is shown and fingerprinted must not depend on the order in which sites were found.
    def order(site: Site) -> tuple[int, str, str, str, str]:
        steps = site.difference.steps
        operation_id = site.operation.operation_id if site.operation else ""
        return len(steps), path_of(steps), operation_id, site.direction, texts.of(site.difference.new)

    sites = sorted(sites, key=order)
    # The worst of what it means in any place is what it means.
    worst = min(sites, key=lambda site: (RANK[severity(site.kind, site.direction)], site.kind))
    kind, classified = worst.kind, severity(worst.kind, worst.direction)
    # The fingerprint: the cause, where it takes effect, and how bad it is. What was accepted as harmless is
    # not accepted once it is breaking.
    identity = json_text([kind, classified, cause_key(sites[0].difference), sorted({*map(scope, sites)})])
    path = path_of(worst.difference.steps)
    if not path:
        paths = {site.operation.path for site in sites if site.operation}
        path = paths.pop() if len(paths) == 1 else ""
    places: dict[tuple[str, str], list[Site]] = {}
    for site in sites:
        places.setdefault((site.direction, path_of(site.difference.steps)), []).append(site)
    directions = {site.direction for site in sites}
    return Change(
        fingerprint=hashlib.sha256(identity.encode("ascii")).hexdigest()[:_FINGERPRINT_LENGTH],
        severity=classified,
        kind=kind,
        operations=_operation_ids(sites),
        direction=directions.pop() if len(directions) == 1 else BOTH,
        path=path,
        old=worst.difference.old,
        new=worst.difference.new,
        places=tuple(
            ChangePlace(direction, inner_path, _operation_ids(sites_there))
            for (direction, inner_path), sites_there in sorted(places.items())
        ),
        sites=tuple(sites),
    )


def _operation_ids(sites: Iterable[Site]) -> tuple[str, ...]:
    return tuple(sorted({site.operation.operation_id for site in sites if site.operation}))
