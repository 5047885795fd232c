"""Findings that are alike but for the row or the invoice that they are about: reported once, and counted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pennyform.findings import Finding

# So many findings that only have their text in common stay apart: each has a place to be looked at. Those
# that name the row or the invoice that they are about have one cause, however few they are.
_MOST_APART = 3
_MOST_NAMED = 5


class FindingGroup(NamedTuple):
    """The first of some findings that say the same, by place, and those that repeat it."""

    first: Finding
    repeats: tuple[Finding, ...] = ()

    @property
    def also(self) -> str:
        """How many repeats there are, and where the first of them are; "" when there are none."""
        if not self.repeats:
            return ""
        places = ", ".join(_label(finding, self.first) for finding in self.repeats[:_MOST_NAMED])
        more = ", …" if len(self.repeats) > _MOST_NAMED else ""
        return f"{len(self.repeats)} more, {len(self.repeats) + 1} in all: {places}{more}"


def grouped(findings: Iterable[Finding]) -> list[FindingGroup]:
    """``findings`` with those together that say the same, in the order of the first of each."""
    alike: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        alike.setdefault(_key(finding), []).append(finding)
    groups: list[FindingGroup] = []
    for first, *repeats in alike.values():
        if first.subject or len(repeats) >= _MOST_APART:
            groups.append(FindingGroup(first, tuple(repeats)))
        else:
            groups += map(FindingGroup, (first, *repeats))
    return groups if len(groups) == len(alike) else sorted(groups, key=lambda group: group.first.order)


def _key(finding: Finding) -> tuple[str, ...]:
    """What findings have in common that say the same."""
    subject = finding.subject
    # What they are about is named once in each text.
    texts = (finding.summary, finding.detail, finding.fix)
    common = (text.replace(subject, "\0", 1) if subject else text for text in texts)
    return finding.rule, finding.severity, str(bool(subject)), *common


def _label(finding: Finding, first: Finding) -> str:
    """Where ``finding`` is: what it is about, its place, or both where both tell it from ``first``."""
    is_elsewhere = bool(finding.place) and finding.place != first.place
    if not finding.subject or finding.subject not in f"{finding.summary} {finding.detail}":
        return finding.place
    return f"{finding.subject} ({finding.place})" if is_elsewhere else finding.subject
