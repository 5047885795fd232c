"""From sites to causes: what the vendor changed once is one change, wherever it takes effect.

Two sites have the same cause when they show the same difference and stand in evidently the same schema: the
same object, the same named schema, the same field of the same owner, or an equal schema that says enough to
be recognised by.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pennyform.spec.diff.differences import ITEMS, Difference, is_mark, is_part, path_of
from pennyform.spec.diff.kinds import ANSWER, BOTH, RANK, REQUEST, Severity, family, severity
from pennyform.spec.diff.shapes import Mint, text
from pennyform.spec.diff.sites import Site

_FINGERPRINT_LENGTH = 12
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


@dataclass(frozen=True, slots=True)
class Place:
    """A path inside requests or answers, and the operations that have it there."""

    direction: str
    path: str
    operations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One cause: where it takes effect, what it means for callers. ``old`` and ``new`` are JSON values."""

    fingerprint: str
    severity: Severity
    kind: str
    operations: tuple[str, ...]
    direction: str
    path: str
    old: Any
    new: Any
    places: tuple[Place, ...]
    sites: tuple[Site, ...] = field(repr=False)

    @property
    def order(self) -> tuple[Any, ...]:
        """The worst first, then by place."""
        return RANK[self.severity], self.path, self.direction, self.kind, self.fingerprint


def changes(sites: Iterable[Site], mint: Mint) -> list[Change]:
    """Bring the sites of each cause together, sorted, the worst first.

    Args:
        sites: what two documents differ in.
        mint: made the shapes of both.
    """
    groups = _Groups()
    for site in sites:
        groups.add(site, _evidence(site, mint))
    return sorted((_change(group) for group in groups), key=lambda change: change.order)


class _Groups:
    """Sites joined by whatever evidence they share."""

    def __init__(self) -> None:
        self._parents: dict[Any, Any] = {}
        self._sites: list[tuple[Site, Any]] = []
        self._lists: dict[Any, list[frozenset[str]]] = {}

    def add(self, site: Site, evidence: Sequence[Any]) -> None:
        bucket = _bucket(site.difference)
        keys = [(bucket, item) for item in (*evidence, *self._similar_list(site.difference, bucket))]
        for key in keys:
            self._parents[self._root(key)] = self._root(keys[0])
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

    def _similar_list(self, found: Difference, bucket: Any) -> list[Any]:
        """Lists of values that are mostly alike are one list, kept in several places."""
        if not found.kind.startswith("enum-values-"):
            return []
        values = frozenset(found.shapes[0].values or ())
        known = self._lists.setdefault(bucket, [])
        for other in known:
            if 2 * len(values & other) >= len(values | other):
                return [("list", other)]
        known.append(values)
        return [("list", values)]


def _bucket(found: Difference) -> tuple[str, ...]:
    """What must be equal for two sites to have the same cause."""
    name = found.names[-1] if found.names and found.kind.startswith(_OF_NAMES) else ""
    return family(found.kind), name, found.delta


def _evidence(site: Site, mint: Mint) -> list[Any]:
    found = site.difference
    if not found.kind.startswith(_OF_SCHEMAS):
        return ["the same difference"]
    resource, owner, leaf, _ = _scope(site)
    evidence: list[Any] = [("place", owner or resource, leaf)]
    old, new = found.shapes
    if not (old.plain and new.plain):
        evidence.append(("shapes", old, new))
    if found.owners:
        evidence.append(("owners", leaf, found.owners))
    return evidence + [("named", name) for name in sorted(mint.origins(old) & mint.origins(new))]


def _scope(site: Site) -> tuple[str, str, str, str]:
    """Resource, owner, field and variant: where a site is, as far as the cause goes and not the operation.

    The items of a page stand for the page's resource; what error answers share belongs to no resource.
    """
    steps = site.difference.steps
    resource = site.operation.resource if site.operation else ""
    part = steps[0] if steps and is_part(steps[0]) else ""
    steps = steps[1:] if part else steps
    if steps[:2] == ("items", ITEMS) and len(steps) > 2:
        steps = steps[2:]
    names = [step for step in steps if not is_mark(step)]
    owner = names[-2] if len(names) > 1 else part
    variant = "".join(step for step in steps if is_mark(step) and step != ITEMS)
    return "" if part[1:2].isdigit() else resource, owner, names[-1] if names else "", variant


def _change(sites: list[Site]) -> Change:
    sites = sorted(sites, key=_site_order)
    weighed = sorted({(_weight(site), site.kind) for site in sites})
    kind = weighed[0][1]
    classified = next(weight for weight in Severity if RANK[weight] == weighed[0][0])
    shown = next(site for site in sites if (_weight(site), site.kind) == weighed[0])
    return Change(
        fingerprint=_fingerprint(kind, classified, sites),
        severity=classified,
        kind=kind,
        operations=_operations(sites),
        direction=_direction(sites),
        path=_path(shown, sites),
        old=shown.difference.old,
        new=shown.difference.new,
        places=tuple(_places(sites)),
        sites=tuple(sites),
    )


def _site_order(site: Site) -> tuple[Any, ...]:
    path = path_of(site.difference.steps)
    return len(site.difference.steps), path, _operation_id(site), site.direction, text(site.difference.new)


def _weight(site: Site) -> int:
    directions = (REQUEST, ANSWER) if site.direction == BOTH else (site.direction,)
    return RANK[severity(site.kind, directions)]


def _fingerprint(kind: str, classified: Severity, sites: Sequence[Site]) -> str:
    """Twelve hexadecimal digits: the cause, where it takes effect, and how bad it is.

    The severity is part of it: what was accepted as harmless is not accepted once it is breaking.
    """
    scopes = sorted({_scope(site) for site in sites}) if kind.startswith((*_OF_SCHEMAS, *_OF_NAMES)) else []
    identity = text([kind, classified, _bucket(sites[0].difference), scopes])
    return hashlib.sha256(identity.encode("ascii")).hexdigest()[:_FINGERPRINT_LENGTH]


def _direction(sites: Iterable[Site]) -> str:
    found = {site.direction for site in sites}
    return found.pop() if len(found) == 1 else BOTH


def _operation_id(site: Site) -> str:
    return site.operation.operation_id if site.operation else ""


def _operations(sites: Iterable[Site]) -> tuple[str, ...]:
    return tuple(sorted({site.operation.operation_id for site in sites if site.operation}))


def _path(shown: Site, sites: Iterable[Site]) -> str:
    """The field's path; for what concerns operations, their path when they share one."""
    if shown.difference.steps:
        return path_of(shown.difference.steps)
    paths = {site.operation.path for site in sites if site.operation}
    return paths.pop() if len(paths) == 1 else ""


def _places(sites: Iterable[Site]) -> Iterator[Place]:
    found: dict[tuple[str, str], list[Site]] = {}
    for site in sites:
        found.setdefault((site.direction, path_of(site.difference.steps)), []).append(site)
    for (direction, path), here in sorted(found.items()):
        yield Place(direction, path, _operations(here))
