"""Findings for people: the place, the sentence, the source line with a caret, why, and the fix."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence

from pennyform.findings import Finding, Severity
from pennyform.report.findings.grouping import FindingGroup, grouped
from pennyform.report.shared.ansi import Ansi
from pennyform.text import source_line

SourceLine = Callable[[str, int], str | None]
"""Gives the line of a file, counted from 1, or None when it cannot be shown."""

_WIDEST_SOURCE = 100
_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def render(findings: Iterable[Finding], source: SourceLine, ansi: Ansi = Ansi()) -> str:  # noqa: B008
    """All ``findings`` as text, one block for those that say the same; "" when there are none."""
    return "".join(_block(group, source, ansi) for group in grouped(findings))


def counted(findings: Sequence[Finding]) -> str:
    """How many there are of each severity: ``2 errors, 1 warning``; ``no findings``."""
    counts = [(sum(finding.severity is severity for finding in findings), severity) for severity in Severity]
    words = [f"{count} {severity}{'' if count == 1 else 's'}" for count, severity in counts if count]
    return ", ".join(words) or "no findings"


def remarks(finding: Finding) -> list[tuple[str, str]]:
    """Why it matters and what to do, as far as the finding says so, each with its label."""
    return [(label, text) for label, text in (("why:", finding.detail), ("fix:", finding.fix)) if text]


def message(finding: Finding, also: str = "") -> str:
    """Everything that a finding says, in lines; ``also`` is where others say the same."""
    fix = f"Fix: {finding.fix}" if finding.fix else ""
    repeats = f"Also: {also}" if also else ""
    return "\n".join(text for text in (finding.summary, finding.detail, fix, repeats) if text)


def _block(group: FindingGroup, source: SourceLine, ansi: Ansi) -> str:
    finding = group.first
    colour = _COLOURS[finding.severity]
    place = f"{finding.place}: " if finding.place else ""
    lines = [f"{place}{ansi(finding.severity, colour, 'bold')} {finding.rule}: {finding.summary}"]
    line = source(finding.file, finding.line) if finding.line else None
    if line is not None:
        column = finding.column
        # Of a long line, the part around the column. Only that part is looked at: a line may have a megabyte,
        # and a finding at each of its columns.
        start = 0 if column <= _WIDEST_SOURCE // 2 else column - _WIDEST_SOURCE // 2
        visible = source_line(line[start : start + _WIDEST_SOURCE])
        # Wide characters (Chinese, most emoji) take two columns of a terminal (UAX #11); a tab as many as
        # it does above.
        indent = "".join(
            "\t" if character == "\t" else "  " if unicodedata.east_asian_width(character) in "WF" else " "
            for character in visible[: column - 1 - start]
        )
        number = str(finding.line)
        caret = ansi("^", colour, "bold")
        lines += [f"  {number} | {visible.rstrip()}", f"  {' ' * len(number)} | {indent}{caret}"]
    lines += [f"  {ansi(label, 'dim')} {text}" for label, text in remarks(finding)]
    lines += [f"  {ansi('also:', 'dim')} {group.also}"] if group.repeats else []
    return "\n".join(lines) + "\n"
