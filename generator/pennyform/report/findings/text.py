"""Findings for people: the place, the sentence, the source line with a caret, why, and the fix."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence

from pennyform.findings import Finding, Severity
from pennyform.report.shared.ansi import Ansi
from pennyform.text import source_line

SourceLine = Callable[[str, int], str | None]
"""Gives the line of a file, counted from 1, or None when it cannot be shown."""

_WIDEST_SOURCE = 100
_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def render(findings: Iterable[Finding], source: SourceLine, ansi: Ansi = Ansi()) -> str:  # noqa: B008
    """All ``findings`` as text, one block each; "" when there are none."""
    return "".join(_block(finding, source, ansi) for finding in findings)


def counted(findings: Sequence[Finding]) -> str:
    """How many there are of each severity: ``2 errors, 1 warning``; ``no findings``."""
    counts = [(sum(finding.severity is severity for finding in findings), severity) for severity in Severity]
    words = [f"{count} {severity}{'' if count == 1 else 's'}" for count, severity in counts if count]
    return ", ".join(words) or "no findings"


def _block(finding: Finding, source: SourceLine, ansi: Ansi) -> str:
    severity = ansi(finding.severity, _COLOURS[finding.severity], "bold")
    place = f"{finding.place}: " if finding.place else ""
    lines = [f"{place}{severity} {finding.rule}: {finding.summary}"]
    line = source(finding.file, finding.line) if finding.line else None
    if line is not None:
        lines += _pointed_at(line, finding, ansi)
    lines += [f"  {ansi(label, 'dim')} {text}" for label, text in _remarks(finding)]
    return "\n".join(lines) + "\n"


def _remarks(finding: Finding) -> list[tuple[str, str]]:
    return [(label, text) for label, text in (("why:", finding.detail), ("fix:", finding.fix)) if text]


def _pointed_at(line: str, finding: Finding, ansi: Ansi) -> list[str]:
    before, shown = _window(line, finding.column)
    number = str(finding.line)
    caret = ansi("^", _COLOURS[finding.severity], "bold")
    return [f"  {number} | {shown}", f"  {' ' * len(number)} | {_blank(before)}{caret}"]


def _window(line: str, column: int) -> tuple[str, str]:
    """What stands before the caret and the part of a long line around it, without invisible characters."""
    visible = source_line(line)
    start = 0 if column <= _WIDEST_SOURCE // 2 else column - _WIDEST_SOURCE // 2
    return visible[start : column - 1], visible[start : start + _WIDEST_SOURCE].rstrip()


def _blank(text: str) -> str:
    """As much space as ``text`` takes up, so that a caret behind it stands in the right place."""
    wide = "WF"
    return "".join(
        "\t" if one == "\t" else "  " if unicodedata.east_asian_width(one) in wide else " " for one in text
    )
