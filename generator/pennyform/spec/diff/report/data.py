"""A comparison as data: what every rendering of it is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pennyform.spec.diff.report.accepted import Acceptance
from pennyform.spec.diff.report.changes import Change
from pennyform.spec.diff.report.kinds import RANK, Severity
from pennyform.spec.diff.usage.search import Searched
from pennyform.spec.document.json_types import JsonObject

FORMAT_VERSION = 1


def report_data(
    changes: Sequence[Change],
    *,
    old: str,
    new: str,
    accepted: Mapping[str, Acceptance],
    searched: Searched | None = None,
) -> JsonObject:
    """The report as JSON-ready data.

    Args:
        changes: sorted.
        old: what the old contract is called, its file or URL.
        new: what the new one is called.
        accepted: by fingerprint.
        searched: where the changes are used, when that was asked for.
    """
    return {
        "format_version": FORMAT_VERSION,
        "old": old,
        "new": new,
        "summary": _summary(changes, accepted),
        "changes": [_change(change, accepted) for change in changes],
        "unused_accepted": sorted(accepted.keys() - {change.fingerprint for change in changes}),
        "against": _against(searched) if searched else None,
    }


def fails(changes: Sequence[Change], accepted: Mapping[str, Acceptance], limit: Severity | None) -> bool:
    """Whether a change that nobody accepted is as bad as ``limit`` or worse; never without a limit."""
    if limit is None:
        return False
    left = [change for change in changes if change.fingerprint not in accepted]
    return any(RANK[change.severity] <= RANK[limit] for change in left)


def _summary(changes: Sequence[Change], accepted: Mapping[str, Acceptance]) -> dict[str, int]:
    counts = {str(severity): sum(change.severity is severity for change in changes) for severity in Severity}
    return {**counts, "accepted": sum(change.fingerprint in accepted for change in changes)}


def _change(change: Change, accepted: Mapping[str, Acceptance]) -> JsonObject:
    entry = accepted.get(change.fingerprint)
    return {
        "fingerprint": change.fingerprint,
        "severity": str(change.severity),
        "kind": change.kind,
        "operations": list(change.operations),
        "direction": change.direction,
        "path": change.path,
        "old": change.old,
        "new": change.new,
        "places": [
            {"direction": place.direction, "path": place.path, "operations": list(place.operations)}
            for place in change.places
        ],
        "accepted": entry.comment if entry else None,
    }


def _against(searched: Searched) -> JsonObject:
    return {
        "files": searched.files,
        "unread": searched.unread,
        "everywhere": searched.everywhere,
        "uses": [
            {
                "file": use.file,
                "line": use.line,
                "column": use.column,
                "what": use.what,
                "word": use.word,
                "fingerprint": use.fingerprint,
            }
            for use in searched.uses
        ],
    }
