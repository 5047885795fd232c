"""A comparison as it is reported: what every rendering of it is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pennyform.results.contract_diff import (
    ChangePlace,
    ChangeUse,
    ChangeUses,
    ContractChange,
    ContractDiffDocument,
    ContractDiffSummary,
)
from pennyform.results.values import FORMAT_VERSION
from pennyform.spec.diff.report.accepted import Acceptance
from pennyform.spec.diff.report.changes import Change
from pennyform.spec.diff.report.kinds import RANK, Severity
from pennyform.spec.diff.usage.search import Searched


def diff_document(
    changes: Sequence[Change],
    *,
    old: str,
    new: str,
    accepted: Mapping[str, Acceptance],
    searched: Searched | None = None,
) -> ContractDiffDocument:
    """The report of a comparison.

    Args:
        changes: sorted.
        old: what the old contract is called, its file or URL.
        new: what the new one is called.
        accepted: by fingerprint.
        searched: where the changes are used, when that was asked for.
    """
    return ContractDiffDocument(
        format_version=FORMAT_VERSION,
        old=old,
        new=new,
        summary=ContractDiffSummary(
            breaking=sum(change.severity is Severity.BREAKING for change in changes),
            attention=sum(change.severity is Severity.ATTENTION for change in changes),
            additive=sum(change.severity is Severity.ADDITIVE for change in changes),
            accepted=sum(change.fingerprint in accepted for change in changes),
        ),
        changes=tuple(_change(change, accepted) for change in changes),
        unused_accepted=tuple(sorted(accepted.keys() - {change.fingerprint for change in changes})),
        against=_uses(searched) if searched else None,
    )


def fails(changes: Sequence[Change], accepted: Mapping[str, Acceptance], limit: Severity | None) -> bool:
    """Whether a change that nobody accepted is as bad as ``limit`` or worse; never without a limit."""
    if limit is None:
        return False
    left = [change for change in changes if change.fingerprint not in accepted]
    return any(RANK[change.severity] <= RANK[limit] for change in left)


def _change(change: Change, accepted: Mapping[str, Acceptance]) -> ContractChange:
    entry = accepted.get(change.fingerprint)
    return ContractChange(
        fingerprint=change.fingerprint,
        severity=change.severity.value,
        kind=change.kind,
        operations=change.operations,
        direction=change.direction,
        path=change.path,
        old=change.old,
        new=change.new,
        places=tuple(ChangePlace(place.direction, place.path, place.operations) for place in change.places),
        accepted=entry.comment if entry else None,
    )


def _uses(searched: Searched) -> ChangeUses:
    return ChangeUses(
        files=searched.files,
        unread=searched.unread,
        everywhere=tuple(searched.everywhere),
        uses=tuple(
            ChangeUse(use.file, use.line, use.column, use.what, use.word, use.fingerprint)
            for use in searched.uses
        ),
    )
