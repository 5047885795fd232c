"""Findings that are alike but for the row or the invoice that they are about: reported once, and counted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pennyform.findings import Finding

# So many findings that only have their text in common stay apart: each has a place to be looked at. Those
# that name the row or the invoice that they are about have one cause, however few they are.
_MOST_APART = 3
# So many cells of a data file, or findings that differ in numbers and dates only, stay apart: each may need
# another fix.
_MOST_CELLS = 10
_MOST_NAMED = 5
# A value as findings quote it.
_VALUE = re.compile(r"`[^`]*`|'[^']*'")
# What a fix proposes to write in a cell.
_NUMBER = re.compile(r"\d[\d.,]*")
# The same, beside names and other values as they are quoted.
_QUOTED_OR_NUMBER = rf"({_VALUE.pattern})|{_NUMBER.pattern}"
# The same, beside words that have a letter too, such as the path of a definition.
_NAMED_OR_NUMBER = rf"({_VALUE.pattern}|(?<!\S)\S*[^\W\d_]\S*)|{_NUMBER.pattern}"


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


def grouped(findings: Iterable[Finding], *, by_line: bool = True) -> list[FindingGroup]:
    """``findings`` with those together that say the same, in the order of the first of each.

    Args:
        findings: in their order.
        by_line: they are shown at their lines, where numbers and dates that differ are worth reading.
    """
    alike: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        alike.setdefault(_key(finding), []).append(finding)
    merged = _merged(alike.values(), by_line=by_line)
    groups = [group for sames in merged for group in _groups(sames, by_line=by_line)]
    return groups if len(groups) == len(merged) else sorted(groups, key=lambda group: group.first.order)


def _merged(alike: Iterable[list[Finding]], *, by_line: bool) -> list[list[list[Finding]]]:
    """``alike``, lists of findings of one text each, with those together that differ in values only."""
    merged: dict[tuple[str, ...], list[list[Finding]]] = {}
    for same in alike:
        merged.setdefault(_key_without_values(same[0], by_line=by_line), []).append(same)
    return list(merged.values())


def _groups(sames: list[list[Finding]], *, by_line: bool) -> Iterator[FindingGroup]:
    """The groups of findings that differ at most in values; a list has one text."""
    number, has_subject = sum(map(len, sames)), bool(sames[0][0].subject)
    if len(sames) > 1 and (number > _MOST_CELLS or (has_subject and by_line)):
        first, *repeats = sorted((finding for same in sames for finding in same), key=_order_of_rows)
        yield FindingGroup(first, tuple(repeats))
        return
    if len(sames) > 1 and has_subject:
        # Numbers that differ keep a few of them apart, quoted values do not.
        for quoting in _merged(sames, by_line=True):
            yield from _groups(quoting, by_line=True)
        return
    for first, *repeats in sames:
        if first.subject or len(repeats) >= _MOST_APART:
            yield FindingGroup(first, tuple(repeats))
        else:
            yield from map(FindingGroup, (first, *repeats))


def _order_of_rows(finding: Finding) -> tuple[object, ...]:
    """By place; at one place, by the row, whose number counts as a number."""
    digits = re.findall(r"\d+", finding.subject)
    return finding.file, finding.line, finding.column, [int(number) for number in digits], finding.order


def _key(finding: Finding) -> tuple[str, ...]:
    """What findings have in common that say the same."""
    subject = finding.subject
    # What they are about is named once in each text.
    texts = (finding.summary, finding.detail, finding.fix)
    common = (text.replace(subject, "\0", 1) if subject else text for text in texts)
    return finding.rule, finding.severity, str(bool(subject)), *common


def _key_without_values(finding: Finding, *, by_line: bool) -> tuple[str, ...]:
    """The same without the values of rows: what findings at one place quote, or at cells of one file.

    At one place and in other files it is without numbers and dates too, unless they are shown at their lines.
    """
    rule, severity, has_subject, summary, detail, fix = _key(finding)
    if finding.subject:
        texts = (*(_VALUE.sub("", text) for text in (summary, detail)), fix, finding.place)
        if not by_line:
            texts = (*(re.sub(_NAMED_OR_NUMBER, r"\1", text) for text in texts[:3]), finding.place)
    elif finding.file.endswith(".csv"):
        texts = (_VALUE.sub("", summary), detail, _NUMBER.sub("", _VALUE.sub("", fix)), finding.file)
    elif by_line:
        texts = (summary, detail, fix, "")
    else:
        texts = (*(re.sub(_QUOTED_OR_NUMBER, r"\1", text) for text in (summary, detail, fix)), "")
    return rule, severity, has_subject, *texts


def _label(finding: Finding, first: Finding) -> str:
    """Where ``finding`` is: what it is about, its place, or both where both tell it from ``first``."""
    is_elsewhere = bool(finding.place) and finding.place != first.place
    is_named = finding.subject in f"{finding.summary} {finding.detail}"
    if not finding.subject or (is_elsewhere and not is_named):
        return finding.place
    return f"{finding.subject} ({finding.place})" if is_elsewhere else finding.subject
