"""From sites to changes: one per cause, with what it means and a fingerprint that stays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from pennyform.results.contract_diff import ChangePlace
from pennyform.spec.diff.comparison.differences import path_of
from pennyform.spec.diff.comparison.kinds import BOTH, RANK, Severity, severity
from pennyform.spec.diff.comparison.operations import Site
from pennyform.spec.diff.report.root_causes import RootCauses, cause_key, scope
from pennyform.spec.diff.schemas.node import SchemaPool, json_text
from pennyform.spec.document.json_types import Json

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
    return sorted((_change(cause) for cause in causes), key=lambda change: change.order)


def _change(sites: list[Site]) -> Change:
    # What is shown and fingerprinted must not depend on the order in which sites were found.
    def order(site: Site) -> tuple[int, str, str, str, str]:
        steps = site.difference.steps
        operation_id = site.operation.operation_id if site.operation else ""
        return len(steps), path_of(steps), operation_id, site.direction, json_text(site.difference.new)

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
