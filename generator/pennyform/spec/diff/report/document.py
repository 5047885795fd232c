"""A comparison as the record that renderings are made from, and the changes that someone has accepted.

Accepted are fingerprints in a file, one per line with the reason: ``73eecec6562e  we do not branch on this
status``. Blank lines and lines that begin with ``#`` say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pennyform.findings import Failure, Finding, tidy
from pennyform.findings import Severity as FindingSeverity
from pennyform.results.contract_diff import (
    ChangeUses,
    ContractChange,
    ContractDiffDocument,
    ContractDiffSummary,
    MovedName,
)
from pennyform.spec.diff.comparison.kinds import RANK, Severity
from pennyform.spec.diff.report.changes import Change


def diff_document(
    changes: Sequence[Change],
    *,
    old: str,
    new: str,
    accepted: Mapping[str, Acceptance],
    uses: ChangeUses | None = None,
    moved: Sequence[MovedName] | None = None,
) -> ContractDiffDocument:
    """The comparison as a record.

    Args:
        changes: sorted.
        old: what the old contract is called, its file or URL.
        new: what the new one is called.
        accepted: by fingerprint.
        uses: where the changes are used, when that was asked for.
        moved: the names of the client that move, where its names are known.
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
        names=None if moved is None else tuple(moved),
        against=uses,
    )


def is_failure(changes: Sequence[Change], accepted: Mapping[str, Acceptance], limit: Severity | None) -> bool:
    """Whether a change that nobody accepted is as bad as ``limit`` or worse; never without a limit."""
    return limit is not None and any(
        RANK[change.severity] <= RANK[limit] for change in changes if change.fingerprint not in accepted
    )


_FINGERPRINT = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One accepted change: why, and where that is written."""

    fingerprint: str
    comment: str
    file: str
    line: int


def read_accepted(content: str, *, file: str) -> dict[str, Acceptance]:
    """Read a file of accepted fingerprints.

    Args:
        content: the file's text.
        file: its name, for findings.

    Raises:
        Failure: a line has no fingerprint or no reason, or repeats one; every such line is a finding.
    """
    accepted: dict[str, Acceptance] = {}
    findings: list[Finding] = []
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        fingerprint, _, comment = line.strip().partition(" ")
        entry = Acceptance(fingerprint, comment.strip().lstrip("#").strip(), file, number)
        if not _FINGERPRINT.fullmatch(fingerprint):
            problem = f"{fingerprint!r} is not a fingerprint of 12 hexadecimal digits"
        elif not entry.comment:
            problem = f"{fingerprint} has no reason beside it"
        elif fingerprint in accepted:
            problem = f"{fingerprint} stands in line {accepted[fingerprint].line} already"
        else:
            accepted[fingerprint] = entry
            continue
        findings.append(
            Finding(
                "accepted-changes",
                FindingSeverity.ERROR,
                problem,
                file=file,
                line=number,
                column=1,
                detail="An acceptance that cannot be read accepts nothing.",
                fix="Write the fingerprint that 'spec diff' prints, a space, and the reason.",
            )
        )
    if findings:
        raise Failure(tidy(findings))
    return accepted


def unused_acceptances(accepted: Mapping[str, Acceptance], changes: Iterable[Change]) -> Iterator[Finding]:
    """A warning for each accepted fingerprint that no change has."""
    fingerprints = {change.fingerprint for change in changes}
    for entry in accepted.values():
        if entry.fingerprint not in fingerprints:
            yield Finding(
                "unused-acceptance",
                FindingSeverity.WARNING,
                f"{entry.fingerprint} is accepted, but no change has this fingerprint",
                file=entry.file,
                line=entry.line,
                column=1,
                detail="It would accept the same change when it comes again.",
                fix="Remove the line.",
            )
