"""A comparison as the record that every rendering of it is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pennyform.results.contract_diff import (
    ChangeUses,
    ContractChange,
    ContractDiffDocument,
    ContractDiffSummary,
)
from pennyform.spec.diff.comparison.kinds import RANK, Severity
from pennyform.spec.diff.report.accepted import Acceptance
from pennyform.spec.diff.report.changes import Change


def diff_document(
    changes: Sequence[Change],
    *,
    old: str,
    new: str,
    accepted: Mapping[str, Acceptance],
    uses: ChangeUses | None = None,
) -> ContractDiffDocument:
    """The comparison as a record.

    Args:
        changes: sorted.
        old: what the old contract is called, its file or URL.
        new: what the new one is called.
        accepted: by fingerprint.
        uses: where the changes are used, when that was asked for.
    """
    fingerprints = {change.fingerprint for change in changes}
    return ContractDiffDocument(
        format_version=1,
        old=old,
        new=new,
        summary=ContractDiffSummary(
            breaking=sum(change.severity is Severity.BREAKING for change in changes),
            attention=sum(change.severity is Severity.ATTENTION for change in changes),
            additive=sum(change.severity is Severity.ADDITIVE for change in changes),
            accepted=sum(change.fingerprint in accepted for change in changes),
        ),
        changes=tuple(
            ContractChange(
                fingerprint=change.fingerprint,
                severity=change.severity.value,
                kind=change.kind,
                operations=change.operations,
                direction=change.direction,
                path=change.path,
                old=change.old,
                new=change.new,
                places=change.places,
                accepted=accepted[change.fingerprint].comment if change.fingerprint in accepted else None,
            )
            for change in changes
        ),
        unused_accepted=tuple(sorted(accepted.keys() - fingerprints)),
        against=uses,
    )


def is_failure(changes: Sequence[Change], accepted: Mapping[str, Acceptance], limit: Severity | None) -> bool:
    """Whether a change that nobody accepted is as bad as ``limit`` or worse; never without a limit."""
    return limit is not None and any(
        RANK[change.severity] <= RANK[limit] for change in changes if change.fingerprint not in accepted
    )
