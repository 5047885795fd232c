"""From sites to changes: one per cause, with what it means and a fingerprint that stays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pennyform.spec.diff.comparison.differences import path_of
from pennyform.spec.diff.comparison.sites import Site
from pennyform.spec.diff.report.kinds import BOTH, RANK, Severity, severity
from pennyform.spec.diff.report.root_causes import Causes, bucket, scope
from pennyform.spec.diff.schemas.nodes import Mint, text

_FINGERPRINT_LENGTH = 12


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
        sides = text([self.old, self.new])
        return RANK[self.severity], self.path, self.direction, self.kind, sides, self.fingerprint


def changes(sites: Iterable[Site], mint: Mint) -> list[Change]:
    """Bring the sites of each cause together, sorted, the worst first.

    Args:
        sites: what two documents differ in.
        mint: made the shapes of both.
    """
    causes = Causes(mint)
    for site in sites:
        causes.add(site)
    return sorted((_change(cause) for cause in causes), key=lambda change: change.order)


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
    return RANK[severity(site.kind, site.direction)]


def _fingerprint(kind: str, classified: Severity, sites: Sequence[Site]) -> str:
    """Twelve hexadecimal digits: the cause, where it takes effect, and how bad it is.

    The severity is part of it: what was accepted as harmless is not accepted once it is breaking.
    """
    identity = text([kind, classified, bucket(sites[0].difference), sorted({*map(scope, sites)})])
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
