"""Changes that someone has looked at and accepted: fingerprints in a file, each with the reason.

One per line, ``73eecec6562e  we do not branch on this status``. Blank lines and lines that begin with ``#``
say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pennyform.findings import Failure, Finding, Severity, tidy
from pennyform.spec.diff.report.changes import Change

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
                Severity.ERROR,
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
                Severity.WARNING,
                f"{entry.fingerprint} is accepted, but no change has this fingerprint",
                file=entry.file,
                line=entry.line,
                column=1,
                detail="It would accept the same change when it comes again.",
                fix="Remove the line.",
            )
